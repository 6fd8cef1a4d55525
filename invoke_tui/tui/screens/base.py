"""What every screen has: the bar above, the status line and the keys below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from invoke_tui.tui.actions import Place
from invoke_tui.tui.widgets.key_line import KeyLine
from invoke_tui.tui.widgets.navigation import NavigationBar
from invoke_tui.tui.widgets.status_bar import StatusBar

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.messages import LinkChanged


class StudioScreen(Screen[None], inherit_bindings=False):
    """A screen of the studio."""

    place: ClassVar[Place]
    """Where its actions are declared."""
    places: ClassVar[tuple[Place, ...]]
    """Its place and those of the widgets on it."""
    help_title: ClassVar[str] = ""
    help_text: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        # a new screen is styled as it is mounted; Textual would read all style sheets again for it, twice
        self._css_update_count = self.app._css_update_count

    @property
    def studio(self) -> StudioApp:
        """The app, as what it is."""
        return cast("StudioApp", self.app)

    @property
    def current(self) -> str:
        """The screen the bar above marks."""
        return self.place

    def compose(self) -> ComposeResult:
        """Bar, body, status, keys."""
        yield NavigationBar(self.current)
        yield from self.body()
        yield StatusBar()
        yield KeyLine()

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    async def on_mount(self) -> None:
        """Listen to the daemon."""
        self.studio.link_changes.subscribe(self, self.link_changed)
        if self.studio.ready:
            await self.furnish()

    async def furnish(self) -> None:
        """Put in what needs the settings, the records or the daemon. Called once, when they are there."""

    def link_changed(self, change: LinkChanged) -> None:
        """The connection to the daemon changed."""
