"""An app over the fake studio."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from textual.pilot import Pilot
from textual.widget import Widget

from invoke_tui.config.paths import locate
from invoke_tui.tui import session
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.pictures.detect import TerminalGraphics
from tests.tui.fake_client import FakeClient

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient

PATIENCE = 60.0
"""Seconds; waiting ends with what is waited for, so that only a broken program or an overloaded machine notices."""


def make_app(
    root: Path,
    client: FakeClient | None = None,
    *,
    graphics: TerminalGraphics | None = None,
    screen: str = "generate",
    **settings: Any,
) -> InvokeTuiApp:
    """An app whose studio is ``client``; its root is a folder of its own, and its last session ended on ``screen``."""
    fake = client or FakeClient()

    async def connect() -> StudioClient:
        return cast("StudioClient", fake)

    locate(root).state_dir.mkdir(parents=True, exist_ok=True)
    if screen != "generate":
        session.save(locate(root).session_file, session.Session(screen=screen))
    return InvokeTuiApp(root, settings, graphics or TerminalGraphics("blocks"), connect=connect)


async def settle(pilot: Pilot[Any], condition: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    """Wait until ``condition`` holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await pilot.pause(0.02)
    await pilot.pause()


async def connected(pilot: Pilot[Any]) -> None:
    """Wait until the app has the studio's first snapshot and its models."""
    app = cast("InvokeTuiApp", pilot.app)
    await settle(pilot, lambda: app.link_state == "connected")
    await pilot.pause(0.1)


def words(widget: Widget) -> str:
    """What a static widget says."""
    return str(widget.render())
