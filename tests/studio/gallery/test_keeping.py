"""Files that were lost, damaged, moved by hand or never listed; and the list made anew from them."""

from __future__ import annotations

import asyncio
import io
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image
from sqlalchemy import text

from invoke_tui.config.paths import StudioPaths, locate
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.boards import BoardText
from invoke_tui.domain.gallery.images import Listing
from invoke_tui.domain.gallery.importing import ImportOrder
from invoke_tui.domain.gallery.keeping import ArrangeOrder, ArrangeReport, CheckReport, RebuildReport, Step
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.studio.database import Database, migrate, state
from invoke_tui.studio.database.restoring import restore
from invoke_tui.studio.gallery.importing.service import Imports
from invoke_tui.studio.gallery.keeping.service import Keeping
from invoke_tui.studio.gallery.recovery import recover
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.queue.rows import NewItem
from invoke_tui.studio.queue.service import Queue
from invoke_tui.worker.pictures import encode_picture, texts_for


class House:
    """A gallery on a disk, and who looks after it."""

    def __init__(self, paths: StudioPaths) -> None:
        self.paths = paths
        self.open()

    def open(self) -> None:
        migrate.prepare(self.paths.database)
        self.database = Database(self.paths.database)
        self.gallery = Gallery(self.database, self.paths)
        self.queue = Queue(self.database, Hub(), limit=10)
        self.imports = Imports(self.database, self.gallery, Hub(), (self.paths.images_dir, "flat"))
        self.keeping = Keeping(
            self.database, self.paths, self.gallery, self.queue, self.imports, lambda reason: None
        )

    def lose_database(self) -> None:
        self.database.close()
        for path in self.paths.database.parent.glob("invoke-tui.db*"):
            path.unlink()
        self.open()

    async def names(self, query: str = "") -> list[str]:
        page = await self.gallery.lists.page(
            Listing(query=query, view="all", order="oldest"), at=0, limit=50, metadata=False
        )
        return [image.image_name for image in page.images]

    async def check(self, *, repair: bool = False) -> CheckReport:
        report: CheckReport = await ended(self.keeping.check(repair=repair))
        return report


async def ended(work: AsyncGenerator[Step | Any]) -> Any:
    """The last word of a work."""
    return [said async for said in work][-1]


def picture(path: Path, seed: int, name: str = "") -> Path:
    """A picture as workers make them; it knows its name where that is given."""
    metadata = {"positive_prompt": f"a fox number {seed}", "seed": seed, "model": {"name": "tiny"}}
    texts = texts_for(name, metadata, Graph(id="g"))
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Image.new("RGB", (16, 8), (seed, 0, 0))
    path.write_bytes(encode_picture(made, "png", texts, compress_level=1))
    return path


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    migrate.prepare(path)
    return path


@pytest_asyncio.fixture
async def house(tmp_path: Path, empty: Path) -> AsyncIterator[House]:
    paths = locate(tmp_path / "root")
    paths.prepare()
    shutil.copyfile(empty, paths.database)
    made = House(paths)
    for seed in range(1, 5):
        picture(paths.images_dir / f"p{seed}.png", seed, f"p{seed}.png")
    await recover(made.database, paths)
    yield made
    made.database.close()


