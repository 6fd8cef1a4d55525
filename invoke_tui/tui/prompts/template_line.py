"""The template that is used, in one line below the prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.text import safe_text


class TemplateLine(Widget, can_focus=True):
    """``Template  Cinematic ▾``; not there while no template is used."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", "Templates", show=False, id="template_line.open"),
        Binding("delete,backspace", "clear", "None", show=False, id="template_line.none"),
    ]
    help_text: ClassVar[str] = (
        "The template that is put around your prompts. Enter shows all of them, delete takes it away."
    )

    def __init__(self, browse: Callable[[], None], leave: Callable[[], None]) -> None:
        super().__init__(id="template-line")
        self._browse, self._leave = browse, leave
        self._shown = ""

    def show(self, name: str | None) -> None:
        """This one is used."""
        self._shown = safe_text(name or "", limit=200)
        self.set_class(bool(name), "-shown")
        self.refresh()

    def render(self) -> Content:
        """Label, name and a mark that there are others."""
        room = max(1, self.size.width - 13)
        name = self._shown if len(self._shown) <= room else f"{self._shown[: room - 1]}…"
        label = "" if self.has_focus else "$text-muted"
        return Content.assemble(("Template  ", label), (name, "bold"), (" ▾", label))

    def action_open(self) -> None:
        """Show all."""
        self._browse()

    def action_clear(self) -> None:
        """Use none."""
        self._leave()

    def on_click(self) -> None:
        """A click shows all."""
        self.action_open()
