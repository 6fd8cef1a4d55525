"""kill -9 at random moments: the next daemon serves, what is wrong is mended and said, and no picture is lost.

Some ends are orderly (SIGTERM), in some the front end goes in the middle of a work, which is ended then.

A few kills of everything that writes files or rows; ``INVOKE_TUI_KILLS=200 INVOKE_TUI_PICTURES=150 pytest -n 0 -s
tests/studio/gallery/test_random_kills.py`` takes an hour, and ``INVOKE_TUI_KILL_SEED`` chooses other moments.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageChanges, ImageRecord, Listing, Selection
from invoke_tui.domain.gallery.keeping import ArrangeOrder
from invoke_tui.studio.database import migrate
from tests.studio.gallery.bringing import trace
from tests.studio.gallery.scene import WAYS, Scene, digest
from tests.studio.gallery.test_keeping import picture
from tests.studio.harness import StudioHarness, wait_gone

KILLS = int(os.environ.get("INVOKE_TUI_KILLS", "1"))
COUNT = int(os.environ.get("INVOKE_TUI_PICTURES", "12"))
SEED = int(os.environ.get("INVOKE_TUI_KILL_SEED", "6"))
ALL = Listing(view="all")
pytestmark = pytest.mark.timeout(300 + 60 * KILLS)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    migrate.prepare(path)
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An InvokeAI root with a board and stars; its folder of pictures serves as a plain one too."""
    root = tmp_path_factory.mktemp("source")
    pictures = root / "outputs" / "images"
    (root / "databases").mkdir()
    with closing(sqlite3.connect(root / "databases" / "invokeai.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE images (image_name TEXT, image_origin TEXT, image_category TEXT, metadata TEXT,
                is_intermediate BOOLEAN, created_at TEXT, deleted_at TEXT, starred BOOLEAN, image_subfolder TEXT);
            CREATE TABLE boards (board_id TEXT, board_name TEXT, cover_image_name TEXT, created_at TEXT);
            CREATE TABLE board_images (board_id TEXT, image_name TEXT);
            INSERT INTO boards VALUES ('b-1', 'Animals', '1.png', '2024-01-01 10:00:00.000');
            """
        )
        for number in range(COUNT):
            name, folder = f"{number}.png", ("", "day")[number % 2]
            (pictures / folder).mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (20, 10), (number % 256, number // 256, 9)).save(pictures / folder / name)
            at, said = f"2024-01-01 00:{number // 60:02}:{number % 60:02}", json.dumps({"seed": number})
            row = (name, "internal", "general", said, 0, at, None, number % 3 == 0, folder)
            connection.execute(f"INSERT INTO images VALUES ({', '.join('?' * 9)})", row)
            if number % 2:
                connection.execute("INSERT INTO board_images VALUES ('b-1', ?)", (name,))
        connection.commit()
    return root


@pytest_asyncio.fixture
async def scene(studio: StudioHarness, tmp_path: Path, empty: Path) -> AsyncIterator[Scene]:
    """No daemon yet."""
    made = Scene(studio, tmp_path, empty, SEED)
    yield made
    print(f"\n{dict(made.repaired) or 'nothing'} to repair in {KILLS} kills")


async def brought(scene: Scene, source: Path) -> None:
    """A daemon with the source's pictures."""
    await scene.start()
    await scene.bring(source / "outputs" / "images")
    scene.contents = contents(source)


async def made_here(scene: Scene) -> None:
    """A daemon with pictures as workers leave them."""
    for seed in range(COUNT):
        picture(scene.studio.paths.images_dir / f"p{seed}.png", seed, f"p{seed}.png")
    await scene.start()
    scene.contents = contents(scene.studio.paths.images_dir)


def contents(folder: Path) -> set[str]:
    return {digest(path) for path in folder.rglob("*.png")}


async def test_an_import_is_begun_again(scene: Scene, source: Path) -> None:
    await scene.start()
    scene.contents = contents(source)
    before = trace(source)
    for how in ["copied", "in place", "InvokeAI's"] * (KILLS + 1):
        path = source if how == "InvokeAI's" else source / "outputs" / "images"
        order = {"in_place": how == "in place", "boards_from_folders": how != "InvokeAI's"}
        await scene.clear()
        await scene.die(partial(scene.bring, path, **order), kind=how)
        there = await scene.sound()
        again = await scene.bring(path, **order)
        assert (again.error, again.added, again.known) == (None, COUNT - len(there), len(there))
        assert all(one.status.finished and one.error is None for one in await scene.client.import_jobs())
        whole = await scene.sound()
        assert whole.keys() == scene.contents
        boards = {one.board_name: one for one in (await scene.client.boards()).boards}
        if how == "InvokeAI's":
            assert {int(one.image_name[:-4]): one.starred for one in whole.values()} == {
                number: number % 3 == 0 for number in range(COUNT)
            }
            assert boards["Animals"].cover_image_name == "1.png"
        odd = boards["Animals" if how == "InvokeAI's" else "day"]
        assert odd.image_count + odd.asset_count == COUNT // 2
    assert trace(source) == before


async def test_deleting_restoring_and_moving_many_is_done_or_not(scene: Scene, source: Path) -> None:
    await brought(scene, source)
    board = (await scene.client.create_board("Foxes")).board_id
    in_trash = Listing(view="all", trash=True)

    def what(one: ImageRecord) -> tuple[str | None, bool]:
        return one.board_id, one.deleted_at is not None

    for number in range(KILLS + 1):
        deed = scene.chance.choice(["delete", "restore", "move"]) if number else "move"
        await scene.client.restore_images(Selection(listing=in_trash))
        await scene.client.change_images(Selection(listing=ALL), ImageChanges(board_id="none"))
        if deed == "restore":
            await scene.client.delete_images(Selection(listing=ALL))

        async def work(deed: str = deed) -> None:
            if deed == "delete":
                await scene.client.delete_images(Selection(listing=ALL))
            elif deed == "restore":
                await scene.client.restore_images(Selection(listing=in_trash))
            else:
                await scene.client.change_images(Selection(listing=ALL), ImageChanges(board_id=board))

        await scene.die(work)
        there = await scene.sound()
        assert there.keys() == scene.contents
        assert len({what(one) for one in there.values()}) == 1, "all or none"


async def test_a_purge_takes_what_was_in_the_trash_and_nothing_else(scene: Scene, source: Path) -> None:
    await scene.start()
    scene.contents = contents(source)
    for _ in range(KILLS + 1):
        await scene.bring(source / "outputs" / "images")
        names = [one.image_name for one in await scene.records(trash=False)]
        for name in names[:5]:
            await scene.client.thumbnail(name)
        gone = set(scene.chance.sample(names, COUNT // 2))
        await scene.client.delete_images(Selection(names=sorted(gone)))
        await scene.die(scene.client.purge_images)
        there = {one.image_name: one for one in (await scene.sound()).values()}
        assert {name for name, one in there.items() if one.deleted_at is None} == set(names) - gone
        assert {name for name, one in there.items() if one.deleted_at is not None} <= gone
        assert (await scene.client.trash()).count == len(there) - (COUNT - COUNT // 2)
        await scene.client.purge_images()
        assert len(await scene.sound()) == COUNT - COUNT // 2


async def test_the_folder_is_moved_or_not(scene: Scene, source: Path) -> None:
    await brought(scene, source)
    names = [one.image_name for one in await scene.records()]

    async def look() -> None:
        with contextlib.suppress(StudioError):  # a daemon that leaves has them no longer
            for name in scene.chance.sample(names, 5):
                await scene.client.thumbnail(name)

    await look()
    places = [scene.room / "one disk", scene.room / "another disk"]
    for _ in range(KILLS + 1):
        old = scene.studio.paths.images_dir
        target = next(place for place in places if place / "images" != old)
        pid = scene.studio.pid()

        async def work(target: Path = target, pid: int = pid) -> None:
            looking = asyncio.create_task(look())
            await scene.client.move_outputs(str(target))
            await looking
            wait_gone(pid)

        await scene.die(work, *WAYS, "hang up")
        there = await scene.sound()
        assert there.keys() == scene.contents
        now = scene.studio.paths.images_dir
        assert now in (old, target / "images")
        other = old if now != old else target / "images"
        assert not [path for path in other.rglob("*") if path.is_file()]


async def test_pictures_lie_as_they_should_in_the_end(scene: Scene) -> None:
    await made_here(scene)
    for number in range(KILLS + 1):
        order = ArrangeOrder(template=("{model}/{seed}-{prompt:9}", "", "{prompt:5}")[number % 3])
        await scene.die(partial(scene.client.arrange_images, order), *WAYS, "hang up")
        there = await scene.sound()
        assert there.keys() == scene.contents
        assert {one.image_name for one in there.values()} == {f"p{seed}.png" for seed in range(COUNT)}


async def test_a_list_that_is_made_anew_forgets_nothing_that_the_backup_knows(scene: Scene) -> None:
    await made_here(scene)
    board = (await scene.client.create_board("Foxes")).board_id
    await scene.client.change_images(Selection(listing=ALL), ImageChanges(board_id=board, rating=4))
    await scene.client.back_up_database()
    for _ in range(KILLS + 1):
        scene.studio.kill()
        for path in scene.studio.paths.database.parent.glob("invoke-tui.db*"):
            path.unlink()
        shutil.copyfile(scene.room / "empty.db", scene.studio.paths.database)
        await scene.start()
        await scene.die(scene.client.rebuild_gallery, *WAYS, "hang up")
        await scene.client.rebuild_gallery()
        there = await scene.sound()
        assert there.keys() == scene.contents
        assert {(one.board_id, one.rating) for one in there.values()} == {(board, 4)}


async def test_a_repair_is_begun_again(scene: Scene) -> None:
    await made_here(scene)
    pictures = scene.studio.paths.images_dir
    aside = pictures.parent / "set-aside"
    for round_ in range(KILLS + 1):
        names = sorted(path.name for path in pictures.glob("*.png"))
        lost, broken = names[:2], names[2:4]
        for name in lost:
            scene.contents.discard(digest(pictures / name))
            (pictures / name).unlink()
        for name in broken:
            path = pictures / name
            scene.contents.discard(digest(path))
            path.write_bytes(path.read_bytes()[:-9])
        for number in range(4):
            seed = 200 + number - round_ * 4 % 100
            scene.contents.add(digest(picture(pictures / f"n{round_}-{number}.png", seed % 256)))
        await scene.die(partial(scene.client.verify_gallery, repair=True), *WAYS, "hang up")
        there = await scene.sound()
        assert there.keys() == scene.contents
        assert all((aside / name).is_file() for name in broken)
