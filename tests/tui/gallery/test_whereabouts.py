"""The place in the gallery, from one start to the next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from textual.pilot import Pilot

from invoke_tui.config.paths import locate
from invoke_tui.domain.gallery.boards import BoardRecord
from invoke_tui.tui.gallery.screen import GalleryScreen
from invoke_tui.tui.gallery.whereabouts import Whereabouts
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, make_app, settle


async def opened(pilot: Pilot[Any]) -> GalleryScreen:
    await settle(pilot, lambda: isinstance(pilot.app.screen, GalleryScreen))
    await connected(pilot)
    screen = cast("GalleryScreen", pilot.app.screen)
    await settle(pilot, lambda: screen.desk.loaded and screen.desk.shelves.boards is not None)
    return screen


async def test_the_next_start_begins_where_the_last_one_ended_and_falls_back_without_a_word(
    tmp_path: Path,
) -> None:
    client = FakeClient()
    client.crowd = 300
    client.board_list = [BoardRecord(board_id="b1", board_name="Foxes")]
    client.changed = {f"p{number}.png": {"board_id": "b1"} for number in range(0, 300, 2)}
    session = locate(tmp_path).session_file
    session.parent.mkdir(parents=True)
    gone = {
        "shelf": "gone",
        "label": "Gone",
        "picture": "gone.png",
        "zoom": 99,
        "view": [],
        "orders": {"b": 1},
    }
    session.write_text(json.dumps({"screen": "gallery", "gallery": gone}))
    app = make_app(tmp_path, client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await settle(pilot, lambda: screen.grid.pages.total == 300)
        assert (screen.desk.listing.board_id, screen.grid.cursor) == (None, 0)
        assert not app._notifications
        await pilot.press("b", "down", "down", "enter")
        await settle(pilot, lambda: screen.desk.listing.board_id == "b1" and screen.grid.pages.total == 150)
        await pilot.press("o", "minus", "G", "f6")
        await settle(pilot, lambda: screen.desk.listing.order == "oldest")
        await pilot.press("f10")
    app = make_app(tmp_path, client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await settle(pilot, lambda: screen.board_tree.shelf.count is not None)
        listing, kept = screen.desk.listing, json.loads(session.read_text())["gallery"]
        image = screen.grid.image
        assert (listing.board_id, listing.order, screen.grid.pages.total) == ("b1", "oldest", 150)
        assert image is not None
        assert image.image_name == kept["picture"]
        assert screen.grid.zoom == kept["zoom"]
        assert screen.board_tree.shelf.label == "Foxes"
        assert screen.query_one("#picture-details").has_focus
        await pilot.press("b", "up", "up", "enter")
        await settle(pilot, lambda: screen.desk.listing.board_id is None)
        assert screen.desk.listing.order == "newest"  # the other order is the board's own
        await pilot.click("#board-tree", offset=(6, 3))  # the third line, below the empty one
        await settle(pilot, lambda: screen.desk.listing.board_id == "b1")


def test_a_strange_session_is_an_empty_one() -> None:
    strange = {
        "shelf": 7,
        "query": "x" * 9_000,
        "folded": 3,
        "orders": {"all": "sideways"},
        "pane": ["boards"],
    }
    assert Whereabouts.read(strange) == Whereabouts()
    assert Whereabouts.read(Whereabouts(shelf="trash", zoom=4).noted()).listing.trash
