"""What a person thinks of a picture."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from invoke_tui.tui.prompts.dialog import PromptDialog


class NotesScreen(PromptDialog[str | None]):
    """Answers the notes as they are to be."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+g,f5,alt+enter", "keep", "Keep", show=False, priority=True, id="notes.keep"),
    ]
    AUTO_FOCUS = "TextArea"
    help_title = "Notes"
    help_text = "A few words of your own; the filter finds them. ^g keeps them, esc leaves them as they were."

    def __init__(self, title: str, notes: str) -> None:
        super().__init__()
        self._title, self._notes = title, notes

    def compose(self) -> ComposeResult:
        """The text."""
        with Vertical(classes="dialog -form"):
            yield Static(Content(self._title), classes="dialog-title")
            yield TextArea(self._notes, id="notes", soft_wrap=True, compact=True)
            yield Static(Content("^g keep   esc back"), classes="dialog-keys")

    def action_keep(self) -> None:
        """Answer."""
        self.dismiss(self.query_one(TextArea).text.strip())
