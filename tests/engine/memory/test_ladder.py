"""Memory that runs out while a model is placed, at a step and in the decode: what is given up, and the job after."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from invoke_tui.engine.errors import OutOfMemoryError
from tests.engine.conftest import Bench, Recorder
from tests.engine.memory.conftest import MakeBench, activations, decode, weights
from tests.support.fake_device import METER

pytestmark = pytest.mark.engine
DENOISE_RUNGS = [
    "the cache emptied",
    "models moved away",
    "half of the model on the device",
    "the model streamed layer by layer",
    "one prompt at a time",
]
DECODE_RUNGS = [*DENOISE_RUNGS[:2], "in tiles", *DENOISE_RUNGS[2:4]]


def told(bench: Bench) -> list[str]:
    """The rungs people saw."""
    return [
        next(rung for rung in {*DENOISE_RUNGS, *DECODE_RUNGS} if rung in message)
        for level, message in bench.log
        if level == "warning" and "Trying again" in message
    ]


def operations(work: Any) -> int:
    """How many the device runs for ``work``."""
    METER.fail()
    work()
    return METER._operations


@pytest.mark.parametrize("failures", [1, 2, 3, 4, 5])
def test_a_model_that_cannot_be_placed_climbs_rung_by_rung(bench: MakeBench, failures: int) -> None:
    one = bench()
    expected = one.engine.denoise(one.job(), Recorder()).cpu()
    job = one.job()
    one.engine.clear_cache()
    one.engine.encode(_text(one, "a dog"), Recorder())  # something that can be moved away
    METER.fail(*range(failures))
    latents = one.engine.denoise(job, Recorder()).cpu()
    assert told(one) == DENOISE_RUNGS[:failures]
    assert one.engine.memory().rungs == failures
    if failures < len(DENOISE_RUNGS):
        assert torch.equal(latents, expected)
    assert torch.allclose(latents, expected, atol=1e-3)
    assert torch.equal(one.engine.denoise(job, Recorder()).cpu(), expected)
    assert one.engine.memory().rungs == failures, "the next job starts at the bottom"


def test_the_last_rung_fails_with_the_figures_and_the_next_job_is_fine(bench: MakeBench) -> None:
    one = bench()
    job = one.job()
    expected = one.engine.denoise(job, Recorder()).cpu()
    half = operations(lambda: one.engine.denoise(job, Recorder())) // 2
    METER.fail(*(half + n for n in range(200_000)))
    with pytest.raises(OutOfMemoryError, match="GiB free") as caught:
        one.engine.denoise(job, Recorder())
    assert caught.value.free > 0
    assert caught.value.hint
    METER.fail()
    assert torch.equal(one.engine.denoise(job, Recorder()).cpu(), expected)


def test_at_a_step_a_smaller_part_of_the_model_makes_room(bench: MakeBench) -> None:
    one = bench()
    job = one.job()
    expected = one.engine.denoise(job, Recorder()).cpu()
    work = activations(one, lambda: one.engine.denoise(job, Recorder()))
    one.engine.clear_cache()
    unet = 812_816
    METER.reset(METER.live + work + unet // 4)
    latents = one.engine.denoise(job, Recorder())
    assert torch.equal(latents.cpu(), expected)
    assert told(one)[-1] in DENOISE_RUNGS[2:4]
    assert METER.peak <= METER.cap
    METER.reset()
    assert torch.equal(one.engine.denoise(job, Recorder()).cpu(), expected)
    assert weights(one) == unet


def test_at_the_end_one_prompt_at_a_time(bench: MakeBench) -> None:
    one = bench()
    job = one.job(noise=one.engine.noise(seed=7, width=128, height=128))
    expected = one.engine.denoise(job, Recorder()).cpu()
    both = activations(one, lambda: one.engine.denoise(job, Recorder()))
    one.engine.clear_cache()
    METER.reset(METER.live + int(both * 0.8))
    latents = one.engine.denoise(job, Recorder())
    assert torch.allclose(latents.cpu(), expected, atol=1e-3)
    assert told(one) == [rung for rung in DENOISE_RUNGS if rung != "models moved away"]


def test_in_the_decode(bench: MakeBench) -> None:
    one = bench()
    latents = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(2))
    whole = decode(one, latents)
    work = activations(one, lambda: decode(one, latents))
    one.engine.encode(_text(one, "a dog"), Recorder())
    METER.reset(METER.live + work // 2)
    tiled = decode(one, latents)
    assert told(one) == ["the cache emptied", "in tiles"], "the estimate had moved the others away before"
    assert len(tiled) == len(whole)
    assert METER.peak <= METER.cap
    METER.reset()
    assert decode(one, latents) == whole


def test_at_the_prompt(bench: MakeBench) -> None:
    one = bench()
    expected = one.engine.encode(_text(one, "a red cat"), Recorder()).embeds.cpu()
    other = bench()
    METER.fail(100)
    assert torch.equal(other.engine.encode(_text(other, "a red cat"), Recorder()).embeds.cpu(), expected)
    assert told(other) == ["the cache emptied"]


def _text(bench: Bench, prompt: str) -> Any:
    from invoke_tui.domain.request.texts import CompelText
    from tests.engine.conftest import fields_of

    return CompelText(prompt=prompt, clip=fields_of(bench.sd1)[1])
