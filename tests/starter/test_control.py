"""The starter model follows its ControlNet: shapes stand where the edges are, and nothing stays behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.controls import ResolvedControl
from invoke_tui.starter.measure import object_mask, to_lab
from tests.support.requests import model_record, resolved

pytest.importorskip("torch")
pytestmark = pytest.mark.engine
SIDE = 128
PROMPT = "a red circle on a blue background"
Draw = Callable[..., Image.Image]
PLACES = ((16, 16, 72, 72), (52, 48, 112, 108))


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Draws with the starter model, after a photo in the gallery where there is one."""
    import torch

    from invoke_tui.domain.protocol import EngineSettings
    from invoke_tui.engine.engine import Engine
    from invoke_tui.nodes.recipes import Cast, build_graph
    from invoke_tui.starter.assemble import assemble
    from invoke_tui.starter.layout import MODEL_DIR
    from tests.support.in_process import InProcess

    torch.set_num_threads(1)
    engine = Engine(EngineSettings(device="cpu", preview_every=0), lambda level, message: None)
    folder = tmp_path_factory.mktemp("control")
    model = model_record(path=str(MODEL_DIR))
    canny = model_record(
        key="canny",
        name="canny",
        type=ModelType.CONTROLNET,
        base=BaseModelType.SD1,
        path=str(assemble("canny", folder)),
    )
    run = InProcess(engine, {model.key: model, canny.key: canny})
    for number, place in enumerate(PLACES):
        image = Image.new("RGB", (SIDE, SIDE), "#2040c0")
        ImageDraw.Draw(image).ellipse(place, fill="#d02020")
        run.add(f"photo-{number}.png", image, folder)

    def made(*controls: ResolvedControl, seed: int = 5, **changes: Any) -> Image.Image:
        request = resolved(
            **{"positive_prompt": PROMPT, "seed": seed, "steps": 10, "cfg_scale": 4.0, "controls": controls}
            | {"scheduler": "dpmpp_2m", "width": SIDE, "height": SIDE}
            | changes
        )
        return run.run(build_graph(request, Cast(model, controls=(canny,) * len(controls))))

    return made


def after(number: int, **changes: Any) -> ResolvedControl:
    fields: dict[str, Any] = {
        "model": "canny", "image": f"photo-{number}.png", "weight": 1.0, "begin": 0, "end": 1, "preprocessor": "canny"
    }  # fmt: skip
    return ResolvedControl(**(fields | changes))


def overlap(picture: Image.Image, place: tuple[int, int, int, int]) -> float:
    wanted = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(wanted).ellipse(place, fill=255)
    lab = to_lab(np.asarray(picture.convert("RGB")))
    found, there = object_mask(lab, np.median(lab[:4].reshape(-1, 3), axis=0)), np.asarray(wanted) > 127
    return float((found & there).sum() / max(1, (found | there).sum()))


def test_the_shape_stands_where_the_edges_are(draw: Draw) -> None:
    plain = draw()
    overlaps = [
        overlap(draw(after(number), seed=seed), place)
        for number, place in enumerate(PLACES)
        for seed in (5, 6)
    ]
    by_chance = [overlap(plain, place) for place in PLACES]
    assert np.mean(overlaps) >= 0.7, (overlaps, by_chance)
    assert min(overlaps) > max(by_chance)
    assert draw().tobytes() == plain.tobytes()
    assert draw(after(0, weight=0.0)).tobytes() == plain.tobytes()


def test_where_it_ends_the_prompt_goes_on(draw: Draw) -> None:
    whole, short = draw(after(0)), draw(after(0, end=0.2))
    assert whole.tobytes() != short.tobytes()
    assert overlap(whole, PLACES[0]) >= overlap(short, PLACES[0])
