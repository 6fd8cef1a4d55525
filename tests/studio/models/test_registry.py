"""The list of models: what becomes one, what is known again, what a person set, what may be deleted."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import BaseModelType, ModelType
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.scan import examine
from invoke_tui.studio.models.starter import STARTER_KEY
from tests.studio.models.test_scan import lora, write


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    prepare(tmp_path / "studio.db")
    opened = Database(tmp_path / "studio.db")
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def models(database: Database, tmp_path: Path) -> Models:
    (tmp_path / "models").mkdir()
    made = Models(database, tmp_path / "models")
    await made.refresh()
    return made


async def test_single_files_in_the_models_folder_are_models(models: Models, tmp_path: Path) -> None:
    lora(tmp_path / "models" / "style.safetensors", ss_output_name="Fine Style")
    write(tmp_path / "models" / "odd.safetensors", {"some.thing": (2, 2)})
    (tmp_path / "models" / "page.ckpt").write_text("<html>log in</html>")
    assert await models.refresh()
    assert not await models.refresh()
    record = await models.find("fine style", ModelType.LORA)
    assert (record.type, record.base, record.dialect, record.in_place) == ("lora", "sd-1", "kohya", False)
    assert record.fingerprint.startswith("sampled:")
    assert [m.name for m in models.all()] == ["starter", "Fine Style"]


async def test_a_model_is_never_in_the_list_twice(models: Models, tmp_path: Path) -> None:
    path = lora(tmp_path / "loras" / "one.safetensors", note="one")
    first = await models.add(examine(path), source="here", overrides={"description": "Mine."})
    again = await models.add(examine(path))
    shutil.copy(path, tmp_path / "copy.safetensors")
    copy = await models.add(examine(tmp_path / "copy.safetensors"))
    assert first.key == again.key == copy.key
    assert copy.path == str(path)
    assert again.description == "Mine."
    assert len(models.all()) == 2


async def test_a_moved_model_is_found_again_by_its_content(models: Models, tmp_path: Path) -> None:
    path = lora(tmp_path / "models" / "one.safetensors", note="one")
    await models.refresh()
    key = models.at(str(path)).key  # type: ignore[union-attr]
    await models.edit(key, {"name": "Mine", "default_settings": {"weight": 0.6}})
    path.rename(tmp_path / "away.safetensors")
    await models.refresh()
    gone = models.by_key(key)
    assert gone is not None
    assert (gone.missing, gone.name) == (True, "Mine")
    with pytest.raises(NotFoundError):
        models.require(key)
    (tmp_path / "models" / "deep").mkdir()
    (tmp_path / "away.safetensors").rename(tmp_path / "models" / "deep" / "other name.safetensors")
    await models.refresh()
    back = models.require(key)
    assert (back.name, back.default_settings.weight, back.missing) == ("Mine", 0.6, False)
    assert back.path.endswith("other name.safetensors")
    other = lora(path, note="another one")
    await models.refresh()
    assert models.at(str(other)).key != key  # type: ignore[union-attr]
    assert models.by_key(key) == back


async def test_what_a_person_set_survives_a_changed_file_and_a_restart(
    models: Models, database: Database, tmp_path: Path
) -> None:
    path = lora(tmp_path / "models" / "one.safetensors", note="one")
    await models.refresh()
    key = models.at(str(path)).key  # type: ignore[union-attr]
    record = await models.edit(key, {"type": "vae", "base": "sdxl", "trigger_phrases": ["a", " ", "a", "b "]})
    assert (record.type, record.base, record.trigger_phrases) == ("vae", "sdxl", ("a", "b"))
    lora(path, note="another content", ss_output_name="Renamed")
    reopened = Models(database, tmp_path / "models")
    assert await reopened.refresh()
    after = reopened.require(key)
    assert (after.type, after.base, after.name) == ("vae", "sdxl", "Renamed")
    assert after.fingerprint != record.fingerprint
    assert after.hash == after.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/etc/passwd"},
        {"key": "x"},
        {"type": "nonsense"},
        {"name": "  "},
        {"default_settings": {"steps": -1}},
        {"default_settings": {"no such": 1}},
    ],
)
async def test_edits_that_are_refused_change_nothing(models: Models, changes: dict[str, object]) -> None:
    before = models.all()
    with pytest.raises(BadInputError):
        await models.edit(STARTER_KEY, changes)
    assert models.all() == before


async def test_a_setting_is_taken_back_with_none(models: Models) -> None:
    record = await models.edit(STARTER_KEY, {"default_settings": {"steps": None, "cpu_only": True}})
    assert record.default_settings.steps is None
    assert record.default_settings.cpu_only is True
    assert record.default_settings.width == 128
    await models.refresh()
    assert models.require(STARTER_KEY).default_settings == record.default_settings


async def test_files_are_deleted_only_where_they_are_ours(models: Models, tmp_path: Path) -> None:
    inside = lora(tmp_path / "models" / "deep" / "one.safetensors", note="1")
    kept = lora(tmp_path / "models" / "two.safetensors", note="2")
    outside = lora(tmp_path / "loras" / "three.safetensors", note="3")
    await models.refresh()
    added = await models.add(examine(outside))
    with pytest.raises(BadInputError) as refused:
        await models.remove(added.key, delete_files=True)
    assert refused.value.code == "not_ours"
    await models.remove(added.key, delete_files=False)
    await models.remove(models.at(str(inside)).key, delete_files=True)  # type: ignore[union-attr]
    await models.remove(models.at(str(kept)).key, delete_files=False)  # type: ignore[union-attr]
    assert not inside.parent.exists()
    assert kept.exists()
    assert outside.exists()
    await models.refresh()
    assert [model.name for model in models.all()] == ["starter"], "what was taken off the list stays off it"
    await models.add(examine(kept))
    assert len(models.all()) == 2
    with pytest.raises(BadInputError):
        await models.remove(STARTER_KEY, delete_files=True)


async def test_the_unknown_needs_a_type_and_the_unreadable_is_refused(models: Models, tmp_path: Path) -> None:
    odd = write(tmp_path / "odd.safetensors", {"some.thing": (2, 2)})
    with pytest.raises(BadInputError, match="could not be told"):
        await models.add(examine(odd))
    said = {"type": "lora", "base": "flux", "format": "lycoris"}
    assert (await models.add(examine(odd), overrides=said)).type == "lora"
    (tmp_path / "page.pt").write_text("<html>")
    with pytest.raises(BadInputError, match="web page"):
        await models.add(examine(tmp_path / "page.pt"), overrides=said)


async def test_picking_a_part_for_a_family(models: Models, tmp_path: Path) -> None:
    for name, variant in (("b clip", "large"), ("a clip", "gigantic")):
        path = lora(tmp_path / f"{name}.safetensors", note=name)
        said = {"type": "clip_embed", "base": "any", "variant": variant}
        await models.add(examine(path), overrides={**said, "name": name})
    bases = [BaseModelType.FLUX]
    assert models.pick(ModelType.CLIP_EMBED, bases).name == "a clip"  # type: ignore[union-attr]
    assert models.pick(ModelType.CLIP_EMBED, bases, variant="large").name == "b clip"  # type: ignore[union-attr]
    assert models.pick(ModelType.CLIP_EMBED, bases, "B CLIP").name == "b clip"  # type: ignore[union-attr]
    assert models.pick(ModelType.CLIP_EMBED, bases, "c clip") is None
    assert models.pick(ModelType.T5_ENCODER, bases) is None
    (tmp_path / "a clip.safetensors").unlink()
    await models.mark_missing()
    assert models.pick(ModelType.CLIP_EMBED, bases).name == "b clip"  # type: ignore[union-attr]


async def test_the_preferred_weight_of_a_lora_is_its_default(models: Models, tmp_path: Path) -> None:
    lora(tmp_path / "models" / "one.safetensors", note="1")
    card = {"activation text": "ohwx man", "preferred weight": 0.8}
    (tmp_path / "models" / "one.json").write_text(json.dumps(card))
    await models.refresh()
    record = await models.find("one")
    assert (record.default_settings.weight, record.trigger_phrases) == (0.8, ("ohwx man",))
