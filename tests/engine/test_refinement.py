"""What refines a picture: guidance in a part of the steps, and two passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.domain.request.refinement import FreeU, HighRes
from invoke_tui.domain.request.regions import ResolvedRegion
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.starter.layout import MODEL_DIR
from tests.engine.conftest import Bench, Recorder, fields_of, record_of
from tests.engine.test_families import Studio
from tests.support.in_process import InProcess
from tests.support.requests import resolved

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("name", ["sd1", "sd3", "flux"])
def test_steps_without_guidance_cost_half(studio: Studio, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record = studio.know(name)
    family = studio.engine._store.family(record.identifier())
    predict, rows = family.predict, []

    def counted(model: Any, latents: Any, *more: Any) -> Any:
        rows.append(len(latents))
        return predict(model, latents, *more)

    monkeypatch.setattr(family, "predict", counted)
    studio.latents(record, steps=5, cfg_scale=[1.0, 3.0, 3.0, 1.0, 1.0])
    assert rows == [1, 2, 2, 1, 1]


def test_a_second_pass_keeps_what_the_first_one_drew(bench: Bench) -> None:
    record = record_of(MODEL_DIR, BaseModelType.SD1, key="starter", default_settings=ModelDefaults())
    bench.engine.use_models({record.key: record})
    model, hooks = record.identifier(), Recorder()
    _, clip, vae = fields_of(model)
    prompts = [bench.encode(clip, text, hooks) for text in ("a red circle on a blue background", "")]
    how: dict[str, Any] = {"fp32": True, "tiled": False, "tile_size": 0, "hooks": hooks}

    def drawn(side: int, **begin: Any) -> Image.Image:
        job = bench.job(
            model,
            positive=prompts[0],
            negative=prompts[1],
            noise=bench.engine.noise(seed=3, width=side, height=side),
            scheduler="dpmpp_2m",
            steps=10,
            cfg_scale=4.0,
            seed=3,
            **begin,
        )
        picture: Image.Image = bench.engine.decode(bench.engine.denoise(job, hooks), vae, **how)
        return picture

    small = drawn(128).resize((192, 192), Image.Resampling.BILINEAR)
    again = drawn(192, latents=bench.engine.encode_image(small, vae, **how), denoising_start=0.55)
    assert overlap(again, small) > 0.7  # 0.80 where this was written
    assert overlap(drawn(192), small) < 0.5, "one pass draws the same: this shows nothing"


def overlap(one: Image.Image, other: Image.Image) -> float:
    """Of what is red in both, the share that is red in both at once."""
    reds = [red(picture) for picture in (one, other)]
    return float((reds[0] & reds[1]).sum() / (reds[0] | reds[1]).sum())


def red(picture: Image.Image) -> npt.NDArray[np.bool_]:
    pixels = np.asarray(picture.convert("RGB"), dtype=np.int16)
    return np.asarray(pixels[..., 0] > pixels[..., 2] + 40)


@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "sd3", "flux", "schnell"])
def test_every_family_runs_all_it_can_at_once(studio: Studio, name: str, tmp_path: Path) -> None:
    record = studio.know(name, submodels=["text_encoder_3"] if name == "sd3" else [])
    traits = traits_of(record)
    run = InProcess(studio.engine, {record.key: record})
    run.add("mask.png", Image.new("L", (32, 16), 255), tmp_path)
    regions = (
        ResolvedRegion(positive_prompt="a fox", negative_prompt="a cat", right=0.5, auto_negative=True),
        ResolvedRegion(positive_prompt="a dog", mask_image="mask.png"),
    )
    request = resolved(
        width=128,
        height=64,
        steps=3,
        cfg_scale=3.0,
        cfg_end_step_percent=0.5,
        freeu=FreeU() if traits.freeu else None,
        seamless_x=traits.seamless,
        regions=regions if traits.regions else (),
        highres=HighRes(width=64, height=64, method="bilinear", strength=0.5, steps=2),
        seed_variance_strength=0.2,
    )
    assert run.run(build_graph(request, Cast(record))).size == (128, 64)
    large = HighRes(width=64, height=64, method="latent", strength=0.5, steps=1)
    latent = resolved(width=128, height=64, steps=1, cfg_scale=1, highres=large)
    assert run.run(build_graph(latent, Cast(record))).size == (128, 64)
