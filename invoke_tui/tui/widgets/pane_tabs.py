"""Form or picture, list or details: the two tabs of a narrow terminal."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class PaneTabs(Widget):
    """Two words in one line; a click or F6 changes."""

    ALLOW_SELECT: ClassVar[bool] = False
    picture: reactive[bool] = reactive(False)

    class Chosen(Message):
        """The person chose one."""

        def __init__(self, picture: bool) -> None:
            super().__init__()
            self.picture = picture

    def __init__(self, first: str = "Form", second: str = "Picture") -> None:
        super().__init__()
        self._first, self._second = first, second

    def render(self) -> Content:
        """Both halves, the current one marked."""
        half = max(8, self.size.width // 2)
        form, picture = self._first.center(half), self._second.center(max(8, self.size.width - half))
        current, other = "bold $primary on $surface", "$text-muted on $panel"
        return Content.assemble(
            (form, other if self.picture else current), (picture, current if self.picture else other)
        )

    def on_click(self, event: events.Click) -> None:
        """Left half: form."""
        self.post_message(self.Chosen(event.x >= self.size.width // 2))
