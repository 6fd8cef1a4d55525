"""A letter on every field; the letter goes there."""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.tui.modal import ModalScreen

HOME = "asdfghjkl"
LETTERS = HOME + "".join(sorted(set(ascii_lowercase) - set(HOME))) + digits + ascii_uppercase


class JumpScreen(ModalScreen[Widget | None], inherit_bindings=False):
    """Draws the letters over the screen below."""

    AUTO_FOCUS = ""

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._targets = dict(zip(LETTERS, _targets(below), strict=False))

    def compose(self) -> ComposeResult:
        """One label per field, and a word at the bottom."""
        for letter, widget in self._targets.items():
            label = Static(Content(f" {letter} "), classes="jump-letter")
            label.styles.offset = widget.region.offset
            yield label
        yield Static(Content(" Press a letter to go there, esc to stay. "), id="jump-hint")

    def on_key(self, event: events.Key) -> None:
        """A letter goes, anything else stays."""
        event.stop()
        event.prevent_default()
        self.dismiss(self._targets.get(event.character or ""))


def _targets(screen: Screen[Any]) -> list[Widget]:
    """Everything that can take the focus and can be seen."""
    return [widget for widget in screen.focus_chain if screen.find_widget(widget).visible_region]
