"""Which way a model goes: off the list, or off the disk too."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.widgets.fields import SmallButton

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord


class DeleteModelScreen(ModalScreen[str], inherit_bindings=False):
    """Answers ``record``, ``files`` or nothing; nothing is where the focus is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('record')", "Off the list", id="delete.record"),
        Binding("f", "answer('files')", "With its files", id="delete.files"),
        Binding("n,escape", "answer('')", "Leave it", id="delete.leave"),
        Binding("tab,right", "app.focus_next", "Next", show=False, id="delete.next"),
        Binding("shift+tab,left", "app.focus_previous", "Previous", show=False, id="delete.previous"),
    ]
    AUTO_FOCUS = "#leave"

    def __init__(self, name: str, model: ModelRecord, *, files: bool) -> None:
        """``name`` is safe to show; ``files`` says whether its files are ours to delete."""
        super().__init__()
        self._called = name
        self._model = model
        self._files = files

    def compose(self) -> ComposeResult:
        """Question and answers."""
        where = safe_text(self._model.path, limit=400)
        if self._model.missing:
            about = f"Its files are gone already: {where}"
        elif self._files:
            about = f"Its files lie in the models folder: {where}"
        else:
            about = f"Its files are used in place and stay: {where}"
        with Vertical(classes="dialog"):
            yield Static(
                Content.assemble(("Take ", ""), (self._called, "bold"), f" off the list?\n{about}"),
                classes="dialog-text",
            )
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(
                    " y  Off the list ", help_text="The record goes, its files stay.", id="record"
                )
                if self._files:
                    yield SmallButton(" f  With its files ", help_text="Asks once more.", id="files")
                yield SmallButton(" n  Leave it ", help_text="Go back.", id="leave")

    @on(SmallButton.Pressed)
    def _pressed(self, event: SmallButton.Pressed) -> None:
        self.dismiss("" if event.button.id == "leave" else event.button.id)

    def action_answer(self, answer: str) -> None:
        """By key."""
        if answer != "files" or self._files:
            self.dismiss(answer)
