"""The parts of the gallery that need no screen."""

from __future__ import annotations

import asyncio

from invoke_tui.domain.gallery.boards import BoardList, BoardRecord, SavedSearch
from invoke_tui.domain.gallery.images import ImagePage, Listing
from invoke_tui.tui.gallery.completion import Known, completions
from invoke_tui.tui.gallery.layout import Layout
from invoke_tui.tui.gallery.marks import Marks
from invoke_tui.tui.gallery.pages import KEPT, SIZE, Pages
from invoke_tui.tui.gallery.shelves import Shelves
from invoke_tui.tui.gallery.wishes import Wishes
from tests.tui.fake_gallery import FakeGallery
from tests.tui.fake_models import a_model


def test_pages_that_were_not_looked_at_for_longest_go_first() -> None:
    fake, pages = FakeGallery(), Pages(total=100_000)
    for number in range(KEPT + 5):
        images = [fake.picture(number * SIZE + one) for one in range(SIZE)]
        pages.put(ImagePage(images=images, at=number * SIZE, total=100_000))
        pages.look(0, 10)
    assert pages.held == KEPT * SIZE
    first, latest = pages.image(7), pages.image((KEPT + 4) * SIZE)
    assert first is not None
    assert first.image_name == "p7.png"
    assert latest is not None
    assert pages.image(SIZE) is None
    assert pages.look(0, 2 * SIZE + 1) == [1, 2]


def test_all_pages_that_are_looked_at_stay_however_many() -> None:
    fake, pages = FakeGallery(), Pages(total=100_000)
    wide = ((5 * SIZE, 10 * SIZE), (99_500, 100_000))
    missing = pages.look(0, 5 * SIZE, *wide)
    for number in missing:
        images = [fake.picture(number * SIZE + one) for one in range(SIZE)]
        pages.put(ImagePage(images=images, at=number * SIZE, total=100_000))
    assert len(missing) == 15
    assert pages.look(0, 5 * SIZE, *wide) == []


def test_tiles_fill_the_width_and_are_found_again() -> None:
    for width in (20, 61, 100, 237):
        layout = Layout.of(width, 14, (8, 16))
        assert layout.columns * (layout.tile.columns + 1) <= width
        for number in (0, 1, layout.columns, 99_999):
            place = layout.region(number)
            assert (
                layout.number(place.x, place.y) == number == layout.number(place.right - 1, place.bottom - 1)
            )
        first, end = layout.seen(layout.region(5_000).y, layout.row_height * 2, 100_000)
        assert first <= 5_000 < end <= first + 3 * layout.columns


async def test_what_is_no_longer_looked_at_is_not_fetched() -> None:
    done: list[str] = []
    gate = asyncio.Event()

    async def fetch(key: str) -> None:
        await gate.wait()
        done.append(key)

    wishes: Wishes[str] = Wishes(fetch)
    working = asyncio.create_task(wishes.run())
    wishes.want(["a", "b", "c"])
    await asyncio.sleep(0)
    wishes.want(["a", "x"])
    gate.set()
    while len(done) < 2:
        await asyncio.sleep(0)
    working.cancel()
    assert done == ["a", "x"]


def test_a_selection_of_everything_holds_no_names() -> None:
    marks = Marks()
    marks.flip("one.png")
    marks.begin_range()
    marks.set_range(["two.png", "three.png"])
    marks.set_range(["two.png"])
    marks.end_range()
    assert "three.png" not in marks
    assert "two.png" in marks
    assert marks.count(100_000) == 2
    marks.all_of(Listing())
    marks.flip("two.png")
    selection = marks.selection()
    assert selection is not None
    assert selection.listing == Listing()
    assert not selection.names
    assert selection.left_out == ["two.png"]
    assert marks.count(100_000) == 99_999
    assert "two.png" not in marks
    assert "one.png" in marks


def test_boards_lie_within_boards_and_archived_ones_are_hidden() -> None:
    def board(name: str, parent: str | None = None, **more: object) -> BoardRecord:
        return BoardRecord(board_id=name, board_name=name, parent_id=parent, image_count=3, **more)  # type: ignore[arg-type]

    every = BoardList(
        boards=[
            board("birds", "animals"),
            board("animals"),
            board("old", archived=True),
            board("lost", "gone"),
        ],
        uncategorized=board("none"),
        auto_add_board_id="animals",
    )
    search = SavedSearch(search_id="s", name="best", query="rating:5")
    rows = Shelves(every, [search], in_trash=2).rows()
    assert [(row.label, row.depth) for row in rows] == [
        ("All pictures", 0), ("Uncategorized", 0), ("animals", 0), ("birds", 1), ("lost", 0), ("best", 0), ("Trash", 0),
    ]  # fmt: skip
    assert [row.label for row in rows if row.auto_add] == ["animals"]
    assert rows[0].count == 15
    assert rows[-1].count == 2
    assert rows[-2].listing.query == "rating:5"
    cover = FakeGallery().picture(7).model_copy(update={"board_id": "animals"})
    told = every.model_copy(update={"boards": [board("animals", cover_image_name=cover.image_name)]})
    assert Shelves(told).told_of(cover) == "animals (its cover)"
    assert Shelves(told).told_of(FakeGallery().picture(8)) == ""
    folded = Shelves(every, folded={"animals"}, archived=True).rows()
    assert [row.label for row in folded[2:-1]] == ["animals", "old", "lost"]


def test_keys_and_values_of_a_query_are_completed() -> None:
    known = Known(["portraits", "red foxes"], [a_model("SDXL base", "x"), a_model("ink", "i", type="lora")])

    def offered(text: str) -> list[str]:
        found = completions(text, len(text), known)
        return [text[: one.start] + one.text for one in found]

    assert offered("cat -bo") == ["cat -board:"]
    assert offered("board:") == ["board:none ", "board:portraits ", 'board:"red foxes" ']
    assert offered('cat board:"red f') == ['cat board:"red foxes" ']
    assert offered("lora:i") == ["lora:ink "]
    assert offered("model:base") == ['model:"SDXL base" ']
    assert offered("has:mask,ini") == ["has:mask,init "]
    assert offered("starred:") == ["starred:yes ", "starred:no "]
    assert offered("seed:4") == []
    assert offered("fox ") == []
    assert offered("fox tues") == ["fox on:tuesday "]
    assert offered("to") == []
