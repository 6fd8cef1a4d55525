"""The starter model's companions: what ships is small, is put together without torch, and is what it says it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.starter.assemble import COMPANIONS, SHIPPED, assemble, merged
from invoke_tui.studio.models.scan import examine

KINDS = {
    "sticker": (ModelType.LORA, BaseModelType.SD1, None),
    "inpaint": (ModelType.MAIN, BaseModelType.SD1, "inpaint"),
    "canny": (ModelType.CONTROLNET, BaseModelType.SD1, None),
    "upscaler": (ModelType.SPANDREL, BaseModelType.ANY, None),
    "reference": (ModelType.IP_ADAPTER, BaseModelType.SD1, None),
    "reference-encoder": (ModelType.CLIP_VISION, BaseModelType.ANY, None),
}


@pytest.mark.parametrize("name", sorted(COMPANIONS))
def test_each_is_identified_as_what_it_is(name: str, tmp_path: Path) -> None:
    kind, base, variant = KINDS[name]
    found = examine(assemble(name, tmp_path / name))
    assert (found.status, found.reason) == ("new", "")
    assert (found.type, found.base, found.variant) == (kind, base, variant)


def test_all_together_they_are_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 8_000_000


def test_they_are_put_together_without_torch() -> None:
    code = "import sys; import invoke_tui.starter.__main__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_changes_are_laid_on_weights() -> None:
    weights = {"a.b.weight": np.ones((3, 2), np.float16), "c.weight": np.zeros(2, np.float16)}
    changes = {
        "lora_unet_a_b.lora_down.weight": np.array([[1, 2]], np.float16),
        "lora_unet_a_b.lora_up.weight": np.array([[1], [0], [2]], np.float16),
        "lora_unet_a_b.alpha": np.array(2, np.float16),
        "c.weight": np.ones(4, np.float16),
    }
    made = merged(weights, changes)
    assert made["a.b.weight"].tolist() == [[3, 5], [1, 1], [5, 9]]
    assert made["c.weight"].tolist() == [1, 1, 1, 1]
    assert weights["a.b.weight"].tolist() == [[1, 1]] * 3
