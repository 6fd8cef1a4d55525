"""Work beside the keyboard that ends after what it was for."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import cast

import pytest
from textual.app import App, ComposeResult
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import WorkerFailed

import invoke_tui.tui
from invoke_tui.tui.beside import alongside


class Slow(Static):
    """Goes when its siblings are gone, and what was waited for comes meanwhile."""

    async def on_unmount(self) -> None:
        """Let the others go."""
        while self.screen.query("#word"):
            await asyncio.sleep(0)
        cast("Showing", self.screen).came.set()
        await asyncio.sleep(0.01)


class Showing(Screen[None]):
    """A screen that shows in a word of its what it has been waiting for."""

    def __init__(self) -> None:
        super().__init__()
        self.came = asyncio.Event()

    def compose(self) -> ComposeResult:
        """A word, and what takes its time to go."""
        yield Static(id="word")
        yield Slow()

    def on_mount(self) -> None:
        """Wait beside the keyboard."""
        alongside(self, "show", self._show)

    async def _show(self) -> None:
        await self.came.wait()
        self.query_one("#word", Static).update("came")


class Listening(Showing):
    """A screen that begins to listen once what it has been waiting for is there."""

    async def _show(self) -> None:
        await self.came.wait()
        while self.is_running:
            await asyncio.sleep(0)
        self.app.theme_changed_signal.subscribe(self, print)


async def end_without_its_word(screen: Showing) -> None:
    await screen.query("#word").remove()
    screen.came.set()
    await asyncio.sleep(0)


async def test_what_comes_when_the_screen_is_gone_is_no_error() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        await app.push_screen(screen := Showing())
        await pilot.pause()
        await app.pop_screen()
        assert screen.came.is_set()


@pytest.mark.parametrize("kind", [Showing, Listening])
async def test_what_comes_when_the_application_is_gone_is_no_error(kind: type[Showing]) -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        await app.push_screen(screen := kind())
        await pilot.pause()
    assert screen.came.is_set()


async def test_what_is_missing_on_a_screen_that_is_there_is_one() -> None:
    app: App[None] = App()
    with pytest.raises(WorkerFailed) as failed:
        async with app.run_test() as pilot:
            await app.push_screen(screen := Showing())
            await pilot.pause()
            await end_without_its_word(screen)
    assert isinstance(failed.value.error, NoMatches)


def test_every_worker_is_started_that_way() -> None:
    """But the one that writes the session, in a thread."""
    folder = Path(invoke_tui.tui.__path__[0])
    starting = re.compile(r"\.run_worker\(|@work\b")
    found = {
        str(file.relative_to(folder)) for file in folder.rglob("*.py") if starting.search(file.read_text())
    }
    assert found == {"base.py", "beside.py"}
