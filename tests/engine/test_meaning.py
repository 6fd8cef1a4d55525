"""What a prompt's syntax means, seen in pictures of the starter model. Eight steps, two seeds: it is a small model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from invoke_tui.domain.models.records import (
    BaseModelType,
    ModelDefaults,
    ModelFormat,
    ModelIdentifier,
    ModelRecord,
    ModelType,
)
from invoke_tui.domain.request.texts import CompelText
from invoke_tui.starter.layout import MODEL_DIR
from invoke_tui.starter.train_embedding import TEAL
from tests.engine.conftest import Bench, Recorder, fields_of, record_of

pytestmark = pytest.mark.engine
EMBEDDING = MODEL_DIR.parent / "embeddings" / "teal-star.safetensors"
SEEDS = (100, 101)

Pixels = npt.NDArray[np.float64]
Draw = Callable[..., Pixels]


@pytest.fixture(scope="module")
def draw(bench: Bench) -> Draw:
    """The pictures of a prompt: (seeds, 128, 128, 3)."""
    record = record_of(MODEL_DIR, BaseModelType.SD1, key="starter", default_settings=ModelDefaults())
    word = ModelRecord(
        key="teal-star", hash="", name="teal-star", base=BaseModelType.SD1, type=ModelType.EMBEDDING,
        format=ModelFormat.EMBEDDING_FILE, path=str(EMBEDDING), file_size=EMBEDDING.stat().st_size,
    )  # fmt: skip
    bench.engine.use_models({record.key: record, word.key: word})
    model = record.identifier()
    _, clip, vae = fields_of(model)

    def one(prompt: str, seed: int, changes: dict[str, Any]) -> Pixels:
        hooks = Recorder()
        job = bench.job(
            model,
            positive=bench.engine.encode(CompelText(prompt=prompt, clip=clip, **changes), hooks),
            negative=bench.encode(clip, "", hooks),
            noise=bench.engine.noise(seed=seed, width=128, height=128),
            scheduler="dpmpp_2m",
            steps=8,
            cfg_scale=4.0,
            seed=seed,
        )
        latents = bench.engine.denoise(job, hooks)
        picture = bench.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=hooks)
        return np.asarray(picture, dtype=np.float64)

    return lambda prompt, **changes: np.stack([one(prompt, seed, changes) for seed in SEEDS])


def warmth(pictures: Pixels) -> float:
    """Red minus blue, over all pixels."""
    return float((pictures[..., 0] - pictures[..., 2]).mean())


def middle(pictures: Pixels) -> Pixels:
    """Mean colour of the middle."""
    return pictures[:, 52:76, 52:76].mean(axis=(0, 1, 2))


def test_weights_move_the_colour(draw: Draw) -> None:
    plain, red, blue = (warmth(draw(p)) for p in ("red blue", "red+++ blue---", "red--- blue+++"))
    assert red > plain + 20
    assert red > blue + 40


def test_a_blend_lies_between_its_ends(draw: Draw) -> None:
    one, other = "a red circle on a white background", "a blue circle on a white background"
    red, blue = warmth(draw(one)), warmth(draw(other))
    between = warmth(draw(f'("{one}", "{other}").blend(0.5, 0.5)'))
    assert blue + 3 < between < red - 3


def test_ignored_red_is_not_red(draw: Draw) -> None:
    ignored = draw("a [red] circle")
    assert warmth(draw("a red circle")) > warmth(ignored) + 20


def test_an_embedding_brings_its_picture(draw: Draw) -> None:
    words = (ModelIdentifier(key="teal-star", name="teal-star"),)
    learned = middle(draw("<teal-star> on a white background", embeddings=words))
    text = middle(draw("<teal-star> on a white background"))
    nearest = middle(draw("a cyan star on a white background"))
    assert np.abs(learned - TEAL).max() < 60
    assert np.abs(learned - TEAL).sum() < 0.7 * min(np.abs(other - TEAL).sum() for other in (text, nearest))


def test_a_long_prompt_is_obeyed_to_its_last_words_unless_it_is_cut(draw: Draw, bench: Bench) -> None:
    before = "best quality, sharp, clean, simple, minimal, " * 25
    red, blue = "a red circle on a blue background", "a blue circle on a red background"
    assert warmth(draw(before + red)) > warmth(draw(before + blue)) + 25
    _, clip, _ = fields_of(bench.sd1)
    cut = [
        bench.engine.encode(
            CompelText(prompt=before + end, clip=clip, long_prompts="truncate"), Recorder()
        ).embeds
        for end in (red, blue)
    ]
    assert torch.equal(*cut), "the end was not read"
