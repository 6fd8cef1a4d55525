"""Looking after the gallery's files from its screen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from invoke_tui.domain.events import KeepingChanged
from invoke_tui.domain.gallery.keeping import BackupFile, Finding, Step
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.gallery.choose import ChooseScreen
from invoke_tui.tui.gallery.keeping import screen as keeping
from invoke_tui.tui.gallery.keeping.arrange import ArrangeScreen
from invoke_tui.tui.gallery.keeping.findings import FindingRows, FindingsScreen
from invoke_tui.tui.gallery.keeping.screen import HousekeepingScreen
from invoke_tui.tui.gallery.screen import GalleryScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words


@pytest.fixture
def first_screen() -> str:
    return "gallery"


@pytest.fixture
def client() -> FakeClient:
    fake = FakeClient()
    fake.crowd = 40
    fake.findings = [
        Finding(kind="missing", file="a.png"),
        Finding(kind="missing", file="b\x1b[31m.png"),
        Finding(kind="damaged", file="c.png", reason="it is cut off"),
    ]
    return fake


def said(pilot: Pilot[Any], selector: str) -> str:
    return words(pilot.app.screen.query_one(selector, Static))


async def test_a_check_goes_on_unseen_tells_what_it_found_and_mends_what_is_chosen(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    client.may_end.clear()
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        gallery = cast("GalleryScreen", app.screen)
        await settle(pilot, lambda: gallery.grid.pages.total)
        await pilot.press("F", "enter")
        await settle(pilot, lambda: "300 of 3,000" in said(pilot, "#keeping-progress"))
        assert "3,000 pictures 4.2 GB" in said(pilot, "#keeping-space")
        await pilot.press("escape")
        client.send(KeepingChanged(verb="verify", step=Step(doing="reading pictures", done=301, total=3_000)))
        await settle(pilot, lambda: "301 of 3,000" in words(gallery.query_one("#gallery-line", Static)))
        await pilot.press("F")
        await settle(pilot, lambda: "300 of 3,000" in said(pilot, "#keeping-progress"))
        client.may_end.set()
        await settle(pilot, lambda: "2 without their files, 1 damaged" in said(pilot, "#keeping-progress"))
        await pilot.press("g", "enter")
        await settle(pilot, lambda: isinstance(app.screen, FindingsScreen))
        assert app.screen.query_one(FindingRows).size.height == 2
        assert "takes it off the list" in said(pilot, "#finding-files")
        assert "\x1b" not in said(pilot, "#finding-files")
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await settle(pilot, lambda: isinstance(app.screen, FindingsScreen))
        assert "b.png: taken off the list" in said(pilot, "#finding-files")
        repair = ("keep", "verify", {"repair": True, "kinds": ["missing"]})
        assert [call for call in client.calls if call[0] == "keep"] == [("keep", "verify", {}), repair]
        await pilot.press("escape")
        await settle(pilot, lambda: isinstance(app.screen, HousekeepingScreen))
        assert "2 repaired, 1 left" in said(pilot, "#keeping-progress")
        client.reports["arrange"] = {"moved": 1, "in_place": 2}
        await pilot.press(*["down"] * 4, "enter")
        await settle(pilot, lambda: isinstance(app.screen, ArrangeScreen))
        await pilot.press(*"{seed}")
        await settle(pilot, lambda: "→ {seed}/a.png" in said(pilot, "#arrange-plan"))
        await pilot.press("ctrl+g")
        await settle(pilot, lambda: "1 moved, 2 lay right." in said(pilot, "#keeping-progress"))


async def test_a_backup_is_put_back_to_its_end_while_its_window_is_closed(
    app: InvokeTuiApp, client: FakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = tmp_path / "saved.db"
    backup.touch()
    client.backup_list = [BackupFile(path=str(backup), size=8_000_000)]
    done: list[str] = []
    may_end = asyncio.Event()

    async def shutdown() -> None:
        done.append("stopped")

    async def offline(paths: object, verb: str, file: str) -> dict[str, Any]:
        await may_end.wait()
        done.append(f"{verb} {file}")
        return {"kept": "/srv/before.db"}

    client.shutdown = shutdown  # type: ignore[attr-defined]
    monkeypatch.setattr(keeping, "offline", offline)
    async with app.run_test(size=(80, 24)) as pilot:
        await connected(pilot)
        await pilot.press("F")
        await settle(pilot, lambda: "4.2 GB" in said(pilot, "#keeping-space"))
        await pilot.press("g", *["down"] * 6, "enter")
        await settle(pilot, lambda: isinstance(app.screen, ChooseScreen))
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await settle(pilot, lambda: done == ["stopped"])
        await pilot.press("escape")
        await settle(pilot, lambda: isinstance(app.screen, GalleryScreen))
        may_end.set()
        await settle(pilot, lambda: any("/srv/before.db" in one.message for one in app._notifications))
        assert done == ["stopped", f"restore {backup}"]
