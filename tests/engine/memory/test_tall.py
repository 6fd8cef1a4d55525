"""A picture may be as tall as it likes: what is held beside its latents and its bytes is that of one row of tiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from PIL import Image

from invoke_tui.domain.request.tiles import Tiling
from tests.engine.conftest import Recorder, fields_of
from tests.engine.memory.conftest import MakeBench, activations
from tests.support.fake_device import METER

SIDE, TIMES = 12, 3


def test_the_drawing_and_the_vae_stay_within_a_budget(bench: MakeBench) -> None:
    one = bench()
    vae = fields_of(one.sd1)[2]

    def drawn(height: int) -> Any:
        latents = torch.randn(1, 4, height, SIDE, generator=torch.Generator().manual_seed(1))
        tiling = Tiling(width=64, height=64, overlap=16)
        job = one.job(noise=latents, steps=1, tiling=tiling)
        return lambda: one.engine.denoise(job, Recorder())

    def decoded(height: int) -> Any:
        latents = torch.zeros(1, 4, height, SIDE)
        return lambda: one.engine.decode(
            latents, vae, fp32=True, tiled=True, tile_size=64, hooks=Recorder()
        ).close()

    def encoded(height: int) -> Any:
        picture = Image.fromarray(np.zeros((height * 8, SIDE * 8, 3), np.uint8))
        return lambda: one.engine.encode_image(
            picture, vae, fp32=True, tiled=True, tile_size=64, hooks=Recorder()
        )

    for work, copies in ((drawn, 16), (decoded, 4), (encoded, 12)):
        short, tall = (activations(one, work(SIDE * times)) for times in (1, TIMES))
        latents = 4 * 4 * SIDE * SIDE * (TIMES - 1)
        assert tall - short <= copies * latents, (work.__name__, short, tall)
        assert tall < 1.2 * short, (work.__name__, short, tall)
    assert METER.peak < 2**40
