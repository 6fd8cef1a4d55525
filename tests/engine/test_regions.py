"""Prompts in their own parts of the picture: seen in the starter model's colours, and run in every family."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.engine.guides.regions import Side
from invoke_tui.engine.jobs import Region
from invoke_tui.starter.layout import MODEL_DIR
from tests.engine.conftest import Bench, Recorder, fields_of, record_of
from tests.engine.test_families import SIZE, Studio, close

pytestmark = pytest.mark.engine


def half(size: int, *, left: bool) -> Image.Image:
    """White in one half."""
    mask = Image.new("L", (size, size))
    mask.paste(255, (0, 0, size // 2, size) if left else (size // 2, 0, size, size))
    return mask


def test_two_prompts_land_in_their_own_halves(bench: Bench) -> None:
    record = record_of(MODEL_DIR, BaseModelType.SD1, key="starter", default_settings=ModelDefaults())
    bench.engine.use_models({record.key: record})
    model, hooks = record.identifier(), Recorder()
    _, clip, vae = fields_of(model)

    def pixels(*sides: tuple[str, bool], seed: int) -> Any:
        regions = tuple(
            Region(bench.encode(clip, prompt, hooks), half(128, left=left)) for prompt, left in sides
        )
        job = bench.job(
            model,
            positive=regions[0].prompt,
            negative=bench.encode(clip, "", hooks),
            noise=bench.engine.noise(seed=seed, width=128, height=128),
            scheduler="dpmpp_2m",
            steps=8,
            cfg_scale=4.0,
            seed=seed,
            regions=regions,
        )
        latents = bench.engine.denoise(job, hooks)
        picture = bench.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=hooks)
        return np.asarray(picture, dtype=np.float64)

    def warmth(part: Any) -> float:
        return float((part[..., 0] - part[..., 2]).mean())

    red, blue = "a green circle on a red background", "a green circle on a blue background"
    for seed in (100, 101):
        picture = pixels((red, True), (blue, False), seed=seed)
        assert warmth(picture[:, :56]) > 40, "the left half is not red"
        assert warmth(picture[:, 72:]) < -40, "the right half is not blue"


@pytest.mark.parametrize(("name", "cfg_scale"), [("sd2", 5.0), ("sdxl", 5.0), ("flux", 1.0), ("flux", 3.0)])
def test_regions_leave_no_trace(studio: Studio, name: str, cfg_scale: float) -> None:
    record = studio.know(name)
    cat, dog = (
        studio.encode(record, prompt) for prompt in ("a red cat", "a dog, " * (60 if name == "sdxl" else 2))
    )
    how: dict[str, Any] = {"cfg_scale": cfg_scale}
    plain = studio.latents(record, **how)
    parted = (Region(cat, half(SIZE, left=True)), Region(dog, half(SIZE, left=False)))
    drawn = studio.latents(record, **how, regions=parted)
    assert torch.isfinite(drawn).all()
    assert not close(drawn, plain)
    avoided = studio.latents(
        record,
        **how,
        regions=(*parted, Region(cat, negative=True), Region(dog, half(SIZE, left=True), negative=True)),
    )
    assert close(avoided, drawn) == (cfg_scale == 1)
    assert close(studio.latents(record, **how, regions=(Region(cat),)), plain)
    assert torch.equal(studio.latents(record, **how), plain)


def test_both_prompts_at_once_or_one_after_the_other(studio: Studio) -> None:
    from invoke_tui.domain.protocol import EngineSettings
    from invoke_tui.engine.engine import Engine

    record = studio.know("sdxl")
    regions = (
        Region(studio.encode(record, "a red cat"), half(SIZE, left=True)),
        Region(studio.encode(record, "a dog, " * 60), half(SIZE, left=False)),
    )
    job = studio.job(record, regions=regions)
    thrifty = Engine(EngineSettings(device="cpu", sequential_guidance=True), lambda level, message: None)
    thrifty.use_models({record.key: record})
    assert close(thrifty.denoise(job, Recorder()), studio.engine.denoise(job, Recorder()))


def test_models_that_read_one_prompt_say_so(studio: Studio) -> None:
    record = studio.know("sd3")
    region = Region(studio.encode(record, "a red cat"), half(SIZE, left=True))
    with pytest.raises(BadInputError, match="one prompt for the whole picture"):
        studio.latents(record, regions=(region,))


def test_words_and_places_of_a_region_see_only_each_other() -> None:
    left = torch.tensor([[True, False, False]])
    middle = torch.tensor([[False, True, False]])
    side = Side(torch.device("cpu"), (1, 3), [(2, None), (1, left), (1, middle)])
    seen = side.restricted(5)  # one token of padding
    everywhere, first, second, padding = slice(0, 2), 2, 3, 4
    places = {"left": 5, "middle": 6, "rest": 7}
    assert seen[first].nonzero().flatten().tolist() == [first, places["left"]]
    assert seen[places["middle"]].nonzero().flatten().tolist() == [second, places["middle"], places["rest"]]
    assert seen[places["rest"]].nonzero().flatten().tolist() == [0, 1, *places.values()]
    assert seen[everywhere, 5:].tolist() == [[False, False, True]] * 2
    assert seen[padding].nonzero().flatten().tolist() == [padding]
    assert not side.all(5)[:, padding].any()
    heard = side.heard(3, 5)
    assert heard.tolist() == [
        [True, True, True, False, False],
        [True, True, False, True, False],
        [True, True, False, False, False],
    ]
    assert side.heard(2, 5)[0].tolist() == [True, True, True, True, False]  # small parts stay
