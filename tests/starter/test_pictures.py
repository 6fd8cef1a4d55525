"""The starter model draws from pictures, measured: how much stays, what is drawn where, and that no seam shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from invoke_tui.domain.request.pictures import Outpaint
from invoke_tui.starter.measure import measure, object_mask, to_lab
from tests.nodes.test_picture_recipes import start
from tests.support.requests import model_record, resolved

pytest.importorskip("torch")
pytestmark = pytest.mark.engine
SIDE = 128
Draw = Callable[..., Image.Image]


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Draws with the starter model; ``begin`` is the picture to start from, in a gallery of three."""
    import torch

    from invoke_tui.domain.protocol import EngineSettings
    from invoke_tui.engine.engine import Engine
    from invoke_tui.nodes.recipes import Cast, build_graph
    from invoke_tui.starter.layout import MODEL_DIR
    from tests.support.in_process import InProcess

    torch.set_num_threads(1)
    engine = Engine(EngineSettings(device="cpu", preview_every=0), lambda level, message: None)
    model, folder = model_record(path=str(MODEL_DIR)), tmp_path_factory.mktemp("gallery")
    run = InProcess(engine, {model.key: model})

    def made(prompt: str, seed: int, *, steps: int = 10, **changes: Any) -> Image.Image:
        request = resolved(
            **{"positive_prompt": prompt, "seed": seed, "steps": steps, "width": SIDE, "height": SIDE}
            | changes
        )
        return run.run(build_graph(request, Cast(model)))

    run.add("photo.png", made("a red circle on a blue background", 1), folder)
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).rectangle((20, 20, 107, 107), fill=255)
    run.add("mask.png", mask, folder)
    made.gallery = run.images  # type: ignore[attr-defined]
    return made


def begin(mode: str = "img2img", **changes: Any) -> Any:
    sizes = {"source_width": SIDE, "source_height": SIDE, "width": SIDE, "height": SIDE}
    return start(mode, **(sizes | changes))


def gallery(draw: Draw, name: str) -> Image.Image:
    with Image.open(Path(draw.gallery[name])) as image:  # type: ignore[attr-defined]
        image.load()
        return image.copy()


def shape_of(picture: Image.Image) -> Any:
    lab = to_lab(np.asarray(picture.convert("RGB")))
    return object_mask(lab, np.median(lab[:4].reshape(-1, 3), axis=0))


def test_less_strength_keeps_more(draw: Draw) -> None:
    photo = np.asarray(gallery(draw, "photo.png"), dtype=float)
    differences = []
    for strength in (0.2, 0.4, 0.6, 0.9):
        drawn = [
            draw("a yellow square on a green background", seed, start=begin(strength=strength), cfg_scale=3.0)
            for seed in (3, 4)
        ]
        differences.append(np.mean([np.abs(np.asarray(one, dtype=float) - photo).mean() for one in drawn]))
    assert differences == sorted(differences), differences
    assert differences[-1] > 2 * differences[0]


def test_a_star_is_painted_in_the_mask_and_nowhere_else(draw: Draw) -> None:
    photo, mask = gallery(draw, "photo.png"), gallery(draw, "mask.png")
    painted = draw("a green star on a blue background", 3, steps=14, start=begin("inpaint", strength=1.0))
    reading = measure(painted)
    assert (reading.colour, reading.shape, reading.background) == ("green", "star", "blue")
    outside = np.asarray(mask) == 0
    assert (np.asarray(painted)[outside] == np.asarray(photo)[outside]).all()


def test_the_background_goes_on_without_a_seam(draw: Draw) -> None:
    wide = draw(
        "a red circle on a blue background",
        3,
        width=192,
        start=begin("outpaint", width=192, outpaint=Outpaint(left=32, right=32)),
    )
    assert (wide.mode, wide.size) == ("RGB", (192, SIDE))
    assert measure(wide).background == "blue"
    pixels = np.asarray(wide, dtype=float)
    jumps = np.abs(np.diff(pixels, axis=1)).mean(axis=(0, 2))
    own = np.abs(np.diff(np.asarray(gallery(draw, "photo.png"), dtype=float), axis=1)).mean(axis=(0, 2))
    assert max(*jumps[28:36], *jumps[156:164]) <= own.max()
    kept = pixels[:, 32 + 24 : 160 - 24] - np.asarray(gallery(draw, "photo.png"), dtype=float)[:, 24:-24]
    assert not kept.any()


def test_what_is_scaled_comes_back_in_its_size(draw: Draw) -> None:
    small = begin("inpaint", width=100, height=77, fit="fill")
    painted = draw("a green star on a blue background", 3, steps=4, start=small)
    assert painted.size == (100, 77)
    assert shape_of(painted).shape == (77, 100)
