"""The shipped LoRA: the larger its weight the whiter the border, and nothing remains when it is taken off."""

from __future__ import annotations

from dataclasses import replace

import pytest

import invoke_tui.starter.assemble as starter
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.starter.measure import border_whiteness
from tests.engine.adapters import made
from tests.engine.conftest import Bench, Recorder, fields_of, record_of

pytestmark = pytest.mark.engine


def test_its_weight_sets_how_white_the_border_is(bench: Bench) -> None:
    main = record_of(starter.STARTER, BaseModelType.SD1, key="starter")
    (file,) = (starter.SHIPPED / "sticker").iterdir()
    lora = record_of(file, BaseModelType.SD1, type=ModelType.LORA, format=ModelFormat.LYCORIS)
    bench.engine.use_models({record.key: record for record in (main, lora)})
    unet, clip, vae = fields_of(main.identifier())
    prompt, nothing = bench.encode(clip, "a green circle on a purple background"), bench.encode(clip, "")

    def whiteness(weight: float | None) -> tuple[float, bytes]:
        loras = [] if weight is None else [made.use(lora, weight)]
        denoiser = unet.model_copy(update={"loras": loras})
        job = bench.job(
            main.identifier(),
            positive=prompt,
            negative=nothing,
            noise=bench.engine.noise(seed=2, width=128, height=128),
            scheduler="dpmpp_2m",
            steps=8,
            cfg_scale=4.0,
        )
        latents = bench.engine.denoise(replace(job, model=denoiser), Recorder())
        picture = bench.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=Recorder())
        return border_whiteness(picture, "green", "purple"), picture.tobytes()

    before = whiteness(None)
    found = [whiteness(weight)[0] for weight in (0.0, 0.35, 0.7, 1.0)]
    assert found == sorted(found), found
    assert found[-1] > 0.6 > 0.25 > found[0], found
    assert whiteness(None) == before
