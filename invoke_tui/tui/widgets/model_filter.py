"""The line above the models: what is typed narrows the list, arrows move in it meanwhile."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from invoke_tui.tui.widgets.model_rows import Rows


class ModelFilter(Input):
    """Words to narrow the list by."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", "Clear", show=False, id="model_filter.clear"),
        Binding("enter", "leave", "List", show=False, id="model_filter.leave"),
        Binding("down", "step(1)", "Down", show=False, id="model_filter.down"),
        Binding("up", "step(-1)", "Up", show=False, id="model_filter.up"),
    ]

    def __init__(self, rows: Rows) -> None:
        super().__init__(
            placeholder="/ to filter: words, type:lora, base:sdxl",
            compact=True,
            id="model-filter",
        )
        self._list = rows
        self.help_text = (
            "Words that must all be found in the name, description, triggers or path. type: base: format: variant: "
            "is: name: path: look at one thing only. Enter goes to the list, esc takes the filter away."
        )

    def action_leave(self, clear: bool = False) -> None:
        """To the list."""
        if clear:
            self.value = ""
        self.screen.set_focus(self._list)  # at once: the next key may be here already

    def action_step(self, by: int) -> None:
        """Move in the list while typing."""
        self._list.action_step(by)
