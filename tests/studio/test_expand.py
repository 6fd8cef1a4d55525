"""Defaults, seeds and models: what an item is once every choice is made."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from invoke_tui.config.settings import Settings
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.queue import Batch, BatchDatum
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.requests.expand import expand, expand_batch
from tests.studio.harness import plant_model


@pytest_asyncio.fixture
async def models(tmp_path: Path) -> AsyncIterator[Models]:
    prepare(tmp_path / "studio.db")
    database = Database(tmp_path / "studio.db")
    plant_model(tmp_path / "models", "Tiny One")
    plant_model(tmp_path / "models" / "deeper", "two", dimension=1024, prediction="v_prediction")
    own = {
        "default_settings": {
            "steps": 12,
            "cfg_scale": 4,
            "scheduler": "euler_a",
            "width": 320,
            "vae": "absent",
        }
    }
    (plant_model(tmp_path / "models", "opinionated") / "invoke.json").write_text(json.dumps(own))
    found = Models(database, tmp_path / "models", "tiny one")
    await found.refresh()
    yield found
    database.close()


async def test_folders_are_recognised_and_the_default_comes_first(models: Models, tmp_path: Path) -> None:
    first, *rest = [model for model in models.all() if model.name != "starter"]
    assert (first.name, first.base) == ("Tiny One", BaseModelType.SD1)
    two = next(model for model in rest if model.name == "two")
    assert (two.base, two.prediction_type) == (BaseModelType.SD2, "v_prediction")
    assert two.file_size > 0
    assert two.path == str(tmp_path / "models" / "deeper" / "two")
    assert not await models.refresh(), "nothing changed"
    key = first.key
    (tmp_path / "models" / "Tiny One").rename(tmp_path / "away")
    assert await models.refresh()
    gone = models.by_key(key)
    assert gone is not None
    assert gone.missing
    with pytest.raises(NotFoundError) as missing:
        await models.main("tiny one")
    assert missing.value.code == "model_missing"


async def test_the_persons_value_beats_the_models_which_beats_invokeais(models: Models) -> None:
    [plain] = await expand(GenerationRequest(), models, limit=10)
    assert (plain.width, plain.height, plain.steps, plain.cfg_scale, plain.scheduler) == (
        64, 64, 30, 7.5, "dpmpp_3m_k"
    )  # fmt: skip
    [asked] = await expand(GenerationRequest(model="OPINIONATED"), models, limit=10)
    assert (asked.width, asked.height, asked.steps, asked.cfg_scale, asked.scheduler) == (
        320,
        64,
        12,
        4,
        "euler_a",
    )
    assert asked.vae is None, "a VAE the model merely prefers may be absent"
    [own] = await expand(GenerationRequest(model="opinionated", steps=3, height=128), models, limit=10)
    assert (own.steps, own.height, own.width) == (3, 128, 320)
    with pytest.raises(NotFoundError):
        await expand(GenerationRequest(vae="absent"), models, limit=10)


async def test_the_size_follows_from_unet_and_vae(models: Models, tmp_path: Path) -> None:
    folder = plant_model(tmp_path / "models", "coarse")
    (folder / "vae").mkdir()
    (folder / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [32, 64, 64, 64, 64]}))
    [resolved] = await expand(GenerationRequest(model="coarse"), models, limit=10)
    assert (resolved.width, resolved.height) == (128, 128)


async def test_seeds_count_up_and_wrap(models: Models) -> None:
    asked = GenerationRequest(seed=2**32 - 2, count=4)
    assert [r.seed for r in await expand(asked, models, limit=10)] == [2**32 - 2, 2**32 - 1, 0, 1]
    drawn = [r.seed for r in await expand(GenerationRequest(count=3), models, limit=10)]
    assert [(seed - drawn[0]) % 2**32 for seed in drawn] == [0, 1, 2]
    again = await expand(GenerationRequest(), models, limit=10)
    assert (
        again[0].seed != drawn[0] or (await expand(GenerationRequest(), models, limit=10))[0].seed != drawn[0]
    )
    with pytest.raises(BadInputError):
        await expand(GenerationRequest(count=11), models, limit=10)


async def test_unknown_names_name_their_neighbours(models: Models) -> None:
    with pytest.raises(NotFoundError) as unknown:
        await models.main("opinionatd")
    assert "opinionated" in unknown.value.hint


async def test_a_model_put_there_later_is_found(models: Models, tmp_path: Path) -> None:
    plant_model(tmp_path / "models", "late")
    assert (await models.main("late")).name == "late"


def test_a_batch_that_is_too_large_is_refused_before_it_is_made() -> None:
    graph = Graph()
    graph.add("integer", "n", value=1)
    datum = BatchDatum(node_path="n", field_name="value", items=[1, 2, 3])
    settings = Settings(max_queue_size=10)
    items = expand_batch(Batch(graph=graph, data=[[datum]], runs=2), settings)
    values = [Graph.model_validate_json(item.session or "").nodes["n"].fields()["value"] for item in items]
    assert values == [1, 2, 3, 1, 2, 3]
    with pytest.raises(BadInputError) as full:
        expand_batch(Batch(graph=graph, data=[[datum]], runs=10**9), settings)
    assert full.value.code == "queue_full"


async def test_choices_in_regions_are_drawn_anew_for_every_seed(models: Models) -> None:
    request = GenerationRequest(
        positive_prompt="{a meadow|a beach}",
        count=6,
        seed=7,
        regions=[
            {"positive_prompt": "a {red|green|blue} fox", "right": 0.5},
            {"positive_prompt": "a {red|green|blue} fox", "left": 0.5},
            {"positive_prompt": "{|}", "top": 0.5},
            {"positive_prompt": "plain", "negative_prompt": "{fog|rain}"},
        ],
    )
    warnings: list[str] = []
    made = await expand(request, models, limit=100, warnings=warnings)
    assert made == await expand(request, models, limit=100)
    texts = [tuple(region.positive_prompt for region in one.regions) for one in made]
    assert len(made) == 12
    assert all(len(regions) == 3 and "{" not in "".join(regions) for regions in texts)  # one was left empty
    assert len(set(texts[::2])) > 1
    assert texts[::2] == texts[1::2], "both prompts of a round share a seed, and so their regions"
    assert any(left != right for left, right, _ in texts)
    assert {one.regions[-1].negative_prompt for one in made} <= {"fog", "rain"}
    assert warnings == []

    plain = request.model_copy(update={"dynamic_prompts": False})
    assert [region.positive_prompt for region in (await expand(plain, models, limit=9))[0].regions][
        2
    ] == "{|}"
    broken = GenerationRequest(positive_prompt="x", regions=[{"positive_prompt": "a {b|c"}])
    [one] = await expand(broken, models, limit=9, warnings=warnings)
    assert one.regions[0].positive_prompt == "a {b|c"
    assert warnings[0].startswith("Region 1: ")
