"""Going through a hundred thousand pictures, and doing things to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from invoke_tui.domain.gallery.boards import BoardRecord
from invoke_tui.tui import ahead
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.gallery.choose import ChooseScreen
from invoke_tui.tui.gallery.details import PictureDetails
from invoke_tui.tui.gallery.pages import KEPT, SIZE
from invoke_tui.tui.gallery.screen import GalleryScreen
from invoke_tui.tui.gallery.thumbnails import LEAST_KEPT, SCREENS_KEPT
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.screens.confirm import ConfirmScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, make_app, settle, words

CROWD = 2_000


@pytest.fixture
def first_screen() -> str:
    return "gallery"


@pytest.fixture
def client() -> FakeClient:
    fake = FakeClient()
    fake.crowd = CROWD
    return fake


async def gallery(pilot: Pilot[Any]) -> GalleryScreen:
    """Open the gallery, with its first pictures painted and its boards there."""
    await connected(pilot)
    await pilot.press("alt+2")  # for those that come from Generate
    screen = cast("GalleryScreen", pilot.app.screen)
    await settle(pilot, lambda: screen.grid.pages.total and screen.desk.shelves.boards is not None)
    await settle(pilot, lambda: screen.desk.record is not None)
    return screen


def name(screen: GalleryScreen) -> str:
    image = screen.grid.image
    return image.image_name if image is not None else ""


async def test_a_hundred_thousand_pictures_are_gone_through_without_loading_them(
    tmp_path: Path, client: FakeClient
) -> None:
    app = make_app(tmp_path, client)
    client.crowd = many = 100_000
    client.missing = {"p1.png"}
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await gallery(pilot)
        grid = screen.grid
        seen = range(*grid.seen)
        await settle(pilot, lambda: all(grid.thumbnails.get(f"p{number}.png") for number in seen))
        near = [*range(3 * len(seen)), *range(many - len(seen), many)]  # the end is where G goes
        assert set(client.fetched) <= {f"p{number}.png" for number in near}
        assert client.asked.count((0, SIZE)) == 1  # the strip on Generate asks for others
        lines = [grid.render_line(y).text for y in range(grid.size.height)]
        assert sum("file missing" in line for line in lines) == 1
        await pilot.press("G")
        await settle(pilot, lambda: name(screen) == f"p{many - 1}.png")
        assert client.asked.count((many - SIZE, SIZE)) == 1
        await pilot.press(*["pageup"] * 12, *["pagedown"] * 12)
        await settle(
            pilot, lambda: all(grid.thumbnails.get(f"p{number}.png") for number in range(*grid.seen))
        )
        assert grid.thumbnails.held <= max(LEAST_KEPT, SCREENS_KEPT * len(seen))
        await pilot.press("pageup", "h", "k")
        assert many - 60 < grid.cursor < many - 1
        await pilot.press("g", "l", "j")
        assert grid.cursor == 1 + seen.stop // 3 or grid.cursor > 1
        assert grid.pages.held <= KEPT * SIZE
        await pilot.press("plus", "plus")
        assert len(range(*grid.seen)) < len(seen)
        assert grid.cursor in range(*grid.seen)


async def test_the_gallery_is_there_before_it_is_gone_to(tmp_path: Path, client: FakeClient) -> None:
    app = make_app(tmp_path, client)
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        app.last_key = 0.0
        await ahead.open_gallery(app)
        await settle(pilot, lambda: {"p0.png", "p8.png"} <= set(client.fetched))
        assert app.current_mode == "generate"
        await pilot.press("alt+2")
        grid = cast("GalleryScreen", app.screen).grid
        assert grid.has_focus
        assert all(grid.thumbnails.get(f"p{number}.png") for number in range(*grid.seen))
        assert client.fetched.count("p8.png") == 1


async def test_the_cursor_stays_on_its_picture_when_the_gallery_changes(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await gallery(pilot)
        screen.grid.move_to(250)
        await settle(pilot, lambda: name(screen) == "p250.png")
        top = screen.grid.seen[0]
        client.removed = {"p3.png", "p4.png"}
        client.tell()
        await settle(pilot, lambda: screen.grid.cursor == 248 and name(screen) == "p250.png")
        assert abs(screen.grid.seen[0] - top) <= 6
        client.removed.add("p250.png")
        client.tell()
        await settle(pilot, lambda: name(screen) == "p251.png")


async def test_stars_ratings_and_boards_go_to_what_is_selected(app: InvokeTuiApp, client: FakeClient) -> None:
    client.board_list = [BoardRecord(board_id="b1", board_name="portraits")]
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await gallery(pilot)
        await pilot.press("l", "full_stop", "e", "4")
        await settle(pilot, lambda: client.changed.get("p1.png") == {"starred": True, "rating": 4})
        await settle(pilot, lambda: screen.grid.image is not None and screen.grid.image.rating == 4)
        assert pilot.app.screen is screen  # 4 is a rating here, and no screen
        await pilot.press("space", "shift+right", "shift+right", "m")
        await settle(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press(*"port", "enter")
        await settle(pilot, lambda: ("change_images", 3, {"board_id": "b1"}) in client.calls)
        await pilot.press("escape", "asterisk", "full_stop")
        await settle(pilot, lambda: ("change_images", CROWD, {"starred": True}) in client.calls)


async def test_deleting_can_be_undone_and_a_purge_says_what_it_frees(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await gallery(pilot)
        await pilot.press("l", "d")
        await settle(pilot, lambda: name(screen) == "p2.png")
        await pilot.press("z")
        await settle(pilot, lambda: name(screen) == "p1.png")
        await pilot.press("v", "l", "v", "d")
        await settle(
            pilot, lambda: client.removed == {"p1.png", "p2.png"} and screen.desk.shelves.in_trash == 2
        )
        await pilot.press("b", "G", "enter")
        await settle(pilot, lambda: screen.desk.listing.trash and screen.grid.pages.total == 2)
        await pilot.press("space", "X")
        await settle(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert "1 picture for good? That frees 2 kB" in str(pilot.app.screen.query(Static).first().render())
        await pilot.press("y")
        await settle(pilot, lambda: ("purge", ["p1.png"]) in client.calls)
        await settle(pilot, lambda: screen.grid.pages.total == 1)
        await pilot.press("w")
        await settle(pilot, lambda: not client.removed and screen.has_class("-nothing"))


async def test_what_is_typed_narrows_is_completed_and_becomes_a_board(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await gallery(pilot)
        await pilot.press("slash")
        screen.query_line.value = "p77 stepz:3"
        await settle(pilot, lambda: screen.query_one("#query-problem").display)
        assert "there is no stepz:" in words(screen.query_one("#query-problem"))
        screen.query_line.value = "p77"
        await settle(pilot, lambda: not screen.query_one("#query-problem").display)
        assert screen.grid.pages.total == 11
        await pilot.press("alt+s", "enter")
        await settle(pilot, lambda: [one.query for one in client.search_list] == ["p77"])
        await pilot.press("escape")
        await settle(pilot, lambda: screen.grid.pages.total == CROWD and screen.grid.has_focus)
        await settle(pilot, lambda: len(screen.desk.shelves.searches) == 1)
        await pilot.press("b", "G", "k", "enter")
        await settle(pilot, lambda: screen.grid.pages.total == 11)
        assert screen.query_line.value == "p77"
        await pilot.press("slash", "end", *" sta", "tab", "tab")
        assert screen.query_line.value == "p77 starred:yes "
        await pilot.press(*"on:t", "down", "enter")
        assert screen.query_line.value == "p77 starred:yes on:tuesday "
        assert screen.query_line.has_focus
        screen.query_line.value = "p77"
        await pilot.press("enter")
        await settle(pilot, lambda: screen.grid.pages.total == 11 and screen.desk.listing.query == "p77")
        await pilot.press("t")
        await settle(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press(*"6-02", "enter")
        await settle(pilot, lambda: name(screen) == "p770.png")


async def test_a_picture_is_recalled_and_a_narrow_terminal_shows_one_pane(
    tmp_path: Path, client: FakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(tmp_path, client)
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        monkeypatch.setattr(
            app.stylesheet, "reparse", lambda: pytest.fail("a new screen reads no style again")
        )
        screen = await gallery(pilot)
        assert not screen.board_tree.display
        assert not screen.query_one("#picture-details").display
        await pilot.press("f6")
        assert screen.query_one("#picture-details").display
        assert not screen.query_one("#pictures").display
        details = screen.query_one(PictureDetails)
        assert "prompt of p0.png" in details.text
        assert "1024 × 768" in details.text
        await pilot.press("f6", "f6", "x")
        await settle(pilot, lambda: app.current_mode == "generate")
        editor = app.screen.query_one("#prompt", PromptEditor)
        await settle(pilot, lambda: editor.text == "prompt of p0.png")


async def test_boards_are_made_renamed_archived_and_deleted(app: InvokeTuiApp, client: FakeClient) -> None:
    client.crowd = 0
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = cast("GalleryScreen", pilot.app.screen)
        await settle(pilot, lambda: screen.has_class("-nothing") and screen.desk.shelves.boards is not None)
        assert "No pictures yet" in words(screen.query_one("#gallery-none", Static))
        await pilot.press("b", "n", "x", "enter")
        await settle(pilot, lambda: screen.board_tree.shelf.label == "x")  # what was made is where one is
        await pilot.press("N", "y", "enter")
        await settle(pilot, lambda: screen.board_tree.shelf.label == "y")
        assert [row.depth for row in screen.board_tree.rows] == [0, 0, 0, 1, 0]
        await pilot.press("k", "p")
        await settle(pilot, lambda: client.auto_add == "board-x")
        await pilot.press("j", "x")
        await settle(pilot, lambda: len(screen.board_tree.rows) == 4)
        await pilot.press("k", "d")
        await settle(pilot, lambda: pilot.app.screen.is_modal)
        await pilot.press("b")
        await settle(pilot, lambda: ("delete_board", "board-x", False) in client.calls)
