"""Every scheduler draws the picture that the starter model is asked for; Karras' steps are test_schedulers'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL.Image import Image

import invoke_tui
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults
from invoke_tui.domain.schedulers import SCHEDULER_NAMES
from invoke_tui.starter.measure import colour_shares
from tests.engine.conftest import Bench, Recorder, fields_of, record_of

pytestmark = pytest.mark.engine
FOLDER = Path(invoke_tui.__file__).parent / "starter" / "model"
STEPS = {"ddpm": 20, "lcm": 5, "tcd": 5, "kdpm_2_a": 20}
"""Steps of schedulers that need more or fewer than the others; ancestral noise is coarse with few."""
SEED = 3
PROMPT = "a red circle on a blue background"

Draw = Callable[..., tuple[Image, Recorder]]


@pytest.fixture(scope="module")
def draw(bench: Bench) -> Draw:
    """Draw a prompt, if not told otherwise the one with the red circle, with a scheduler."""
    record = record_of(FOLDER, BaseModelType.SD1, key="starter", default_settings=ModelDefaults())
    bench.engine.use_models({record.key: record})
    model = record.identifier()
    _, clip, vae = fields_of(model)

    def with_scheduler(
        scheduler: str, prompt: str = PROMPT, negative_prompt: str = "", *, seed: int = SEED, steps: int = 10
    ) -> tuple[Image, Recorder]:
        hooks = Recorder()
        positive = bench.encode(clip, prompt, hooks)
        negative = bench.encode(clip, negative_prompt, hooks)
        steps = STEPS.get(scheduler, steps)
        job = bench.job(
            model,
            positive=positive,
            negative=negative,
            noise=bench.engine.noise(seed=seed, width=128, height=128),
            scheduler=scheduler,
            steps=steps,
            cfg_scale=1.5 if scheduler in ("lcm", "tcd") else 4.0,
            seed=seed,
        )
        latents = bench.engine.denoise(job, hooks)
        return bench.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=hooks), hooks

    return with_scheduler


def means(picture: Image) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean colours (r, g, b) of the picture's middle and of its four corners."""
    pixels = np.asarray(picture, dtype=np.float64)
    side = len(pixels)
    a, b, edge = side * 7 // 16, side * 9 // 16, side // 8
    corners = np.stack(
        [pixels[y, x] for y in (slice(edge), slice(-edge, None)) for x in (slice(edge), slice(-edge, None))]
    )
    return pixels[a:b, a:b].mean(axis=(0, 1)), corners.mean(axis=(0, 1, 2))


def shows_a_red_circle_on_blue(picture: Image) -> bool:
    """Whether the middle is red and the corners are blue, by a clear margin."""
    middle, corners = means(picture)
    return bool(middle[0] > 60 + middle[1:].max() and corners[2] > 60 + corners[:2].max())


@pytest.mark.parametrize("scheduler", [name for name in SCHEDULER_NAMES if not name.endswith("_k")])
def test_every_scheduler_draws_the_picture(draw: Draw, scheduler: str) -> None:
    picture, _ = draw(scheduler)
    assert picture.size == (128, 128)
    assert shows_a_red_circle_on_blue(picture), [colour.round() for colour in means(picture)]


def test_the_preview_is_the_picture_in_small(draw: Draw) -> None:
    picture, hooks = draw("euler")
    preview, step, total, width, height = hooks.previews[-1]
    assert (step, width, height, preview.size) == (total, 128, 128, (16, 16))
    warm, warm_small = (warmth(image) for image in (picture.resize(preview.size), preview))
    assert np.corrcoef(warm, warm_small)[0, 1] > 0.7


def warmth(image: Image) -> npt.NDArray[np.float64]:
    """Red minus blue of every pixel."""
    pixels = np.asarray(image, dtype=np.float64)
    return (pixels[..., 0] - pixels[..., 2]).ravel()


def shares(draw: Draw, prompt: str, negative_prompt: str = "") -> dict[str, float]:
    """How much of the picture is of each colour, over four seeds."""
    pictures = [
        draw("dpmpp_2m", prompt, negative_prompt, seed=100 + number, steps=8)[0] for number in range(4)
    ]
    each = [colour_shares(picture) for picture in pictures]
    return {colour: sum(one[colour] for one in each) / len(each) for colour in ("red", "blue")}


def test_a_negative_prompt_takes_its_colour_away(draw: Draw) -> None:
    assert shares(draw, "a circle", "blue")["blue"] < 0.75 * shares(draw, "a circle")["blue"]