async def test_everything_wrong_is_found_and_mended_and_no_picture_is_deleted(house: House) -> None:
    folder = house.paths.images_dir
    assert (await house.check()).findings == []
    (folder / "p1.png").unlink()
    (folder / "p2.png").rename(folder / "renamed by hand.png")
    (folder / "p3.png").write_bytes((folder / "p3.png").read_bytes()[:-30])
    (folder / "holiday.jpg").write_bytes(jpeg())
    (folder / "broken.webp").write_bytes(b"RIFF\x00\x10\x00\x00WEBPVP8 ")
    (house.paths.thumbnails_dir / "gone.webp").write_bytes(b"small")

    def forget_texts(connection: Any) -> None:
        connection.execute(text("DELETE FROM image_search"))

    await house.database.write(forget_texts)
    report = await house.check()
    found = sorted((finding.kind, finding.file) for finding in report.findings)
    assert found == [
        ("damaged", "broken.webp"),
        ("damaged", "p3.png"),
        ("missing", "p1.png"),
        ("missing", "p2.png"),
        ("orphan", "holiday.jpg"),
        ("orphan", "renamed by hand.png"),
        ("search", ""),
        ("thumbnail", "thumbnails/gone.webp"),
    ]
    assert (folder / "p3.png").exists()
    mended = await house.check(repair=True)
    assert mended.left == 0
    said = {finding.file: finding.repair for finding in mended.findings}
    assert said["renamed by hand.png"] == "its row points to it again"
    assert said["p1.png"].startswith("taken off the list")
    assert Path(mended.backup or "").is_file()
    aside = {path.name for path in (folder.parent / "set-aside").iterdir()}
    assert aside == {"broken.webp", "p3.png"}
    assert (await house.check()).findings == []
    assert {"p2.png", "p4.png"} < set(await house.names())
    assert await house.names("number") == ["p2.png", "p4.png"]


async def test_rows_stay_when_the_disk_is_not_there(house: House) -> None:
    for seed in range(5, 30):
        picture(house.paths.images_dir / f"p{seed}.png", seed, f"p{seed}.png")
    await recover(house.database, house.paths)
    house.paths.images_dir.rename(house.paths.images_dir.with_name("unmounted"))
    house.paths.prepare()
    report = await house.check(repair=True)
    assert report.left == len(report.findings) == len(await house.names()) == 29
    assert "Is the disk there" in report.findings[0].repair


async def test_a_lost_database_is_filled_from_the_files_and_the_newest_backup(house: House) -> None:
    board = await house.gallery.boards.create(BoardText(board_name="Foxes"))
    known = {"starred": True, "rating": 4, "board_id": board.board_id}
    await house.gallery.lists.change(["p2.png"], known, "the best")
    await house.keeping.back_up(None)
    folder = house.paths.images_dir
    picture(folder / "2026" / "after the backup.png", 9, "p9.png")
    shutil.copyfile(folder / "p1.png", folder / "twice.png")
    (folder / "holiday.jpg").write_bytes(jpeg())
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    house.lose_database()
    await recover(house.database, house.paths)  # as at every start
    assert await house.names() == []
    report: RebuildReport = await ended(house.keeping.rebuild())
    assert (report.taken_in, report.remembered, report.boards) == (7, 4, 1)
    assert [finding.kind for finding in report.findings] == ["damaged"]
    assert "newer than the backup" in report.unknown[0]
    best = await house.gallery.record("p2.png")
    assert (best.starred, best.rating, best.notes, best.seed) == (True, 4, "the best", 2)
    assert best.board_id == board.board_id
    assert (await house.gallery.record("p9.png")).path.endswith("2026/after the backup.png")
    again: RebuildReport = await ended(house.keeping.rebuild())
    assert (again.taken_in, again.listed_before) == (0, 7)


async def test_pictures_move_to_where_a_template_wants_them(house: House) -> None:
    order = ArrangeOrder(template="{model}/fox {seed}-{steps}")
    (house.paths.images_dir / "tiny").mkdir()
    (house.paths.images_dir / "tiny" / "fox 1.png").write_bytes(b"somebody's")
    report: ArrangeReport = await ended(house.keeping.arrange(order))
    assert (report.moved, report.left) == (4, 0)
    lies = sorted(path.name for path in (house.paths.images_dir / "tiny").iterdir())
    assert lies == ["fox 1-2.png", "fox 1.png", "fox 2.png", "fox 3.png", "fox 4.png"]
    assert (await house.gallery.file("p1.png")).name == "fox 1-2.png"
    assert (await ended(house.keeping.arrange(order))).in_place == 4
    assert (await ended(house.keeping.arrange(ArrangeOrder()))).moved == 4
    assert (await house.gallery.file("p1.png")) == house.paths.images_dir / "p1.png"


