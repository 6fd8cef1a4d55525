"""Memory, machine, log: the tabs of the monitor on a narrow terminal."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

TABS: Final = ("Memory", "Machine", "Log")


class MonitorTabs(Widget):
    """Three words in one line; a click or F6 changes."""

    ALLOW_SELECT: ClassVar[bool] = False
    shown: reactive[int] = reactive(0)

    class Chosen(Message):
        """The person chose one."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def render(self) -> Content:
        """The current one marked."""
        width = max(12, self.size.width)
        ends = [width * (number + 1) // len(TABS) for number in range(len(TABS))]
        return Content.assemble(
            *(
                (
                    name.center(end - (ends[number - 1] if number else 0)),
                    "bold $primary on $surface" if number == self.shown else "$text-muted on $panel",
                )
                for number, (name, end) in enumerate(zip(TABS, ends, strict=True))
            )
        )

    def on_click(self, event: events.Click) -> None:
        """The tab under the mouse."""
        self.post_message(self.Chosen(min(len(TABS) - 1, event.x * len(TABS) // max(1, self.size.width))))
