"""The line above the models: what is typed narrows the list, arrows move in it meanwhile."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class ModelFilter(Input):
    """Words to narrow the list by."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", "Clear", show=False, id="model_filter.clear"),
        Binding("enter", "leave", "List", show=False, id="model_filter.leave"),
        Binding("down", "step(1)", "Down", show=False, id="model_filter.down"),
        Binding("up", "step(-1)", "Up", show=False, id="model_filter.up"),
    ]

    class Left(Message):
        """The person wants to go on in the list."""

    class Stepped(Message):
        """The cursor of the list is to move."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(
            placeholder="/ to filter: words, type:lora, base:sdxl, is:missing",
            compact=True,
            id="model-filter",
        )
        self.help_text = (
            "Words that must all be found in the name, description, triggers or path. type: base: format: variant: "
            "is: name: path: look at one thing only. Enter goes to the list, esc takes the filter away."
        )

    def action_leave(self, clear: bool = False) -> None:
        """To the list."""
        if clear:
            self.value = ""
        self.post_message(self.Left())

    def action_step(self, by: int) -> None:
        """Move in the list while typing."""
        self.post_message(self.Stepped(by))
