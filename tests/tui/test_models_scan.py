"""Scanning from the Models screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual.widgets import Input, Static

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.scan import ScanFolder, ScanSummary
from invoke_tui.tui import complete
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.models import ModelsScreen
from invoke_tui.tui.screens.scan import ScanScreen
from invoke_tui.tui.screens.scan_kind import KindScreen
from invoke_tui.tui.widgets.model_list import ModelList
from invoke_tui.tui.widgets.scan_list import ScanFolders, ScanList
from invoke_tui.tui.widgets.scan_path import ScanPath
from tests.tui.fake_client import FakeClient
from tests.tui.fake_models import a_find, a_model
from tests.tui.harness import connected, settle, words

if TYPE_CHECKING:
    from textual.pilot import Pilot

SIZE = (120, 40)
FINDS = [
    a_find("ink"),
    a_find("broken", "unreadable", reason="it would run posix.system when loaded"),
    a_find("here", "installed"),
    a_find("odd", "unknown", reason="no key is known", type="unknown", base="unknown", format="unknown"),
    a_find("paint", "changed"),
    a_find("clay"),
]


@pytest.fixture
def first_screen() -> str:
    return "models"


async def open_scan(app: InvokeTuiApp, pilot: Pilot[Any]) -> ScanScreen:
    await connected(pilot)
    await settle(pilot, lambda: app.screen.query_one(ModelList).models)
    await pilot.press("s")
    assert isinstance(app.screen, ScanScreen)
    return app.screen


def lines(rows: ScanList) -> list[str]:
    return [rows.render_line(y).text for y in range(rows.row_count)]


async def test_finds_stream_in_and_the_scan_outlives_its_window(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.finds = FINDS
    client.hold.clear()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_scan(app, pilot)
        screen.query_one(ScanPath).value = "/data"
        await pilot.press("enter")
        rows = screen.query_one(ScanList)
        await settle(pilot, lambda: rows.row_count == 5)
        assert client.calls == [("scan", "/data")]
        told = lines(rows)
        assert "new" in told[0]
        assert "220 MB" in told[0]
        assert "posix.system" in told[1]
        assert "no key is known" in told[3]
        assert "looking" in words(screen.query_one("#scan-counts", Static))
        await pilot.press("escape")
        models = app.screen
        assert isinstance(models, ModelsScreen)
        line = models.query_one("#scan-line", Static)
        await settle(pilot, lambda: "5 found, 1 new" in words(line))
        client.hold.set()
        await settle(pilot, lambda: not line.display)
        await pilot.press("s")
        again = app.screen.query_one(ScanList)
        await settle(pilot, lambda: again.row_count == 6)
        assert "done, 5.0 GB" in words(app.screen.query_one("#scan-counts", Static))


async def test_choose_and_install_some_while_others_fail(app: InvokeTuiApp, client: FakeClient) -> None:
    client.finds = FINDS
    client.refuse["/data/clay.safetensors"] = BadInputError("The disk is full.", hint="Make room.")
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_scan(app, pilot)
        screen.query_one(ScanPath).value = "/data"
        await pilot.press("enter")
        rows = screen.query_one(ScanList)
        await settle(pilot, lambda: rows.row_count == 6)
        chosen = screen.query_one("#scan-chosen", Static)
        await pilot.press("i")
        assert not [call for call in client.calls if call[0] == "install found"], "nothing was chosen"
        await pilot.press("space", "space", "space")
        await settle(pilot, lambda: "1 chosen" in words(chosen))
        await pilot.press("a")
        await settle(pilot, lambda: "3 chosen" in words(chosen))
        await pilot.press("n")
        await settle(pilot, lambda: "nothing" in words(chosen))
        await pilot.press("a", "i")
        await settle(pilot, lambda: screen._run is not None and screen._run.failed)
        await settle(pilot, lambda: rows.rows[0].status == "installed")
        assert rows.rows[4].status == "installed"
        assert "disk is full" in lines(rows)[5]
        await pilot.press("G")
        await settle(pilot, lambda: "Make room." in words(screen.query_one("#scan-word", Static)))
        client.refuse.clear()
        await pilot.press("c", "f", "a", "i")
        await settle(pilot, lambda: client.calls[-1] == ("install found", "/data/clay.safetensors", True, {}))


async def test_an_unknown_file_is_what_a_person_says(app: InvokeTuiApp, client: FakeClient) -> None:
    client.finds = FINDS
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_scan(app, pilot)
        screen.query_one(ScanPath).value = "/data"
        await pilot.press("enter")
        rows = screen.query_one(ScanList)
        await settle(pilot, lambda: rows.row_count == 6)
        await pilot.press("j", "j", "j", "e")
        await settle(pilot, lambda: isinstance(app.screen, KindScreen))
        await pilot.press("ctrl+g")
        assert isinstance(app.screen, KindScreen), "unknown is no type"
        app.screen.query_one("#kind-type").value = "lora"  # type: ignore[attr-defined]
        await pilot.press("ctrl+g")
        kind = {"type": "lora", "base": "unknown", "format": "unknown"}
        await settle(
            pilot, lambda: client.calls[-1] == ("install found", "/data/odd.safetensors", False, kind)
        )
        await settle(pilot, lambda: rows.rows[3].status == "installed")


async def test_cancel_and_errors_are_said(app: InvokeTuiApp, client: FakeClient) -> None:
    client.finds = FINDS
    client.hold.clear()
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_scan(app, pilot)
        screen.query_one(ScanPath).value = "/data"
        await pilot.press("enter")
        await settle(pilot, lambda: screen.query_one(ScanList).row_count == 5)
        await pilot.press("x")
        counts = screen.query_one("#scan-counts", Static)
        await settle(pilot, lambda: "canceled" in words(counts))
        client.refuse["scan"] = BadInputError("/nowhere is no folder.", hint="Give one that is there.")
        await pilot.press("slash")
        screen.query_one(ScanPath).value = "/nowhere"
        await pilot.press("enter")
        await settle(pilot, lambda: "failed" in words(counts))
        await settle(pilot, lambda: "one that is there" in words(screen.query_one("#scan-word", Static)))


async def test_remembered_folders_and_the_folder_of_a_missing_model(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.folders = [
        ScanFolder(path=path, kind="a1111", scanned_at="2026-03-01T10:00:00", summary=ScanSummary(total=7))
        for path in ("/old/one", "/old/two")
    ]
    client.records.append(a_model("gone", "gone", missing=True, path="/mnt/usb/gone.safetensors"))
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_scan(app, pilot)
        folders = screen.query_one(ScanFolders)
        await settle(pilot, lambda: folders.row_count == 2)
        assert "A1111" in folders.render_line(0).text
        await pilot.press("down")
        assert folders.has_focus
        await pilot.press("d")
        await settle(pilot, lambda: folders.row_count == 1)
        await pilot.press("escape")
        app.screen.query_one(ModelList).choose("gone")
        await pilot.press("s")
        assert app.screen.query_one(ScanPath).value == "/mnt/usb/"
        await pilot.press("shift+home", "delete", "enter")
        await settle(pilot, lambda: client.calls[-1] == ("scan",))


async def test_tab_completes_a_path(app: InvokeTuiApp, tmp_path: Path) -> None:
    for name in ("models/loras", "models/lycoris", "music", "models/lora\x1b[2Js", ".hidden"):
        (tmp_path / "home" / name).mkdir(parents=True)
    (tmp_path / "home" / "models" / "file").write_text("x")
    home = f"{tmp_path}/home"
    assert complete.folders(f"{home}/") == ["models", "music"]
    assert complete.folders(f"{home}/.h") == [".hidden"]
    assert complete.folders(f"{home}/models/l") == ["loras", "lycoris"], (
        "names that cannot be shown are left out"
    )
    assert complete.folders("/no/such/") == []
    async with app.run_test(size=SIZE) as pilot:
        screen = await open_scan(app, pilot)
        field: Input = screen.query_one(ScanPath)
        field.value = f"{home}/mo"
        field.cursor_position = len(field.value)
        await pilot.press("tab")
        await settle(pilot, lambda: field.value == f"{home}/models/")
        await pilot.press("l", "tab")
        await settle(pilot, lambda: "loras/  lycoris/" in words(screen.query_one("#scan-hint", Static)))
        assert field.value == f"{home}/models/l"
        assert field.has_focus
        await pilot.press("y", "tab")
        await settle(pilot, lambda: field.value == f"{home}/models/lycoris/")
        await pilot.press("tab")
        await settle(pilot, lambda: not field.has_focus)
