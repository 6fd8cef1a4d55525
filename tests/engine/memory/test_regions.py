"""Regions where the UNet streams: the picture is the same, and the UNet too, afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image

from invoke_tui.engine.jobs import Region
from tests.engine.conftest import Bench, Recorder, fields_of
from tests.engine.memory.conftest import MakeBench

GIB = 2**30
pytestmark = pytest.mark.engine


def drawn(bench: Bench, *, parted: bool) -> torch.Tensor:
    hooks, clip = Recorder(), fields_of(bench.sd1)[1]
    left = Image.new("L", (64, 64))
    left.paste(255, (0, 0, 32, 64))
    changes: dict[str, Any] = {}
    if parted:
        prompts = [bench.encode(clip, text, hooks) for text in ("a fox", "a very long tale, " * 40)]
        changes["regions"] = (Region(prompts[0]), Region(prompts[1], left))
    latents: torch.Tensor = bench.engine.denoise(bench.job(**changes), hooks)
    return latents.cpu()


def test_regions_where_the_unet_streams(bench: MakeBench) -> None:
    roomy = bench()
    plain, parted = (drawn(roomy, parted=parted) for parted in (False, True))
    tight = bench(
        max_cache_vram_gb=0.4 * max(one.resident_bytes for one in roomy.engine.memory().components) / GIB
    )
    assert torch.equal(drawn(tight, parted=True), parted)
    assert torch.equal(drawn(tight, parted=False), plain)
    assert tight.engine.memory().streamed_bytes > 0
    assert not torch.equal(parted, plain)