async def test_new_pictures_that_would_share_a_name_get_numbers(house: House) -> None:
    places = house.gallery.places
    async with places.free(["a/Fox.png"]) as [first], places.free(["a/fox.png"] * 2) as others:
        assert [first, *others] == ["a/Fox.png", "a/fox-2.png", "a/fox-3.png"]
    (house.paths.images_dir / "fox.png").write_bytes(b"x")
    async with places.free(["fox.png"]) as found:
        assert found == ["fox-2.png"]


async def test_files_stay_where_they_are_while_the_queue_is_at_work(house: House, tmp_path: Path) -> None:
    await house.queue.enqueue([NewItem(session="{}")])
    for work in (house.keeping.arrange(ArrangeOrder()), house.keeping.move(str(tmp_path / "there"))):
        with pytest.raises(StudioError, match="queue is at work"):
            await ended(work)
    await house.queue.pause()
    assert (await ended(house.keeping.arrange(ArrangeOrder()))).in_place == 4


async def test_a_folder_that_cannot_take_the_pictures_is_refused(house: House, tmp_path: Path) -> None:
    (tmp_path / "full" / "images").mkdir(parents=True)
    (tmp_path / "full" / "images" / "x").touch()
    for folder in ("relative", str(tmp_path / "full"), str(house.paths.images_dir / "within")):
        with pytest.raises(BadInputError):
            await ended(house.keeping.move(folder))
    assert len(await house.names()) == 4
    assert (await house.check()).findings == []


async def test_no_picture_comes_into_a_folder_that_is_being_left(house: House, tmp_path: Path) -> None:
    source, target = picture(tmp_path / "one.png", 9), tmp_path / "elsewhere"
    job = house.imports.start(ImportOrder(path=str(source)))
    with pytest.raises(StudioError, match="An import is at work") as refused:
        await ended(house.keeping.move(str(target)))
    assert refused.value.code == "import_running"
    await house.imports.cancel(job.job_id)

    moving = house.keeping.move(str(target))
    await anext(moving)
    with pytest.raises(StudioError, match="being moved to another folder"):
        house.keeping.require_folder()
    upload = asyncio.create_task(house.gallery.take(source.read_bytes(), category="user", called="one.png"))
    assert (await ended(moving)).files == 4
    with pytest.raises(StudioError, match="being moved to another folder"):
        house.keeping.require_folder()  # this daemon ends: it knows the old folder
    upload.cancel()
    assert not house.paths.images_dir.exists()


async def test_a_backup_is_restored_and_the_database_before_is_kept(house: House, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    await house.database.write(lambda c: state.put(c, state.BEGUN + "purge", "{}"))
    assert (await house.keeping.back_up(str(saved))).pictures == 4
    await house.gallery.lists.change(["p1.png"], {"starred": True})
    house.database.close()
    kept = restore(house.paths.database, saved)
    house.open()
    assert not (await house.gallery.record("p1.png")).starred
    assert await house.database.read(lambda c: state.below(c, state.BEGUN)) == {}
    assert kept is not None
    house.database.close()
    restore(house.paths.database, kept)
    house.open()
    assert (await house.gallery.record("p1.png")).starred


async def test_what_is_no_backup_changes_nothing(house: House, tmp_path: Path) -> None:
    empty, torn = tmp_path / "empty.db", tmp_path / "torn.db"
    empty.touch()
    await house.keeping.back_up(str(torn))
    torn.write_bytes(torn.read_bytes()[:20_000])
    for file in (tmp_path / "none.db", empty, torn, house.paths.database):
        with pytest.raises(StudioError):
            restore(house.paths.database, file)
    assert len(await house.names()) == 4
    assert [path.name for path in house.paths.database.parent.iterdir() if "restoring" in path.name] == []


def jpeg() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (16, 8), "teal").save(data, "JPEG")
    return data.getvalue()
