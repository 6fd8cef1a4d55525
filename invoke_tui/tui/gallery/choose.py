"""One of many, found by typing."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.prompts.dialog import Finder, PromptDialog
from invoke_tui.tui.widgets.model_rows import Rows, cell


class Choice(NamedTuple):
    """A line to choose."""

    key: str
    label: str
    note: str = ""


class Chosen(NamedTuple):
    """The key of a line, or what was typed where no line was meant."""

    key: str | None
    typed: str = ""


class ChoiceRows(Rows):
    """The lines that have the letters typed."""

    def __init__(self, choices: list[Choice]) -> None:
        super().__init__(id="choices")
        self._choices = self._shown = choices

    @property
    def row_count(self) -> int:
        """Lines there are."""
        return len(self._shown)

    @property
    def choice(self) -> Choice | None:
        """The line under the cursor."""
        return self._shown[self.cursor] if self.cursor < len(self._shown) else None

    def show(self, typed: str, own: str) -> None:
        """Lines with these letters, and, where ``own`` says what it would be, one for what was typed."""
        wanted = typed.strip().lower()
        self._shown = [one for one in self._choices if wanted in one.label.lower()]
        if own and wanted and not any(one.label.lower() == wanted for one in self._shown):
            self._shown = [*self._shown, Choice("", own.format(typed.strip()))]
        self.rearrange(cursor=0)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Label and note."""
        choice = self._shown[index]
        note = safe_text(choice.note, limit=40)
        label = cell(safe_text(choice.label, limit=300), max(1, width - len(note) - 4))
        return Content.assemble(" ", label, "  ", (note, "" if plain else "$text-muted"), " ")


class ChooseScreen(PromptDialog[Chosen | None]):
    """Answers a line; ``own`` is how a line for what was typed reads, with ``{}`` for it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "take", "Take", show=False, id="choose.take")]
    AUTO_FOCUS = "Input"
    help_title = "Choose"

    def __init__(self, title: str, choices: list[Choice], *, own: str = "", help_text: str = "") -> None:
        super().__init__()
        self._title, self._own, self.help_text = title, own, help_text
        self._rows = ChoiceRows(choices)

    def compose(self) -> ComposeResult:
        """What is typed, and the lines."""
        with Vertical(classes="dialog -form", id="choose"):
            yield Static(Content(self._title), classes="dialog-title")
            yield Finder(self._rows, placeholder="type to find", id="choose-find", help_text=self.help_text)
            yield self._rows
            yield Static(Content("↑ ↓ choose   enter take   esc back"), classes="dialog-keys")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._rows.show(event.value, self._own)

    @on(Input.Submitted)
    @on(Rows.Opened)
    def action_take(self) -> None:
        """Answer the line under the cursor."""
        choice = self._rows.choice
        if choice is not None:
            self.dismiss(Chosen(choice.key or None, self.query_one(Input).value.strip()))
