"""The bar at the top: our name, the screens there are, and the line to the studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.messages import LinkChanged, LinkState

TABS: Final = (
    ("generate", "1", "Generate"),
    ("gallery", "2", "Gallery"),
    ("models", "5", "Models"),
    ("queue", "6", "Queue"),
    ("monitor", "7", "Monitor"),
)
LINK_WORDS: Final[dict[LinkState, str]] = {
    "starting": "studio starting…",
    "connected": "studio connected",
    "lost": "studio lost, trying again…",
}


class Tab(Static):
    """One screen; a click goes there."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, screen: str, number: str, label: str, *, current: bool) -> None:
        content = Content.assemble((f" {number} ", "$text-muted"), (label, "bold" if current else ""), " ")
        super().__init__(content, classes="-current" if current else "", id=f"tab-{screen}")
        self._screen = screen

    async def on_click(self, event: events.Click) -> None:
        """Go to the screen."""
        event.stop()
        await cast("StudioApp", self.app).action_go(self._screen)


class LinkLight(Static):
    """How the line to the studio is."""

    def on_mount(self) -> None:
        """Follow the link."""
        app = cast("StudioApp", self.app)
        app.link_changes.subscribe(self, self._changed)
        self._show(app.link_state)

    def _changed(self, change: LinkChanged) -> None:
        self._show(change.state)

    def _show(self, state: LinkState) -> None:
        self.remove_class("-starting", "-connected", "-lost").add_class(f"-{state}")
        self.update(Content(LINK_WORDS[state]))


class NavigationBar(Horizontal):
    """Name, screens, link."""

    def __init__(self, current: str) -> None:
        super().__init__()
        self._current = current

    def compose(self) -> ComposeResult:
        """Name, one tab per screen, link."""
        yield Static(Content(" ◆ invoke "), id="brand")
        for screen, number, label in TABS:
            yield Tab(screen, number, label, current=screen == self._current)
        yield LinkLight(id="link")
