"""What a file is that nobody could identify."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Select, Static

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.model_words import format_word, type_word
from invoke_tui.tui.widgets.fields import Field, SmallButton

if TYPE_CHECKING:
    from invoke_tui.domain.models.scan import ScanEntry


_IDS: Final = {
    "type": [one.value for one in ModelType],
    "base": [one.value for one in BaseModelType],
    "format": [one.value for one in ModelFormat],
}
_WORDS: Final[dict[str, Callable[[str], str]]] = {"type": type_word, "base": str, "format": format_word}


def kind_choice(name: str, value: str) -> Select[str]:
    """A choice among the ids of InvokeAI's taxonomy: ``type``, ``base`` or ``format``."""
    options = [(Text(_WORDS[name](one)), one) for one in _IDS[name]]
    select: Select[str] = Select(options, value=value, allow_blank=False, compact=True, id=f"kind-{name}")
    select.help_text = f"The {name} in InvokeAI's words. Enter opens the list, letters search in it."  # type: ignore[attr-defined]
    return select


class KindScreen(ModalScreen[dict[str, str]], inherit_bindings=False):
    """Type, base and format by hand; answers them, or nothing."""

    place: ClassVar[actions.Place] = "edit"
    places: ClassVar[tuple[actions.Place, ...]] = ("edit", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("edit"), *actions.bindings("dialog")]
    AUTO_FOCUS = "#kind-type"
    help_title = "Say what it is"
    help_text = (
        "What you say stays, whatever a later scan thinks. A wrong kind does no harm: it cannot be loaded."
    )

    def __init__(self, entry: ScanEntry) -> None:
        super().__init__()
        self._entry = entry

    def compose(self) -> ComposeResult:
        """What it looks like, and three choices."""
        entry = self._entry
        with Vertical(classes="dialog -form"):
            yield Static(
                Content(f"What is {safe_text(entry.name or entry.path, limit=80)}?"), classes="dialog-title"
            )
            if entry.reason:
                yield Static(Content(safe_text(entry.reason, limit=400)), classes="dialog-note")
            yield Field("Type", kind_choice("type", entry.type.value))
            yield Field("Base", kind_choice("base", entry.base.value))
            yield Field("Format", kind_choice("format", entry.format.value))
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(" Install ^g ", help_text="Puts it on the list as this.", id="save")
                yield SmallButton(" Leave it esc ", help_text="Go back.", id="close")

    @on(SmallButton.Pressed, "#save")
    def action_save(self) -> None:
        """Answer."""
        chosen = {
            name: str(self.query_one(f"#kind-{name}", Select).value) for name in ("type", "base", "format")
        }
        if chosen["type"] == ModelType.UNKNOWN:
            self.notify("Say at least its type.", timeout=2, markup=False)
            return
        self.dismiss(chosen)

    @on(SmallButton.Pressed, "#close")
    def action_close(self) -> None:
        """Answer nothing."""
        self.dismiss(None)
