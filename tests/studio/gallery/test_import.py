"""Pictures that lie elsewhere: what comes in, what it brings along, and what never happens to where they lie."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from invoke_tui.config.paths import locate
from invoke_tui.domain.gallery.images import Listing
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder, ImportStatus
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.database import DatabaseError
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.gallery.importing.looking import file_texts
from invoke_tui.studio.gallery.importing.service import Imports
from invoke_tui.studio.gallery.recovery import recover
from invoke_tui.studio.hub import Hub
from tests.prompt.test_extract import COMFYUI, INFOTEXT
from tests.studio.gallery.bringing import Bringing, chunks, draw, exif, plant_root, trace
from tests.studio.harness import StudioHarness, wait_gone

VECTORS = Path(os.environ.get("INVOKE_TUI_VECTORS", "/nonexistent"))


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncIterator[Bringing]:
    paths = locate(tmp_path / "root")
    paths.prepare()
    prepare(paths.database)
    database = Database(paths.database)
    made = Bringing(database, paths)
    yield made
    await made.imports.close()
    database.close()


async def test_a_folder_with_its_folders_as_boards(here: Bringing, tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    os.utime(draw(folder / "sea.png", 1), (1e9, 1e9))
    draw(folder / "day 1" / "hill.jpg", 2, **exif(0x0112, 6))
    draw(folder / "day 1" / "again.png", 1)
    draw(folder / "day 1" / "evening" / "moon.webp", 3)
    draw(folder / "day 1" / "evening" / "scan.tif", 4)
    (folder / "notes.txt").write_text("no picture")
    (folder / "broken.png").write_bytes(draw(tmp_path / "x.png").read_bytes()[:60])
    (folder / "link.png").symlink_to(folder / "sea.png")
    os.mkfifo(folder / "pipe.png")
    draw(folder / "thumbnails" / "sea.webp")

    job = await here.bring(folder, boards_from_folders=True)
    assert (job.kind, job.total, job.added, job.known, job.skipped, job.boards) == ("folder", 7, 4, 1, 2, 3)
    assert job.assets == 4, "none of them says what made it"
    assert [(Path(one.path).name, one.reason.split(".")[0]) for one in job.told] == [
        ("broken.png", "The PNG is cut off after 60 bytes"),
        ("link.png", "is a link; take what it points to"),
    ]
    boards = {one.board_id: one for one in (await here.gallery.boards.all()).boards}
    found = await here.pictures()
    assert [(Path(one.path).suffix, one.width, boards[one.board_id or ""].board_name) for one in found] == [
        (".jpg", 10, "day 1"), (".webp", 20, "evening"), (".png", 20, "evening"), (".png", 20, "holiday")
    ]  # fmt: skip
    assert found[3].created_at.timestamp() == 1e9
    parents = {one.board_name: one.parent_id and boards[one.parent_id].board_name for one in boards.values()}
    assert parents == {"holiday": None, "day 1": "holiday", "evening": "day 1"}
    for one in found:
        assert one.image_category == "user"
        assert (await here.gallery.thumbnail(one.image_name))[8:12] == b"WEBP"
        assert one.path.startswith(str(here.paths.images_dir))

    again = await here.bring(folder, boards_from_folders=True)
    assert (again.added, again.known, again.boards) == (0, 5, 0)
    draw(folder / "day 2" / "new.png", 9)
    more = await here.bring(folder, board="Holiday", boards_from_folders=True)
    assert (more.added, more.known, more.boards) == (1, 5, 1)
    single = await here.bring(draw(tmp_path / "one.png", 30), board="Fresh")
    assert (single.kind, single.added, single.boards) == ("file", 1, 1)
    fresh = await here.gallery.boards.find("Fresh")
    assert (fresh.asset_count, fresh.image_count) == (1, 0)


async def test_in_place_nothing_is_written_and_what_moved_is_found_again(
    here: Bringing, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    for number, name in enumerate(("a.png", "b.JPEG", "c.webp", "d.bmp")):
        draw(folder / name, number)
    before = trace(folder)
    job = await here.bring(folder, in_place=True, board="none")
    assert (job.added, job.skipped) == (4, 0)
    paths = {Path(one.path).name: Path(one.path).parent for one in await here.pictures()}
    assert [paths.pop(name) for name in ("a.png", "b.JPEG", "c.webp")] == [folder] * 3
    assert list(paths.values()) == [here.paths.images_dir]  # no format of the gallery: it is a copy, as PNG
    assert (await here.bring(folder)).known == 4
    names = [one.image_name for one in await here.pictures()]
    await here.gallery.trash.put(names)
    in_trash = await here.bring(folder)
    assert (in_trash.known, len(in_trash.told)) == (4, 4)
    await here.gallery.trash.purge()
    assert trace(folder) == before
    assert (await here.bring(folder, in_place=True)).added == 4
    moved = folder.rename(tmp_path / "elsewhere")
    found_again = await here.bring(moved, in_place=True)
    assert (found_again.added, found_again.known, len(await here.pictures())) == (3, 1, 4)
    assert {Path(one.path).parent for one in await here.pictures()} == {moved, here.paths.images_dir}


@pytest.mark.parametrize("in_use", [False, True])
async def test_an_invokeai_root(here: Bringing, tmp_path: Path, in_use: bool) -> None:
    root = plant_root(tmp_path / "invokeai")
    with closing(sqlite3.connect(root / "databases" / "invokeai.db")) as other:
        if in_use:  # what another process wrote last is in its log only
            other.execute("PRAGMA journal_mode=WAL")
            other.execute("UPDATE boards SET cover_image_name = 'half.png' WHERE board_id = 'b-2'")
            other.commit()
        before = trace(root)
        job = await here.bring(root)
        assert trace(root) == before
    assert (job.kind, job.total, job.added, job.skipped, job.boards) == ("invokeai", 6, 3, 3, 2)
    assert {Path(one.path).name for one in job.told} == {"gone.png", "secret.png"}
    boards = {one.board_id: one for one in (await here.gallery.boards.all()).boards}
    assert (boards["b-1"].board_name, boards["b-1"].cover_image_name) == ("Animals", "fox.png")
    assert boards["b-2"].board_name == "Empty [red]"
    assert boards["b-2"].cover_image_name == ("half.png" if in_use else None)
    fox, owl = await here.pictures()
    assert (fox.image_name, fox.starred, fox.board_id) == ("fox.png", True, "b-1")
    assert f"{fox.created_at:%Y-%m-%d %H:%M:%S.%f}" == "2024-02-03 04:05:06.789000"
    assert fox.metadata == {"positive_prompt": "a fox", "seed": None, "model": {"model_name": "m"}}
    assert (owl.image_origin, owl.image_category, owl.board_id, owl.metadata) == (
        "external",
        "other",
        None,
        None,
    )
    half = await here.gallery.record("half.png")
    assert (half.is_intermediate, half.image_category) == (True, "control")
    again = await here.bring(root, in_place=True)
    assert (again.added, again.known, again.boards, len(await here.pictures())) == (0, 3, 0, 2)

    draw(root / "outputs" / "images" / "fox.png", 77, compress_level=0)  # another picture under the same name
    changed = await here.bring(root)
    assert (changed.added, changed.known) == (1, 2)
    assert {one.file_size for one in await here.pictures(board_id="b-1")} == {
        fox.file_size,
        (root / "outputs" / "images" / "fox.png").stat().st_size,
    }


async def test_no_file_is_written_over_that_has_the_place_of_a_name(here: Bringing, tmp_path: Path) -> None:
    mine = draw(here.paths.images_dir / "fox.png", 200).read_bytes()
    job = await here.bring(plant_root(tmp_path / "invokeai"))
    assert job.error is None
    assert (here.paths.images_dir / "fox.png").read_bytes() == mine
    (fox,) = await here.pictures(query="fox")
    assert (
        Path(fox.path).read_bytes() == (tmp_path / "invokeai" / "outputs" / "images" / "fox.png").read_bytes()
    )
    assert (await here.bring(tmp_path / "invokeai")).added == 0


async def test_a_studio_that_lives_in_an_invokeai_root(here: Bringing) -> None:
    plant_root(here.paths.database.parent.parent)
    pictures = here.paths.images_dir
    draw(pictures / "fox.png", 50, **chunks(invokeai_metadata='{"seed": 1}'))
    with closing(sqlite3.connect(here.paths.database.parent / "invokeai.db")) as connection:
        connection.execute("ALTER TABLE images ADD COLUMN session_id TEXT DEFAULT 's-1'")
    await recover(here.database, here.paths)
    [found] = await here.pictures()
    assert (found.image_name, found.board_id, found.starred) == ("fox.png", None, False)
    before = trace(pictures)
    for added in (2, 0):
        job = await here.bring(here.paths.database.parent.parent)
        assert (job.kind, job.added, trace(pictures)) == ("invokeai", added, before)
    assert await here.gallery.beginning("fo") == ["fox.png"]
    assert await here.gallery.beginning("ox") == []
    fox = await here.gallery.record("fox.png")
    assert (fox.board_id, fox.starred, fox.session_id, f"{fox.created_at:%Y}") == ("b-1", True, "s-1", "2024")
    await recover(here.database, here.paths)
    assert len(await here.pictures()) == 2


@pytest.mark.skipif(not VECTORS.is_dir(), reason="InvokeAI's recorded root is not here")
@pytest.mark.parametrize("in_place", [False, True])
async def test_the_recorded_root_is_all_there(here: Bringing, in_place: bool) -> None:
    root = VECTORS / "invokeai_root"
    expected = json.loads((root / "EXPECTED.json").read_text())
    for added in (len(expected["images"]), 0):
        assert (await here.bring(root, in_place=in_place)).added == added
    boards = {one.board_id: one.board_name for one in (await here.gallery.boards.all()).boards}
    assert boards == {one["id"]: one["name"] for one in expected["boards"]}
    for one in expected["images"]:
        record = await here.gallery.record(one["name"])
        assert [record.width, record.height] == one["size"]
        assert boards.get(record.board_id or "") == one["board"]
        assert (record.starred, record.is_intermediate) == (one["starred"], one["intermediate"])
        assert (record.image_category, record.image_origin) == (one["category"], one["origin"])
        assert (record.metadata is not None, record.has_workflow) == (
            one["has_metadata"],
            one["has_workflow"],
        )
        assert Path(record.path).is_relative_to(root) == in_place


async def test_what_programs_wrote_is_found_under_invokeais_keys(here: Bringing, tmp_path: Path) -> None:
    forge = tmp_path / "forge"
    outputs = forge / "outputs"
    (forge / "models" / "Stable-diffusion").mkdir(parents=True)
    draw(forge / "not-an-output.png", 200)
    draw(outputs / "a1111.png", 1, **chunks(parameters=INFOTEXT))
    draw(outputs / "jpeg.jpg", 2, **exif(0x9286, b"UNICODE\0" + INFOTEXT.encode("utf-16-be")))
    draw(outputs / "comfy.webp", 3, **exif(0x0110, "prompt:" + json.dumps(COMFYUI)))
    draw(outputs / "comfy.png", 4, **chunks(prompt=json.dumps(COMFYUI)))
    draw(outputs / "beside.png", 5).with_suffix(".txt").write_text(INFOTEXT)
    draw(outputs / "broken.png", 6, **chunks(invokeai_metadata="{"))
    draw(outputs / "plain.png", 7)
    job = await here.bring(forge)
    assert (job.kind, job.added, job.notes) == ("a1111", 7, (f"The pictures are in {outputs}.",))
    programs = {}
    for word in ("a1111", "comfyui", "invokeai"):
        programs[word] = len(await here.pictures(query=f"program:{word}"))
    assert programs == {"a1111": 3, "comfyui": 2, "invokeai": 1}
    assert len(await here.pictures(view="images")) == 6
    [found] = await here.pictures(query="name:jpeg model:sd_xl_base_1.0 seed:965400086")
    said = found.metadata or {}
    assert said["positive_prompt"] == "masterpiece, (red fox)1.2 <lora:detail:0.8>, snow\nsecond prompt line"
    assert (said["steps"], said["scheduler"], said["clip_skip"]) == (30, "dpmpp_2m_k", 1)
    [raw] = file_texts(Path(found.path)).texts
    assert (raw.keyword, raw.text, raw.length) == ("UserComment", INFOTEXT, len(INFOTEXT))


def png_of(width: int, height: int, *parts: tuple[bytes, bytes]) -> bytes:
    """A PNG that says what it likes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * ((width * 3 + 1) * height if width < 100 else 9)))
    texts = b"".join(chunk(*part) for part in parts)
    return b"\x89PNG\r\n\x1a\n" + head + texts + pixels + chunk(b"IEND", b"")


