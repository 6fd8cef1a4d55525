"""What the dialogs of the prompt tools share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar, cast

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.widgets.fields import Toggle
from invoke_tui.tui.widgets.model_rows import Rows

if TYPE_CHECKING:
    from invoke_tui.domain.errors import StudioError
    from invoke_tui.tui.base import StudioApp

Answer = TypeVar("Answer")
TYPED: Final = 0.15
"""Seconds of quiet before something is made of what was typed."""


class PromptDialog(ModalScreen[Answer], Generic[Answer], inherit_bindings=False):
    """A window of a prompt tool; escape answers nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings("dialog"),
        Binding("tab", "app.focus_next", "Next", show=False, id="tool.next"),
        Binding("shift+tab", "app.focus_previous", "Previous", show=False, id="tool.previous"),
    ]
    AUTO_FOCUS = ""

    @property
    def studio(self) -> StudioApp:
        """The app, as what it is."""
        return cast("StudioApp", self.app)

    def dismiss(self, result: Answer | None = None) -> AwaitComplete:
        """Answer; what is still being fetched has nothing left to be shown in."""
        for node in (self, *self.walk_children()):
            self.workers.cancel_node(node)
        return super().dismiss(result)

    def action_close(self) -> None:
        """Answer nothing."""
        self.dismiss(None)


def labelled(label: str, *fields: Widget) -> Horizontal:
    """A line of a window: what it is about, and the fields for it."""
    return Horizontal(Static(Content(label), classes="tool-label"), *fields, classes="tool-pair")


class Either(Toggle, inherit_bindings=False):
    """One of two, both in words; enter is the dialog's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,left,right", "flip", "Change", show=False, id="form.either"),
    ]

    def __init__(self, yes: str, no: str, *, value: bool, help_text: str, id: str) -> None:
        super().__init__(f"{yes}   ○ {no}", value=value, help_text=help_text, id=id)
        self._yes, self._no = yes, no

    def render(self) -> Content:
        """``◉ this   ○ that``."""
        on, off = (
            ("◉ ", "" if self.has_focus else "$text-accent"),
            ("○ ", "" if self.has_focus else "$text-muted"),
        )
        first, second = (on, off) if self.value else (off, on)
        return Content.assemble(first, self._yes, "   ", second, self._no)


class Finder(Input):
    """A field above a list: what is typed looks for lines, up and down go through them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "list('step', -1)", "Up", show=False, id="finder.up"),
        Binding("down", "list('step', 1)", "Down", show=False, id="finder.down"),
        Binding("pageup", "list('page', -1)", "Page up", show=False, id="finder.page_up"),
        Binding("pagedown", "list('page', 1)", "Page down", show=False, id="finder.page_down"),
    ]

    def __init__(self, rows: Rows, *, placeholder: str, id: str, help_text: str) -> None:
        super().__init__(placeholder=placeholder, compact=True, max_length=200, id=id)
        self.help_text = help_text
        self._rows = rows

    def action_list(self, how: str, by: int) -> None:
        """Move in the list while typing."""
        move = self._rows.action_step if how == "step" else self._rows.action_page
        move(by)


def told(error: StudioError) -> Content:
    """What went wrong, and what to do next."""
    hint = safe_text(error.hint, limit=600)
    return Content.assemble(
        (f"✗ {safe_text(error.message, limit=600)}", "$text-error"),
        (f"\n{hint}" if hint else "", "$text-muted"),
    )
