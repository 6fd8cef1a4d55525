"""The look of a cell of a picture. There are as many of them as cells, so they are small and quickly made."""

from __future__ import annotations

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style


class ExactStyle(Style):
    """Two colours of 24 bits (0xRRGGBB), or one.

    It brings its escape code: what Textual has to work out it keeps, thousands of styles long. The colours as rich
    knows them are made when somebody asks, which painting does not.
    """

    __slots__ = ("_back", "_front")

    def __init__(self, front: int, back: int | None) -> None:
        self._front, self._back = front, back
        self._ansi = f"38;2;{front >> 16};{front >> 8 & 255};{front & 255}"
        if back is not None:
            self._ansi += f";48;2;{back >> 16};{back >> 8 & 255};{back & 255}"
        self._style_definition = self._link = self._meta = self._hash = None
        self._attributes = self._set_attributes = 0
        self._link_id = ""
        self._null = False

    @property
    def _color(self) -> Color:  # type: ignore[override]
        return _colour(self._front)

    @property
    def _bgcolor(self) -> Color | None:  # type: ignore[override]
        return None if self._back is None else _colour(self._back)


def _colour(value: int) -> Color:
    return Color.from_triplet(ColorTriplet(value >> 16, value >> 8 & 255, value & 255))
