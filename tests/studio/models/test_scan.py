"""Looking for models in a tree as people have it."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import invoke_tui
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.studio.models.scan import examine, scan
from tests.studio.models.made import pair

STARTER = Path(invoke_tui.__file__).parent / "starter" / "model"


def write(path: Path, keys: Mapping[str, Any], metadata: dict[str, str] | None = None) -> Path:
    """A safetensors file with these shapes and a body of holes."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, shape in keys.items():
        size = 2
        for length in shape:
            size *= length
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    return path


def lora(path: Path, **metadata: str) -> Path:
    keys = pair("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 768, 320)
    return write(path, keys, metadata)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "models"
    lora(root / "Lora" / "style.safetensors", ss_output_name="Fine Style")
    lora(root / "Lora" / "deep" / "er" / "[red]x\x1b[31m.safetensors")
    write(root / "Stable-diffusion" / "odd.safetensors", {"some.thing": (2, 2)})
    (root / "Stable-diffusion" / "page.ckpt").write_text("<!DOCTYPE html><html>Please log in</html>")
    (root / "Stable-diffusion" / "notes.txt").write_text("not looked at")
    (root / ".cache").mkdir()
    lora(root / ".cache" / "hidden.safetensors")
    (root / "diffusers").mkdir()
    (root / "diffusers" / "starter").symlink_to(STARTER)
    (root / "diffusers" / "loop").symlink_to(root)
    return root


def by_name(root: Path) -> dict[str, ScanEntry]:
    return {os.path.basename(entry.path): entry for entry in scan(root)}


def test_every_model_once_and_what_is_none_with_its_reason(tree: Path) -> None:
    found = by_name(tree)
    assert len(found) == len(list(scan(tree))) == 5
    style = found["style.safetensors"]
    assert (style.status, style.type, style.base, style.name) == ("new", "lora", "sd-1", "Fine Style")
    assert style.file_size > 0
    starter = found["starter"]
    assert (starter.type, starter.base, starter.format) == ("main", "sd-1", "diffusers")
    assert found["odd.safetensors"].status == "unknown"
    assert found["odd.safetensors"].reason
    page = found["page.ckpt"]
    assert page.status == "unreadable"
    assert "web page" in page.reason


def test_names_from_outside_are_inert(tree: Path) -> None:
    hostile = next(entry for entry in scan(tree) if "red" in entry.path)
    assert hostile.status == "new"
    assert "\x1b" not in hostile.name
    assert "\x1b" in hostile.path  # where it lies is said as it is; whoever shows it cleans it


def test_it_comes_as_it_is_found(tree: Path) -> None:
    stream = scan(tree)
    next(stream)
    lora(tree / "zz.safetensors").rename(tree / "Stable-diffusion" / "late.safetensors")
    assert any("late" in entry.path for entry in stream)  # that folder had not been opened yet


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
def test_a_closed_folder_is_told_and_the_rest_goes_on(tree: Path) -> None:
    (tree / "Lora" / "deep").chmod(0)
    try:
        found = by_name(tree)
    finally:
        (tree / "Lora" / "deep").chmod(0o755)
    assert found["deep"].status == "unreadable"
    assert "starter" in found


def test_what_is_not_there_is_an_entry_too(tmp_path: Path) -> None:
    assert examine(tmp_path / "gone.safetensors").status == "unreadable"
    assert [entry.status for entry in scan(tmp_path / "nowhere")] == ["unreadable"]
