"""The starter model draws a large picture again: creativity is how much, structure how closely the shapes are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

import invoke_tui
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.domain.request.creative import ResolvedCreative
from invoke_tui.starter.scenes import Background, Scene, Thing
from invoke_tui.starter.scenes import draw as draw_scene
from tests.support.requests import model_record, resolved
from tests.tui.fake_pictures import a_picture

pytest.importorskip("torch")
pytestmark = pytest.mark.engine
SIDE, LARGE = 128, 192
UPSCALER = f"{invoke_tui.__path__[0]}/starter/companions/upscaler/starter-upscaler.safetensors"
Draw = Callable[..., Any]


@pytest.fixture(scope="module")
def change(tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """How far a picture that was drawn again is from the one it was made of, per pixel and colour."""
    import torch

    from invoke_tui.domain.protocol import EngineSettings
    from invoke_tui.engine.engine import Engine
    from invoke_tui.nodes.recipes import Cast
    from invoke_tui.nodes.recipes.creative import creative_graph
    from invoke_tui.starter.assemble import assemble
    from invoke_tui.starter.layout import MODEL_DIR
    from tests.support.in_process import InProcess

    torch.set_num_threads(1)
    engine = Engine(EngineSettings(device="cpu", preview_every=0), lambda level, message: None)
    folder = tmp_path_factory.mktemp("creative")
    model = model_record(path=str(MODEL_DIR))
    canny = model_record(
        key="canny", name="canny", type=ModelType.CONTROLNET, path=str(assemble("canny", folder))
    )
    upscaler = model_record(
        key="up",
        name="up",
        type=ModelType.SPANDREL,
        base=BaseModelType.ANY,
        format=ModelFormat.CHECKPOINT,
        path=UPSCALER,
    )
    run = InProcess(engine, {one.key: one for one in (model, canny, upscaler)})
    small = draw_scene(Scene((Thing("star", "yellow"),), Background("plain", "blue")), 3, SIDE)
    run.add("star.png", small, folder)
    wanted = np.asarray(small.resize((LARGE, LARGE), Image.Resampling.LANCZOS), dtype=float)

    def changed(creativity: float, structure: float | None = None) -> float:
        request = resolved(
            positive_prompt="a yellow star on a blue background",
            seed=5,
            steps=6,
            cfg_scale=2.0,
            scheduler="dpmpp_2m",
            width=SIDE,
            height=SIDE,
        )
        creative = ResolvedCreative(
            scale=LARGE / SIDE,
            upscaler_tile_size=512,
            creativity=creativity,
            structure=structure or 0,
            tile_size=SIDE,
            tile_overlap=32,
            preprocessor="canny",
        )
        controls = () if structure is None else (canny,)
        cast = Cast(model, upscaler=upscaler, controls=controls)
        picture = run.run(creative_graph(request, creative, cast, a_picture("star.png", SIDE, SIDE)))
        assert picture.size == (LARGE, LARGE)
        return float(np.abs(np.asarray(picture.convert("RGB"), dtype=float) - wanted).mean())

    return changed


def test_creativity_is_how_much_is_drawn_anew(change: Draw) -> None:
    changes = [change(creativity) for creativity in (-10, -3, 2, 9)]
    assert changes == sorted(changes)
    assert changes[0] < 4 < 12 < changes[-1], changes


def test_structure_is_how_closely_the_shapes_are_kept(change: Draw) -> None:
    changes = [change(8, structure) for structure in (-10, 10)]
    assert changes[0] > 1.5 * changes[-1], changes
