"""Lists of pictures: in any order, entered anywhere, found by what is typed, changed, and out of an index only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import load
from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.gallery.boards import BoardChanges, BoardText
from invoke_tui.domain.gallery.images import ORDERS, Listing, Selection
from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.gallery import listing as listings
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.catching_up import catch_up
from invoke_tui.studio.gallery.store import Gallery

PROMPTS = ("a red fox in snow", "a cat, (sleeping:1.2)", "a dog and a cat", "ein Füchslein", "赤い狐と雪")
MODELS = ("dreamshaper", "SDXL base")


@pytest.fixture
def paths(tmp_path: Path) -> StudioPaths:
    found = load(tmp_path).paths
    found.images_dir.mkdir(parents=True)
    return found


@pytest.fixture
async def gallery(paths: StudioPaths) -> AsyncIterator[Gallery]:
    migrate.prepare(paths.database)
    database = Database(paths.database)
    gallery = Gallery(database, paths)
    await gallery.lists.write(fill)
    yield gallery
    database.close()


def name_of(number: int) -> str:
    return f"image-{number:03}.png"


def fill(connection: Connection) -> None:
    """40 pictures, four made at each time; numbers say what they are."""
    for number in range(40):
        metadata = {
            "positive_prompt": PROMPTS[number % 5],
            "negative_prompt": "blurry" if number % 3 == 0 else "",
            "seed": number,
            "steps": 20 + number,
            "model": {"key": "k", "name": MODELS[number % 2], "base": ("sd-1", "sdxl")[number % 2]},
            "loras": [{"model": {"name": "Add Detail"}, "weight": 1}] if number % 10 == 0 else [],
            "mask_image": "m.png" if number == 7 else None,
        }
        values = {
            "image_name": name_of(number),
            "file": name_of(number),
            "image_origin": "internal",
            "image_category": "control" if number % 20 == 19 else "general",
            "width": 512 + 64 * (number % 4),
            "height": 512,
            "file_size": 1000 + number,
            "starred": number in (3, 5),
            "created_at": f"2026-0{1 + number // 20}-15 12:00:{number // 4:02}.000000",
        }
        rows.keep(connection, values, metadata)


async def numbers(gallery: Gallery, query: str = "", **listing: Any) -> list[int]:
    page = await gallery.lists.page(Listing(query=query, **listing), at=0, limit=100, metadata=False)
    assert not page.problems
    return [int(image.image_name[6:9]) for image in page.images]


async def test_a_list_is_entered_anywhere(gallery: Gallery) -> None:
    whole = await numbers(gallery)
    assert whole == [n for n in range(39, -1, -1) if n % 20 != 19], "of equal times the later one comes first"
    page = await gallery.lists.page(Listing(), at=10, limit=5, metadata=False)
    assert (page.at, page.total, page.next) == (10, 38, 15)
    assert [image.image_name for image in page.images] == [name_of(n) for n in whole[10:15]]
    assert page.images[0].metadata is None
    end = await gallery.lists.page(Listing(), at=-3, limit=5, metadata=True)
    assert (end.at, end.next) == (35, None)
    assert [image.seed for image in end.images] == whole[-3:]
    beyond = await gallery.lists.page(Listing(), at=99, limit=5, metadata=False)
    assert (beyond.images, beyond.total) == ([], 38)
    assert await gallery.lists.place(Listing(), name_of(3)) == whole.index(3)
    with pytest.raises(NotFoundError):
        await gallery.lists.place(Listing(), name_of(19))
    assert await numbers(gallery, view="assets") == [39, 19]


async def test_orders(gallery: Gallery) -> None:
    assert await numbers(gallery, order="oldest") == (await numbers(gallery))[::-1]
    assert (await numbers(gallery, order="starred"))[:3] == [5, 3, 38]
    assert (await numbers(gallery, order="size"))[:2] == [38, 37]
    assert (await numbers(gallery, order="name"))[:3] == [0, 1, 2]
    assert (await numbers(gallery, order="model"))[:2] == [1, 3], "SDXL comes before dreamshaper"
    months = await gallery.lists.months(Listing())
    assert [(one.month, one.at, one.count) for one in months] == [("2026-02", 0, 19), ("2026-01", 19, 19)]
    assert [one.month for one in await gallery.lists.months(Listing(order="oldest"))] == [
        "2026-01",
        "2026-02",
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("fox", lambda n: n % 5 == 0),
        ("FOX sno", lambda n: n % 5 == 0),
        ('"red fox"', lambda n: n % 5 == 0),
        ('"fox red"', lambda n: False),
        ("cat -dog", lambda n: n % 5 == 1),
        ("fuchs", lambda n: n % 5 == 3),
        ("狐", lambda n: n % 5 == 4),
        ("negative:blurry", lambda n: n % 3 == 0),
        ("prompt:blurry", lambda n: False),
        ("model:sdxl", lambda n: n % 2 == 1),
        ("base:sdxl,flux", lambda n: n % 2 == 1),
        ("lora:detail", lambda n: n % 10 == 0),
        ("-lora:detail fox", lambda n: n % 10 == 5),
        ("detail", lambda n: n % 10 == 0),
        ("seed:12", lambda n: n == 12),
        ("steps:>57", lambda n: n > 37),
        ("steps:20..22", lambda n: n < 3),
        ("size:>=704", lambda n: n % 4 == 3),
        ("size:576x512", lambda n: n % 4 == 1),
        ("starred:yes", lambda n: n in (3, 5)),
        ("before:2026-02-01 starred:no", lambda n: n < 20 and n not in (3, 5)),
        ("on:2026-02", lambda n: n >= 20),
        ("after:2026-02", lambda n: False),
        ("has:mask", lambda n: n == 7),
        ("-has:metadata", lambda n: False),
        ("board:none", lambda n: True),
        ("board:nowhere", lambda n: False),
        ("name:image-00", lambda n: n < 10),
        ("100%", lambda n: False),
        ('") OR 1=1 --', lambda n: False),
    ],
)
async def test_queries(gallery: Gallery, query: str, found: Any) -> None:
    expected = [n for n in range(40) if n % 20 != 19 and found(n)]
    assert sorted(await numbers(gallery, query)) == expected


async def test_what_is_not_understood_is_said_and_the_rest_counts(gallery: Gallery) -> None:
    page = await gallery.lists.page(Listing(query="fox colour:red steps:many"), at=0, limit=1, metadata=False)
    assert page.total == 8
    assert [problem.split(",")[0] for problem in page.problems] == [
        "there is no colour:",
        "steps: is a number: 30",
    ]


async def test_similar_prompts_come_by_likeness(gallery: Gallery) -> None:
    like_a_picture = await numbers(gallery, f"similar:{name_of(2)}")
    assert set(like_a_picture[:7]) == {7, 12, 17, 22, 27, 32, 37}
    assert 2 not in like_a_picture
    by_text = await numbers(gallery, 'similar:"snow fox" starred:yes')
    assert by_text == [5]


async def test_boards_nest_and_hold_pictures(gallery: Gallery) -> None:
    boards = gallery.boards
    animals = await boards.create(BoardText(board_name="Animals"))
    foxes = await boards.create(BoardText(board_name="Foxes", parent_id=animals.board_id))
    await gallery.lists.change([name_of(0), name_of(5), name_of(19)], {"board_id": foxes.board_id})
    listed = await boards.all()
    assert [(b.board_name, b.image_count, b.asset_count) for b in listed.boards] == [
        ("Animals", 0, 0),
        ("Foxes", 2, 1),
    ]
    assert listed.boards[1].cover_image_name == name_of(5)
    assert listed.uncategorized.image_count == 36
    assert await numbers(gallery, board_id=foxes.board_id) == [5, 0]
    assert len(await numbers(gallery, board_id="none")) == 36
    assert await numbers(gallery, "board:fox") == [5, 0]
    with pytest.raises(BadInputError):
        await boards.edit(animals.board_id, BoardChanges(parent_id=foxes.board_id))
    renamed = await boards.edit(foxes.board_id, BoardChanges(board_name="Vulpes", archived=True))
    assert (renamed.board_name, renamed.archived, renamed.parent_id) == ("Vulpes", True, animals.board_id)
    await boards.auto_add("vulpes")
    assert (await boards.all()).auto_add_board_id == foxes.board_id
    await boards.edit(foxes.board_id, BoardChanges(archived=True))
    assert (await boards.all()).auto_add_board_id is None  # what is hidden would take them unseen
    await boards.edit(foxes.board_id, BoardChanges(archived=False))
    await boards.auto_add("vulpes")
    assert sorted(await boards.delete(foxes.board_id, with_images=True)) == [
        name_of(0),
        name_of(5),
        name_of(19),
    ]
    assert (await boards.all()).auto_add_board_id is None
    assert (await gallery.trash.holds()).count == 3
    with pytest.raises(NotFoundError):
        await boards.find("Vulpes")


async def test_the_trash_gives_back_until_it_is_purged(gallery: Gallery, paths: StudioPaths) -> None:
    whole = await numbers(gallery)
    for number in (1, 2):
        (paths.images_dir / name_of(number)).write_bytes(b"x" * 10)
    chosen = await gallery.lists.names(Selection(listing=Listing(query="seed:1..2")))
    assert await gallery.trash.put(chosen) == 2
    assert set(whole) - set(await numbers(gallery)) == {1, 2}
    assert await numbers(gallery, trash=True) == [2, 1]
    assert (await gallery.trash.holds()).size == 2003
    assert await gallery.trash.restore([name_of(2)]) == 1
    gone = await gallery.trash.purge()
    assert (gone.count, gone.size) == (1, 10)
    assert not (paths.images_dir / name_of(1)).exists()
    assert (paths.images_dir / name_of(2)).exists()
    assert await numbers(gallery, "cat seed:1..2") == [2], "the search forgot what was purged"


async def test_a_purge_says_which_file_cannot_be_removed_and_keeps_it(
    gallery: Gallery, paths: StudioPaths
) -> None:
    (paths.images_dir / name_of(2)).mkdir()
    await gallery.trash.put([name_of(1), name_of(2)])
    with pytest.raises(StudioError, match="could not be removed"):
        await gallery.trash.purge()
    assert await gallery.trash.finish() == 0
    assert await numbers(gallery, trash=True) == [2]


async def test_what_was_never_read_is_read_later(gallery: Gallery, paths: StudioPaths) -> None:
    await gallery.lists.change([name_of(n) for n in range(40)], {"read_version": 0, "seed": None})
    assert await numbers(gallery, "seed:12") == []
    assert await catch_up(gallery._database, gallery.lists, paths.images_dir) == 40
    assert await numbers(gallery, "seed:12") == [12]


@pytest.mark.parametrize("board", [None, "none", "some-board"])
@pytest.mark.parametrize("order", ORDERS)
async def test_a_list_is_read_from_an_index_alone(gallery: Gallery, order: Any, board: str | None) -> None:
    """Boards are small beside the gallery: in other orders than by age they may be sorted."""

    def plan(connection: Connection) -> str:
        chosen = listings._chosen(Listing(order=order, board_id=board), (), listings.images.c.id)
        statement = chosen.order_by(*listings._ordered(order))
        compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")
        return json.dumps([row[3] for row in explained])

    said = await gallery._database.read(plan)
    assert "SEARCH" in said
    if board is None or order in ("newest", "oldest"):
        assert "COVERING INDEX" in said
        assert "TEMP B-TREE" not in said
