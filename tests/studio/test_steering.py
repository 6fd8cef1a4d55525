"""Control and reference pictures of a request: defaults, what the model asks for, and what is said before the run."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from safetensors.numpy import save_file

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.request.controls import ControlRequest, ReferenceRequest
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.starter.assemble import assemble
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.requests.casting import cast_again
from invoke_tui.studio.requests.expand import expand
from tests.studio.harness import plant_model


@pytest_asyncio.fixture
async def models(tmp_path: Path) -> AsyncIterator[Models]:
    """An SD 1 and an SD 2 model, the starter's ControlNet and another that wants depth."""
    prepare(tmp_path / "studio.db")
    database = Database(tmp_path / "studio.db")
    plant_model(tmp_path / "models", "tiny")
    plant_model(tmp_path / "models", "two", dimension=1024)
    assemble("canny", tmp_path / "models" / "edges")
    (tmp_path / "models" / "edges" / "invoke.json").write_text(
        json.dumps({"base": "sd-1", "default_settings": {"preprocessor": "canny_image_processor"}})
    )
    found = Models(database, tmp_path / "models", "tiny")
    await found.refresh()
    yield found
    database.close()


def request(**control: Any) -> GenerationRequest:
    return GenerationRequest(controls=(ControlRequest(**({"model": "edges", "image": "a.png"} | control)),))


async def test_usual_values_and_what_the_model_wants(models: Models) -> None:
    [resolved] = await expand(request(), models, limit=1)
    [control] = resolved.controls
    assert (control.weight, control.begin, control.end, control.preprocessor) == (0.75, 0, 0.75, None)
    record = models.require(control.model)
    assert (record.name, record.type) == ("edges", ModelType.CONTROLNET)
    [resolved] = await expand(request(preprocessor="auto", weight=0.0, end=1.0), models, limit=1)
    assert (resolved.controls[0].preprocessor, resolved.controls[0].weight) == ("canny", 0.0)
    assert resolved.controls[0].union is None
    assert [one.name for one in cast_again(resolved, models).controls] == ["edges"]


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"model": "edgy"}, NotFoundError, "no controlnet model"),
        ({"model": "tiny"}, BadInputError, "is a main model, not a ControlNet or a T2I-Adapter"),
        ({"preprocessor": "hed"}, NotFoundError, "needs HED.*models install hed-edges"),
        ({"preprocessor": "blur"}, BadInputError, "no preprocessor called blur"),
        ({"begin": 0.9, "end": 0.2}, BadInputError, "cannot begin at 0.9 and end at 0.2"),
    ],
)
async def test_one_message_for_what_is_wrong(
    models: Models, given: dict[str, Any], kind: type[StudioError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        await expand(request(**given), models, limit=1)


async def test_another_family_and_another_kind(models: Models) -> None:
    with pytest.raises(BadInputError, match="The ControlNet edges is for sd-1 models, two is sd-2"):
        await expand(request().model_copy(update={"model": "two"}), models, limit=1)
    shown = GenerationRequest(references=(ReferenceRequest(model="edges", image="a.png"),))
    with pytest.raises(BadInputError, match="not an IP-Adapter"):
        await expand(shown, models, limit=1)


async def test_flux_redux_is_found_and_refused_by_family(models: Models, tmp_path: Path) -> None:
    shapes = {
        "redux_up.weight": (6, 2),
        "redux_up.bias": (6,),
        "redux_down.weight": (2, 6),
        "redux_down.bias": (2,),
    }
    save_file(
        {name: np.zeros(shape, np.float32) for name, shape in shapes.items()},
        tmp_path / "models" / "redux.safetensors",
    )
    await models.refresh()
    shown = GenerationRequest(
        references=(ReferenceRequest(model="redux", image="a.png", image_influence="low"),)
    )
    with pytest.raises(BadInputError, match="The FLUX Redux model redux is for flux models, tiny is sd-1"):
        await expand(shown, models, limit=1)
