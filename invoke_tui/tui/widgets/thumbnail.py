"""A small picture in a form, in block glyphs."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

TILE: Final = (14, 6)
"""The most columns and rows it takes."""


class Thumbnail(Widget):
    """As large as its picture; nothing at all without one."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(classes="thumbnail")
        self._strips: list[Strip] = []
        self.display = False

    def show(self, strips: list[Strip]) -> None:
        """Show the lines of a picture, or nothing."""
        self._strips = strips
        self.display = bool(strips)
        if strips:
            self.styles.width, self.styles.height = strips[0].cell_length, len(strips)
        self.refresh()

    def render(self) -> Content:
        """Nothing: lines are rendered one by one."""
        return Content("")

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.size.width, self.rich_style)
