"""From a checkpoint to a diffusers folder that takes its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.models.records import ModelFormat, ModelRecord
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models.converting import Converting
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.scan import examine
from tests.support.requests import model_record

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny SD 3 as one file."""
    from tests.engine.tiny_families import write_sd3, write_single

    folder = tmp_path_factory.mktemp("sd3")
    return write_single(write_sd3(folder / "folder"), folder / "three.safetensors")


@pytest_asyncio.fixture
async def models(tmp_path: Path) -> AsyncIterator[Models]:
    prepare(tmp_path / "studio.db")
    database = Database(tmp_path / "studio.db")
    found = Models(database, tmp_path / "models")
    await found.refresh()
    yield found
    database.close()


async def parts_of(converting: Converting) -> list[str]:
    async with aclosing(converting.progress()) as told:
        return [said["part"] async for said in told]


async def test_the_folder_takes_the_checkpoints_place(models: Models, checkpoint: Path) -> None:
    record = await models.add(await asyncio.to_thread(examine, checkpoint))
    await models.edit(record.key, {"description": "mine", "default_settings": {"steps": 9}})
    converting = Converting(models.require(record.key), models.folder)
    written = await parts_of(converting)
    assert {"transformer", "vae", "text_encoder", "text_encoder_2", "scheduler"} <= set(written)
    made = await models.replace(record.key, await asyncio.to_thread(examine, converting.folder))
    assert (made.key, made.name, made.format) == (record.key, "three", ModelFormat.DIFFUSERS)
    assert (made.description, made.default_settings.steps, made.in_place) == ("mine", 9, False)
    assert Path(made.path).is_relative_to(models.folder)
    assert checkpoint.is_file(), "a file that is used in place stays"
    assert not await models.refresh(), "and nothing is listed twice"
    with pytest.raises(BadInputError, match="nothing to convert"):
        await parts_of(Converting(made, models.folder))


async def test_leaving_early_leaves_nothing_behind(checkpoint: Path, tmp_path: Path) -> None:
    record = model_record(path=str(checkpoint), format=ModelFormat.CHECKPOINT, base="sd-3", file_size=1)
    record = record.model_copy(update={"submodels": ("transformer", "vae")})
    before = psutil.Process().children()
    task = asyncio.create_task(parts_of(Converting(record, tmp_path / "models")))
    while not (started := [child for child in psutil.Process().children() if child not in before]):
        await asyncio.sleep(0.02)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not any(child.is_running() for child in started)
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("spoil", ["damaged", "in the way", "no room"])
async def test_what_goes_wrong_is_said(
    spoil: str, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "three.safetensors"
    path.write_bytes(checkpoint.read_bytes()[: -100 if spoil == "damaged" else None])
    record: ModelRecord = model_record(path=str(path), format=ModelFormat.CHECKPOINT, base="sd-3")
    record = record.model_copy(update={"submodels": ("transformer", "vae"), "file_size": 2**62})
    if spoil != "no room":
        record = record.model_copy(update={"file_size": 1})
    converting = Converting(record, tmp_path / "models")
    if spoil == "in the way":
        converting.folder.mkdir(parents=True)
    message = {"damaged": "cannot be read", "in the way": "is in the way", "no room": "has .* GB free"}
    with pytest.raises(StudioError, match=message[spoil]):
        await parts_of(converting)
    assert not (converting.folder / "model_index.json").exists()
