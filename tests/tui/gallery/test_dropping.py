"""Files dropped onto the terminal."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from textual import events

from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.gallery.dropping import dropped
from invoke_tui.tui.gallery.import_dialog import ImportScreen
from invoke_tui.tui.prompts.file_line import FileInput
from tests.tui.fake_client import FakeClient
from tests.tui.gallery.test_grid import gallery
from tests.tui.harness import settle


@pytest.fixture
def first_screen() -> str:
    return "gallery"


def test_what_terminals_write_for_a_file_is_read_and_nothing_else(tmp_path: Path) -> None:
    one, two = tmp_path / "a fox's 🦊 picture.png", tmp_path / "two"
    one.touch()
    two.mkdir()
    for text in (
        f" {one}\n",
        shlex.quote(str(one)),
        str(one).replace(" ", "\\ ").replace("'", "\\'"),
        one.as_uri(),
    ):
        assert dropped(text) == [one]
    assert dropped(f"{one}\n{two}\n") == dropped(f"{shlex.quote(str(one))} '{two}' ") == [one, two]
    for text in (
        "",
        "a fox",
        f"{two} a fox",
        "relative.png",
        "/no/such\x00file",
        "~nobody-of-that-name/x",
        "'" * 9,
    ):
        assert dropped(text) == []


async def test_a_path_pasted_on_the_grid_is_offered_for_import_and_a_picture_leads_to_its_source(
    app: InvokeTuiApp, client: FakeClient, tmp_path: Path
) -> None:
    client.crowd = 300

    async def none() -> list[object]:
        return []

    client.import_jobs = none  # type: ignore[attr-defined]
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await gallery(pilot)
        screen.on_paste(events.Paste("no path at all"))
        screen.on_paste(events.Paste(f"{tmp_path}\n"))
        await settle(pilot, lambda: isinstance(app.screen, ImportScreen))
        assert app.screen.query_one(FileInput).value == str(tmp_path)
        assert app.screen.query_one("#import-start").has_focus
        await pilot.press("escape")
        await pilot.press("D")
        await settle(pilot, lambda: any("no other picture" in n.message for n in app._notifications))
        record = screen.desk.record
        assert record is not None
        screen.desk.record = record.model_copy(update={"metadata": {"init_image": "p250.png"}})
        await pilot.press("D")
        await settle(pilot, lambda: screen.grid.cursor == 250)
        screen.query_line.value = "p1"
        await settle(pilot, lambda: screen.grid.pages.total < 300)
        image = screen.grid.image
        assert image is not None
        screen.desk.record = record.model_copy(
            update={"image_name": image.image_name, "metadata": {"init_image": "p250.png"}}
        )
        await pilot.press("D")
        await settle(pilot, lambda: screen.desk.listing.view == "all" and screen.grid.cursor == 250)
        assert screen.query_line.value == ""
