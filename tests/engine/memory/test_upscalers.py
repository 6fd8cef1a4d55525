"""Upscalers are placed like any component: streamed where they do not fit, gone from the device afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invoke_tui.engine.memory.plan import GIB
from tests.engine.conftest import Recorder
from tests.engine.memory.conftest import MakeBench
from tests.engine.tiny_upscalers import network, record, write
from tests.support.fake_device import METER

pytestmark = pytest.mark.engine


def test_one_that_does_not_fit_is_streamed_and_makes_the_same_picture(
    bench: MakeBench, tmp_path: Path
) -> None:
    made = record(write(tmp_path / "compact.safetensors", network("compact").state_dict()))
    image = Image.fromarray(np.random.default_rng(2).integers(0, 256, (12, 16, 3), np.uint8))
    pictures = []
    for limit in (None, 3000 / GIB):
        one = bench(max_cache_vram_gb=limit)
        METER.reset()
        one.engine.use_models({made.key: made})
        pictures.append(one.engine.upscale(image, made.identifier(), tile_size=0, hooks=Recorder()).tobytes())
        (part,) = [c for c in one.engine.memory().components if c.part == "upscaler"]
        assert bool(one.engine.memory().streamed_bytes) == (limit is not None)
        assert limit is not None or part.resident_bytes == part.total_bytes
        one.engine.free()
    assert pictures[0] == pictures[1]
