"""One question before something that cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.widgets.fields import SmallButton


class ConfirmScreen(ModalScreen[bool], inherit_bindings=False):
    """Yes or no; no is where the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes", id="confirm.yes"),
        Binding("n,escape", "answer(False)", "No", id="confirm.no"),
        Binding("tab,right,left", "app.focus_next", "Other", show=False, id="confirm.other"),
    ]
    AUTO_FOCUS = "#no"

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._question = question
        self._yes = yes

    def compose(self) -> ComposeResult:
        """Question and two answers."""
        with Vertical(classes="dialog"):
            yield Static(Content(self._question), classes="dialog-text")
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(f" y  {self._yes} ", help_text="Do it.", id="yes")
                yield SmallButton(" n  Leave it ", help_text="Go back.", id="no")

    @on(SmallButton.Pressed)
    def _pressed(self, event: SmallButton.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, sure: bool) -> None:
        """By key."""
        self.dismiss(sure)
