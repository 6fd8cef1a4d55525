"""The controls of a form, one line high each."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Label, Static

if TYPE_CHECKING:
    from rich.console import RenderableType

    from invoke_tui.tui.form_spec import FieldSpec


class NumberField(Input):
    """A number that up, down, plus and minus change; empty means the value shown dim."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(1)", "More", show=False, id="form.more"),
        Binding("down", "step(-1)", "Less", show=False, id="form.less"),
        Binding("pageup", "step(10)", "Much more", show=False, id="form.much_more"),
        Binding("pagedown", "step(-10)", "Much less", show=False, id="form.much_less"),
    ]

    def __init__(self, spec: FieldSpec) -> None:
        sign = "-?" if spec.minimum is not None and spec.minimum < 0 else ""
        super().__init__(
            placeholder=spec.fallback,
            restrict=sign + (r"[0-9]*" if spec.kind == "integer" else r"[0-9]*\.?[0-9]*"),
            max_length=12,
            compact=True,
            select_on_focus=True,
            id=f"field-{spec.name}",
        )
        self.spec = spec
        self.help_text = f"{spec.help}. Up and down or + and − change it; empty means the dim value."

    def on_key(self, event: events.Key) -> None:
        """Plus and minus step, as in other studios; where a number can be negative, minus begins one."""
        if event.character == "-" and (self.spec.minimum or 0) < 0:
            return
        if event.character in ("+", "-"):
            event.prevent_default()
            event.stop()
            self.action_step(1 if event.character == "+" else -1)

    def action_step(self, direction: int) -> None:
        """The next value up or down."""
        if not self.disabled:
            self.value = self.spec.stepped(self.value, self.placeholder_text, direction)
            self.cursor_position = len(self.value)

    @property
    def placeholder_text(self) -> str:
        """What applies while the field is empty."""
        return str(self.placeholder)


class Toggle(Widget, can_focus=True):
    """On or off, in words and a mark."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "flip", "Toggle", show=False, id="form.toggle"),
    ]
    value: reactive[bool] = reactive(False)

    class Changed(Message):
        """The person changed it."""

        def __init__(self, toggle: Toggle, value: bool) -> None:
            super().__init__()
            self.toggle = toggle
            self.value = value

        @property
        def control(self) -> Toggle:
            """For ``@on`` with a selector."""
            return self.toggle

    def __init__(self, label: str, *, value: bool = False, help_text: str = "", id: str) -> None:
        super().__init__(id=id)
        self._label = label
        self.set_reactive(Toggle.value, value)
        self.help_text = f"{help_text}. Space changes it."

    def render(self) -> Content:
        """``◉ random`` or ``○ random``."""
        mark = ("◉ ", "$text-accent") if self.value else ("○ ", "$text-muted")
        return Content.assemble(mark, self._label)

    def get_content_width(self, *_args: object) -> int:
        """As wide as it reads."""
        return len(self._label) + 2

    def action_flip(self) -> None:
        """The other value."""
        self.value = not self.value
        self.post_message(self.Changed(self, self.value))

    def on_click(self) -> None:
        """A click is a press."""
        self.action_flip()


class Field(Vertical):
    """A label, its control, and below them what is wrong with the value, once something was."""

    def __init__(self, label: str, control: Widget, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self.control = control

    def compose(self) -> ComposeResult:
        """Label and control side by side."""
        from textual.containers import Horizontal

        with Horizontal(classes="field-row"):
            yield Label(Content(self._label), classes="field-label")
            yield self.control

    def complain(self, message: str) -> None:
        """Show what is wrong, or that nothing is."""
        self.set_class(bool(message), "-invalid")
        if below := self.query(".field-error"):
            below.first(Static).update(Content(message))
        elif message:
            self.mount(Static(Content(message), classes="field-error"))


class SmallButton(Widget, can_focus=True):
    """A button one line high."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "Press", show=False, id="form.press")
    ]

    class Pressed(Message):
        """It was pressed."""

        def __init__(self, button: SmallButton) -> None:
            super().__init__()
            self.button = button

        @property
        def control(self) -> SmallButton:
            """For ``@on`` with a selector."""
            return self.button

    def __init__(self, label: str, *, help_text: str, id: str) -> None:
        super().__init__(id=id)
        self._label = label
        self.help_text = help_text

    def render(self) -> RenderableType | Content:
        """The label."""
        return Content(self._label)

    def get_content_width(self, *_args: object) -> int:
        """As wide as it reads."""
        return len(self._label)

    def relabel(self, label: str) -> None:
        """Change the label."""
        self._label = label
        self.refresh(layout=True)

    def action_press(self) -> None:
        """Tell whoever cares."""
        self.post_message(self.Pressed(self))

    def on_click(self) -> None:
        """A click is a press."""
        self.action_press()
