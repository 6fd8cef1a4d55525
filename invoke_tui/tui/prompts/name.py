"""What something is to be called."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.tui.prompts.dialog import PromptDialog
from invoke_tui.tui.widgets.fields import Field, Toggle


class Named(NamedTuple):
    """A name, and whether the switch below it is on."""

    name: str
    switched: bool


class Switch(Toggle, inherit_bindings=False):
    """A switch that leaves enter to its window."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "flip", "Change", show=False, id="form.switch"),
    ]


class NameScreen(PromptDialog[Named]):
    """Answers a name, and what the switch says where there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "keep", "Keep", show=False, id="name.keep")]
    help_title = "A name"
    AUTO_FOCUS = "Input"

    def __init__(
        self, title: str, value: str = "", *, limit: int = 200, switch: str = "", help_text: str = ""
    ) -> None:
        super().__init__()
        self._title, self._value, self._limit = title, value, limit
        self._switch, self._help = switch, help_text

    def compose(self) -> ComposeResult:
        """The name, and the switch."""
        with Vertical(classes="dialog -form"):
            yield Static(Content(self._title), classes="dialog-title")
            name = Input(self._value, placeholder="what to call it", max_length=self._limit, compact=True)
            yield Field("Name", name)
            if self._switch:
                yield Switch(self._switch, help_text=self._help, id="name-switch")
            keys = f"enter keep   {'tab space switch   ' if self._switch else ''}esc back"
            yield Static(Content(keys), classes="dialog-keys")

    @on(Input.Submitted)
    def action_keep(self) -> None:
        """Answer, once there is a name."""
        if name := self.query_one(Input).value.strip():
            self.dismiss(Named(name, any(switch.value for switch in self.query(Switch))))
