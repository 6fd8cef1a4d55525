"""The prompts that were used, on screen: found, put back, pinned, forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from textual.pilot import Pilot

from invoke_tui.domain.errors import UnreachableError
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.history import HistoryScreen
from invoke_tui.tui.screens.generate import GenerateScreen
from invoke_tui.tui.words import when
from tests.tui.fake_client import FakeClient
from tests.tui.fake_library import a_prompt
from tests.tui.harness import connected, settle, words

FOX = a_prompt("a red fox++ in deep snow", "blurry", id=2)
HARBOUR = a_prompt("a quiet harbour\nat \x1b[31mdawn", id=1)


async def opened(pilot: Pilot[Any], *keys: str) -> HistoryScreen:
    """The window, once it has its list."""
    await connected(pilot)
    await pilot.press("ctrl+r")
    await settle(pilot, lambda: isinstance(pilot.app.screen, HistoryScreen))
    screen = cast("HistoryScreen", pilot.app.screen)
    await settle(pilot, lambda: words(screen.query_one("#pick-count")))
    await pilot.press(*keys)
    await pilot.pause()
    return screen


def prompts(app: InvokeTuiApp) -> tuple[str, str]:
    panel = cast("GenerateScreen", app.screen).prompts
    return panel.positive.text, panel.negative.text


async def test_yesterdays_prompt_is_found_and_put_back(app: InvokeTuiApp, client: FakeClient) -> None:
    client.history = [HARBOUR, FOX]
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, *"fx snw")
        await settle(pilot, lambda: len(screen.rows.entries) == 1)
        assert "a red fox++ in deep snow" in words(screen.query_one("#pick-word"))
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))
        assert prompts(app) == ("a red fox++ in deep snow", "blurry")
        panel = cast("GenerateScreen", app.screen).prompts
        assert panel.positive.has_focus
        panel.positive.undo()
        assert panel.positive.text == ""
        panel.negative.load_text("mine")
        await opened(pilot, "down", "tab")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))
        assert prompts(app) == ("a red fox++ in deep snow", "mine")


async def test_pins_come_first_and_what_is_forgotten_is_gone(app: InvokeTuiApp, client: FakeClient) -> None:
    client.history = [HARBOUR, FOX]
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        assert "a quiet harbour at dawn" in str(screen.rows.row(0, 70, plain=False))
        assert "\x1b" not in words(screen.query_one("#pick-word"))
        await pilot.press("down", "alt+p")
        await settle(pilot, lambda: screen.rows.entries[0].id == FOX.id)
        assert screen.chosen.pinned
        assert "★" in str(screen.rows.row(0, 60, plain=False))
        await pilot.press("x", "home", "delete")
        assert screen.search.value == "", "delete is about a letter where there is one"
        await settle(pilot, lambda: len(screen.rows.entries) == 2)
        await pilot.press("down", "delete")
        await settle(pilot, lambda: len(screen.rows.entries) == 1)
        assert client.history == [FOX.model_copy(update={"pinned": True})]
        await pilot.press("delete")
        await settle(pilot, lambda: "Nothing was made yet" in words(screen.query_one("#pick-word")))
        client.refuse["history"] = UnreachableError("The studio is not running.")
        await pilot.press("x")
        await settle(pilot, lambda: "not running" in words(screen.query_one("#pick-word")))
        await pilot.press("enter", "alt+p", "delete", "escape")
        await settle(pilot, lambda: isinstance(app.screen, GenerateScreen))


def test_moments_as_people_say_them() -> None:
    now = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
    said = [when(now - timedelta(days=days, hours=2), now) for days in (0, 1, 3, 40, 400)]
    assert said == ["today 07:30", "yesterday 07:30", "Monday 07:30", "31 Jan 07:30", "5 Feb 2025"]
    assert when(now + timedelta(hours=2), now) == "today 11:30"
