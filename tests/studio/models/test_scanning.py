"""Scans as the daemon runs them: files read in other processes, remembered, compared with what is installed."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.models.scan import InstallOrder, ScanEntry, ScanOrder, ScanSummary
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.models import copying
from invoke_tui.studio.models.readers import Reader
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.scans import Scans
from tests.studio.models.test_roots import RECORDED, plant_invokeai
from tests.studio.models.test_scan import lora, write
from tests.support.model_tree import Right, plant


class Place:
    """A database, its models and scans, and a folder to look through."""

    def __init__(self, folder: Path) -> None:
        prepare(folder / "studio.db")
        self.database = Database(folder / "studio.db")
        self.models = Models(self.database, folder / "models")
        self.scans = Scans(self.database, self.models)
        self.tree = folder / "tree"
        self.tree.mkdir()

    async def scan(self, *paths: Path, **order: Any) -> tuple[list[ScanEntry], ScanSummary]:
        given = ScanOrder(paths=tuple(map(str, paths or (self.tree,))), **order)
        scan_id, scan = await self.scans.open(given)
        text = "".join([lines async for lines in scan.lines()])
        await self.scans.close(scan_id)
        return [ScanEntry.model_validate_json(line) for line in text.splitlines()], scan.summary


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    yield made
    made.database.close()


def right(entry: ScanEntry) -> Right:
    return Right(entry.status, entry.type, entry.base) if entry.status == "new" else Right(entry.status)


async def test_every_verdict_is_right_and_a_rescan_reads_nothing(place: Place) -> None:
    expected = plant(place.tree, 240)
    found, summary = await place.scan()
    assert {entry.path: right(entry) for entry in found} == expected
    assert (summary.total, summary.new, summary.unreadable, summary.read) == (240, 228, 12, 240)
    assert not Path("/tmp/invoke-tui-was-run").exists()
    again, quick = await place.scan()
    assert sorted(again, key=lambda e: e.path) == sorted(found, key=lambda e: e.path)
    assert quick.read == 0
    lora(place.tree / "000" / "late.safetensors", note="new")
    (place.tree / "000" / "model 0.safetensors").unlink()
    third, summary = await place.scan()
    assert (summary.total, summary.read) == (240, 1)
    assert any("late" in entry.path for entry in third)


async def test_installed_changed_and_copied_elsewhere(place: Place) -> None:
    one = lora(place.tree / "one.safetensors", note="1")
    two = lora(place.tree / "two.safetensors", note="2")
    found, summary = await place.scan(install="all")
    assert [entry.status for entry in found] == ["installed", "installed"]
    assert summary.added == 2
    key = place.models.at(str(one)).key  # type: ignore[union-attr]
    assert place.models.by_key(key).in_place  # type: ignore[union-attr]
    shutil.copy(one, place.tree / "three.safetensors")
    lora(two, note="2, trained on")
    os.utime(one)
    by_name = {Path(e.path).stem: e for e in (await place.scan())[0]}
    assert {name: e.status for name, e in by_name.items()} == {
        "one": "installed", "two": "changed", "three": "installed",
    }  # fmt: skip
    assert "which lies at" in by_name["three"].reason
    assert by_name["three"].key == key
    assert {e.status for e in (await place.scan(install="all"))[0]} == {"installed"}
    assert {e.status for e in (await place.scan())[0]} == {"installed"}
    assert len(place.models.all()) == 2


async def test_a_missing_model_is_found_again_by_a_scan(place: Place) -> None:
    path = lora(place.tree / "one.safetensors", note="1")
    await place.scan(install="all")
    key = place.models.at(str(path)).key  # type: ignore[union-attr]
    await place.models.edit(key, {"name": "Mine"})
    (place.tree / "deep").mkdir()
    path.rename(place.tree / "deep" / "moved.safetensors")
    [entry], _ = await place.scan()
    assert (entry.status, entry.key) == ("installed", key)
    assert entry.reason.startswith("Found again: Mine")
    record = place.models.require(key)
    assert (record.name, record.path) == ("Mine", entry.path)


async def test_two_at_once_and_one_that_is_canceled(place: Place) -> None:
    expected = plant(place.tree, 160)
    scan_id, begun = await place.scans.open(ScanOrder(paths=(str(place.tree),)))

    async def begin_and_cancel() -> int:
        count = 0
        async for lines in begun.lines():
            count += lines.count("\n")
            place.scans.cancel(scan_id)
        return count

    told, (found, summary) = await asyncio.gather(begin_and_cancel(), place.scan())
    assert {entry.path: right(entry) for entry in found} == expected
    assert begun.summary.canceled
    assert begun.summary.total == told < 160
    assert not summary.canceled
    await place.scans.close(scan_id)
    with pytest.raises(NotFoundError):
        place.scans.cancel(scan_id)


async def test_leaving_a_scan_ends_its_processes(place: Place) -> None:
    plant(place.tree, 80)
    _, begun = await place.scans.open(ScanOrder(paths=(str(place.tree),)))
    async with aclosing(begun.lines()) as lines:
        await anext(lines)
    await asyncio.sleep(0)
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if children.exists():
        names = [Path(f"/proc/{pid}/cmdline").read_text() for pid in children.read_text().split()]
        assert not any("models.reader" in name for name in names)


async def test_a_file_that_ends_its_reader_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(lora(tmp_path / f"{name}.safetensors", note=name)) for name in "abcdefg"]
    started = asyncio.create_subprocess_exec

    async def fragile(*command: str, **options: Any) -> Any:
        program = (
            "import os, invoke_tui.studio.models.reader as r; look = r.examine; "
            "r.examine = lambda p: os._exit(9) if p.stem == 'c' else look(p); r.main()"
        )
        return await started(command[0], "-c", program, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fragile)
    reader = Reader()
    try:
        entries = await reader.read(paths)
    finally:
        await reader.close()
    assert [entry.status for entry in entries] == ["new", "new", "unreadable", *["new"] * 4]
    assert [entry.path for entry in entries] == paths


async def test_copying_is_whole_or_not_at_all(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.models.folder.mkdir()
    await place.models.refresh()
    path = lora(place.tree / "one.safetensors", note="1")
    (place.tree / "one.civitai.info").write_text("{}")
    monkeypatch.setattr(copying, "_RESERVE", 2**62)
    [entry], _ = await place.scan(install="all", copy_files=True)
    assert entry.status == "new"
    assert "GB free" in entry.reason
    assert not any(place.models.folder.iterdir())
    monkeypatch.setattr(copying, "_RESERVE", 0)
    [entry], _ = await place.scan(install="all", copy_files=True)
    record = place.models.require(entry.key)
    assert Path(record.path).parent == place.models.folder / record.key
    assert (record.in_place, record.source) == (False, str(path))
    assert sorted(os.listdir(Path(record.path).parent)) == ["one.civitai.info", "one.safetensors"]
    assert Path(record.path).read_bytes() == path.read_bytes()
    assert path.exists()
    assert not await place.models.refresh()
    assert (await place.scan())[0][0].status == "installed"
    await place.models.remove(record.key, delete_files=True)
    assert not any(place.models.folder.iterdir())


async def test_folders_are_remembered_and_forgotten(place: Place, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        await place.scans.open(ScanOrder())
    lora(place.tree / "one.safetensors", note="1")
    await place.scan()
    [folder] = await place.scans.folders()
    assert (folder.path, folder.kind, folder.summary.new) == (str(place.tree), "folder", 1)
    scan_id, scan = await place.scans.open(ScanOrder())
    assert [lines async for lines in scan.lines()]
    await place.scans.close(scan_id)
    await place.scans.forget(str(place.tree))
    assert await place.scans.folders() == []
    with pytest.raises(NotFoundError):
        await place.scans.forget(str(place.tree))


async def test_a_choice_is_installed_and_said_to_be_something_else(place: Place) -> None:
    paths = [str(lora(place.tree / f"{n}.safetensors", note=str(n))) for n in range(3)]
    odd = str(write(place.tree / "odd.safetensors", {"some.thing": (2, 2)}))
    await place.scan()
    records = await place.scans.install(InstallOrder(paths=tuple(paths[:2])))
    assert [record.path for record in records] == paths[:2]
    with pytest.raises(StudioError):
        await place.scans.install(InstallOrder(paths=(paths[2], odd)))
    assert len(place.models.all()) == 2, "all or none"
    said = {"type": "embedding", "base": "sdxl", "format": "embedding_file"}
    [record] = await place.scans.install(InstallOrder(paths=(odd,), overrides=said))
    assert (record.type, record.base) == ("embedding", "sdxl")


async def test_names_that_are_no_text(place: Place) -> None:
    path = os.fsencode(place.tree) + b"/bad\xff\xfename.safetensors"
    Path(os.fsdecode(path)).write_bytes(b"x" * 20)
    good = lora(place.tree / "fine.safetensors", note="1")
    entries = {entry.status: entry for entry in (await place.scan())[0]}
    assert entries["new"].path == str(good)
    assert "UTF-8" in entries["unreadable"].reason


async def test_an_invokeai_root_brings_its_records(place: Place, tmp_path: Path) -> None:
    there = plant_invokeai(tmp_path / "invokeai")
    found, summary = await place.scan(tmp_path / "invokeai", install="all")
    assert summary.roots[0].kind == "invokeai"
    assert {entry.status for entry in found} == {"installed"}
    embedding = place.models.at(str(there))
    assert embedding is not None
    assert (embedding.name, embedding.type) == ("EasyNegative", "embedding")
    expected = {key for key, _ in RECORDED["models"]}
    records = {model.key: model for model in place.models.all()}
    assert set(records) == expected
    assert {key for key, model in records.items() if model.missing} == expected - {embedding.key}
    canny = records["55555555-5555-4555-8555-555555555555"]
    assert (canny.name, canny.default_settings.preprocessor) == (
        "Hard Edge Detection (canny)", "canny_image_processor",
    )  # fmt: skip
    late = lora(Path(records["11111111-1111-4111-8111-111111111111"].path), note="put back")
    found, _ = await place.scan(tmp_path / "invokeai")
    assert next(e for e in found if e.path == str(late)).status == "installed"
    assert place.models.require("11111111-1111-4111-8111-111111111111").name == "dreamshaper_8"


@pytest.mark.parametrize("key", ["../../out", 'x"},{"y', "", 7, "."])
async def test_a_key_is_no_path(place: Place, key: object) -> None:
    path = str(lora(place.tree / "one.safetensors", note="1"))
    order = InstallOrder(paths=(path,), copy_files=True, overrides={"key": key})
    with pytest.raises(StudioError):
        await place.scans.install(order)
    assert place.models.all() == []
    assert not place.models.folder.exists()


async def test_a_folder_with_links_and_pipes_is_copied_once(place: Place) -> None:
    folder = place.tree / "style"
    lora(folder / "pytorch_lora_weights.safetensors", note="1")
    (folder / "adapter_config.json").write_text("{}")
    (folder / "round").symlink_to(place.tree)
    os.mkfifo(folder / "pipe.bin")
    [entry], _ = await place.scan(install="all", copy_files=True)
    record = place.models.require(entry.key)
    assert (record.type, record.name) == ("lora", "style")
    assert sorted(os.listdir(record.path)) == ["adapter_config.json", "pytorch_lora_weights.safetensors"]