async def test_hostile_files_are_refused_or_do_nothing(here: Bringing, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    bomb = zlib.compress(bytes(20 * 2**20))
    deep = b"invokeai_metadata\0" + b'{"a":' * 10_000 + b"1" + b"}" * 10_000
    evil = b'parameters\0{"prompt": "\\u001b]0;gone\\u0007x", "resolution": "__import__(\'os\')", "base_model": "m"}'
    nan = (
        b'invokeai_metadata\0{"positive_prompt": "x", "seed": 1e400, "steps": NaN, "n": ' + b"9" * 400 + b"}"
    )
    files = {
        "wide.png": png_of(60_000, 60_000),
        "hollow.png": png_of(9_000, 9_000),
        "empty.png": b"",
        "page.png": b"SIMPLE  =                    T" + b" " * 3000,
        "cut.jpg": draw(tmp_path / "x.jpg").read_bytes()[:-40],
        "packed.png": png_of(4, 4, *[(b"zTXt", b"k%d\0\0" % number + bomb) for number in range(20)]),
        "many.png": png_of(4, 5, *[(b"tEXt", b"k%d\0v" % number) for number in range(10_000)]),
        "deep.png": png_of(4, 6, (b"tEXt", deep)),
        "evil.png": png_of(4, 7, (b"tEXt", evil)),
        "nan.png": png_of(4, 8, (b"tEXt", nan)),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / "\x1b[31mred\x07.png").write_bytes(b"no picture")
    job = await here.bring(folder, board="A\x1b[31m board")
    assert (job.added, job.skipped, job.status) == (4, 7, ImportStatus.COMPLETED)
    told = {Path(one.path).name: one.reason for one in job.told}
    assert told.keys() == {
        "wide.png",
        "hollow.png",
        "empty.png",
        "page.png",
        "cut.jpg",
        "packed.png",
        "red\ufffd.png",
    }
    assert "100 million pixels" in told["wide.png"]
    found = {one.height: one for one in await here.pictures()}
    assert [found[height].metadata for height in (5, 6)] == [None] * 2
    assert (found[7].metadata or {})[
        "positive_prompt"
    ] == "\x1b]0;gone\x07x"  # kept as it is, inert where shown
    assert not any("\x1b" in text.text for text in file_texts(Path(found[7].path)).texts)
    assert found[8].metadata == {"positive_prompt": "x", "n": None}
    assert [one.board_name for one in (await here.gallery.boards.all()).boards] == ["A board"]


async def test_orders_that_cannot_be_say_why_and_canceled_ones_keep_what_they_have(
    here: Bringing, tmp_path: Path
) -> None:
    gone = await here.bring(tmp_path / "nothing")
    assert (gone.status, gone.error and gone.error.code) == (ImportStatus.ERROR, "path_not_found")
    broken = tmp_path / "broken"
    (broken / "databases").mkdir(parents=True)
    (broken / "databases" / "invokeai.db").write_text("no database")
    failed = await here.bring(broken)
    assert (failed.status, failed.error and failed.error.code) == (ImportStatus.ERROR, "bad_root")
    for number in range(80):
        draw(tmp_path / "many" / f"{number}.png", number)
    started = here.imports.start(ImportOrder(path=str(tmp_path / "many")))
    assert here.imports.start(started.order).job_id == started.job_id
    while not (job := here.imports.job(started.job_id)).added:
        assert not job.status.finished
        await asyncio.sleep(0)
    ended = await here.imports.cancel(started.job_id)
    assert ended.status is ImportStatus.CANCELLED
    assert 0 < ended.added == len(await here.pictures()) < 80
    assert (await here.bring(tmp_path / "many")).added == 80 - ended.added


async def test_a_full_disk_ends_an_import_and_the_next_brings_the_rest(
    here: Bringing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, write = tmp_path / "many", here.gallery.lists.write
    for number in range(40):
        draw(folder / f"{number}.png", number)

    async def rows_and_files() -> int:
        files = {path for path in here.paths.images_dir.iterdir() if path.is_file()}
        assert files == {Path(one.path) for one in await here.pictures()}
        return len(files)

    async def no_room_for_rows(work: Any) -> Any:
        if len(await here.pictures()) >= 32:
            raise DatabaseError("The disk is full.", code="disk_full")
        return await write(work)

    monkeypatch.setitem(faults._faults, "during-write", ("full", 5))
    full = await here.bring(folder, board="Many")
    assert (full.error and full.error.code, full.added, await rows_and_files()) == ("disk_full", 0, 0)
    assert full.error is not None
    assert full.error.hint.endswith(f"gallery import {folder} --board Many")
    with monkeypatch.context() as patched:
        patched.setattr(here.gallery.lists, "write", no_room_for_rows)
        full = await here.bring(folder)
    assert (full.error and full.error.code, full.added, await rows_and_files()) == ("disk_full", 32, 32)
    rest = await here.bring(folder)
    assert (rest.error, rest.added, rest.known, await rows_and_files()) == (None, 8, 32, 40)


async def test_an_import_that_the_end_of_the_studio_interrupts_is_known_until_it_is_begun_again(
    here: Bringing, tmp_path: Path
) -> None:
    folder = tmp_path / "many more"
    for number in range(80):
        draw(folder / f"{number}.png", number)
    order = ImportOrder(path=str(folder), in_place=True)

    async def next_studio() -> ImportJob:
        here.imports = Imports(here.database, here.gallery, Hub(), (here.paths.images_dir, "flat"))
        await here.imports.open()
        (job,) = here.imports.jobs()
        return job

    started = here.imports.start(order)
    while not here.imports.job(started.job_id).added:
        await asyncio.sleep(0)
    await here.imports.close()
    known = await next_studio()
    assert (known.status, known.total, known.order) == (ImportStatus.INTERRUPTED, 80, order)
    assert 0 < known.added == len(await here.pictures()) < 80
    assert known.error is not None
    assert known.error.hint.endswith(f"invoke-tui gallery import '{folder}' --in-place")
    again = await here.bring(folder, in_place=True)
    assert (again.added, [job.job_id for job in here.imports.jobs()]) == (80 - known.added, [again.job_id])

    started = here.imports.start(ImportOrder(path=str(folder), board="Other"))
    await here.imports.close()
    assert (await next_studio()).job_id == started.job_id
    assert (await here.imports.cancel(started.job_id)).status is ImportStatus.CANCELLED
    with pytest.raises(ValueError, match="not enough values"):
        await next_studio()


@pytest.mark.parametrize("place", ["after-rename=kill:5", "after-row=kill:1"])
async def test_kill_9_leaves_whole_pictures_with_rows_and_the_next_import_brings_the_rest(
    studio: StudioHarness, tmp_path: Path, place: str
) -> None:
    root = plant_root(tmp_path / "invokeai")
    pictures = root / "outputs" / "images"
    with closing(sqlite3.connect(root / "databases" / "invokeai.db")) as connection:
        for number in range(40):
            info = chunks(invokeai_metadata="{}")
            draw(pictures / f"{number}-more.png", number, **info)
            row = (
                f"{number}-more.png",
                "internal",
                "general",
                "{}",
                0,
                f"2024-01-01 00:00:{number:02}",
                None,
                1,
                "",
            )
            connection.execute(f"INSERT INTO images VALUES ({', '.join('?' * 9)})", row)
            connection.execute("INSERT INTO board_images VALUES ('b-1', ?)", (row[0],))
        connection.commit()
    studio.set(INVOKE_TUI_FAULTS=place)
    client = await studio.start()
    order = ImportOrder(path=str(root))
    await client.start_import(order)
    wait_gone(studio.pid())
    studio.unset("INVOKE_TUI_FAULTS")
    client = await studio.start()
    listed = (await client.images(Listing(view="all"), limit=100)).images
    files = {path.name for path in studio.paths.images_dir.glob("*.png")}
    assert {one.image_name for one in listed} == files
    assert not list(studio.paths.images_dir.glob(".*.part"))
    job = await client.start_import(order)
    while not (job := await client.import_job(job.job_id)).status.finished:
        await asyncio.sleep(0.02)
    assert (job.added, job.known) == (43 - len(listed), len(listed))
    whole = (await client.images(Listing(view="all", board_id="b-1"), limit=100)).images
    assert [one.starred for one in whole] == [True] * 41
    assert all(Image.open(one.path).size == (20, 10) for one in whole)
