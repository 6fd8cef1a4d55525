"""Boards, pictures or details: what a narrow terminal shows one at a time."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

PANES: Final = ("boards", "pictures", "details")


class Panes(Widget):
    """Three words in one line; a click or F6 changes."""

    ALLOW_SELECT: ClassVar[bool] = False
    pane: reactive[str] = reactive("pictures")

    class Chosen(Message):
        """The person chose one."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    @property
    def _share(self) -> int:
        return max(8, self.size.width // len(PANES))

    def render(self) -> Content:
        """All of them, the current one marked."""
        return Content.assemble(
            *(
                (
                    pane.capitalize().center(self._share),
                    "bold $primary on $surface" if pane == self.pane else "$text-muted",
                )
                for pane in PANES
            )
        )

    def on_click(self, event: events.Click) -> None:
        """The word that is clicked at."""
        self.post_message(self.Chosen(PANES[min(event.x // self._share, len(PANES) - 1)]))
