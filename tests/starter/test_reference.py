"""The starter model follows its reference adapter: the words say what, the picture says in which colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.domain.request.controls import ResolvedReference
from invoke_tui.starter.measure import Reading, measure
from tests.support.requests import model_record, resolved

pytest.importorskip("torch")
pytestmark = pytest.mark.engine
SIDE = 128
Draw = Callable[..., Image.Image]
SHOWN = (("red", "star", "green"), ("yellow", "circle", "purple"))


@pytest.fixture(scope="module")
def draw(tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Draws with the starter model, beside a picture of the gallery where one is named."""
    import torch

    from invoke_tui.domain.protocol import EngineSettings
    from invoke_tui.engine.engine import Engine
    from invoke_tui.nodes.recipes import Cast, build_graph
    from invoke_tui.starter import scenes
    from invoke_tui.starter.assemble import assemble
    from invoke_tui.starter.layout import MODEL_DIR
    from tests.support.in_process import InProcess

    torch.set_num_threads(1)
    engine = Engine(EngineSettings(device="cpu", preview_every=0), lambda level, message: None)
    folder = tmp_path_factory.mktemp("reference")
    model = model_record(path=str(MODEL_DIR))

    def companion(name: str, type_: ModelType) -> Any:
        path = assemble(name, folder / name)
        return model_record(
            key=name, name=f"starter-{name}", type=type_, base=BaseModelType.SD1, path=str(path)
        )

    adapter = companion("reference", ModelType.IP_ADAPTER)
    encoder = companion("reference-encoder", ModelType.CLIP_VISION)
    run = InProcess(engine, {record.key: record for record in (model, adapter, encoder)})
    for number, (colour, shape, ground) in enumerate(SHOWN):
        thing = scenes.Thing(shape, colour, x=0.4, y=0.6)
        scene = scenes.Scene((thing,), scenes.Background("plain", ground))
        run.add(f"photo-{number}.png", scenes.draw(scene), folder)

    def made(*references: ResolvedReference) -> Image.Image:
        request = resolved(
            positive_prompt="a heart",
            seed=3,
            steps=12,
            cfg_scale=4.0,
            scheduler="dpmpp_2m",
            width=SIDE,
            height=SIDE,
            references=references,
        )
        return run.run(build_graph(request, Cast(model, references=(adapter,) * len(references))))

    return made


def like(number: int, **changes: Any) -> ResolvedReference:
    fields: dict[str, Any] = {"model": "reference", "image": f"photo-{number}.png", "weight": 1.0}
    return ResolvedReference(**(fields | changes))


def test_colours_are_the_pictures_and_the_shape_the_words(draw: Draw) -> None:
    plain = draw()
    for number, (colour, _, ground) in enumerate(SHOWN):
        seen: Reading = measure(draw(like(number)))
        assert (seen.colour, seen.shape, seen.background) == (colour, "heart", ground)
    assert draw(like(0, weight=0.0)).tobytes() == plain.tobytes()
    assert draw().tobytes() == plain.tobytes()
