"""Picture tools are placed like any component: streamed where they do not fit, gone from the device afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from invoke_tui.engine.memory.plan import GIB
from invoke_tui.engine.vision.pidinet import PiDiNet
from tests.engine.conftest import Recorder
from tests.engine.memory.conftest import MakeBench
from tests.engine.tiny_tools import folder, record
from tests.support.fake_device import METER

pytestmark = pytest.mark.engine


def pidinet(at: Path) -> Path:
    torch.manual_seed(4)
    made = PiDiNet()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.1)
    save_file(made.state_dict(), at / "pidinet.safetensors")
    return at / "pidinet.safetensors"


@pytest.mark.parametrize("kind", ["depth", "segments", "pose", "pidinet"])
def test_one_that_does_not_fit_is_streamed_and_sees_the_same(
    bench: MakeBench, tmp_path: Path, kind: str
) -> None:
    made = record(pidinet(tmp_path) if kind == "pidinet" else folder(kind, tmp_path / kind))
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (24, 32, 3), np.uint8))
    boxes = np.array([[2, 2, 20, 20]]) if kind == "pose" else None
    seen = []
    for limit in (None, 4000 / GIB):
        one = bench(max_cache_vram_gb=limit)
        METER.reset()
        one.engine.use_models({made.key: made})
        seen.append(one.engine.look(image, made.identifier(), boxes, hooks=Recorder()))
        assert bool(one.engine.memory().streamed_bytes) == (limit is not None)
        one.engine.free()
    assert seen[0].size
    assert np.array_equal(seen[0], seen[1])
