"""The look of a cell of a picture. There are as many of them as cells, so they are small and quickly made."""

from __future__ import annotations

from functools import cache

from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.style import Style

from invoke_tui.tui.pictures.blocks import from_256


class ExactStyle(Style):
    """Two colours, or one, and nothing but their escape code.

    What Textual has to work out it keeps, thousands of styles long, so it is brought. The colours as rich knows them
    are made when somebody asks, which painting does not.
    """

    __slots__ = ()

    def __init__(self, code: str) -> None:
        self._ansi = code
        self._style_definition = self._link = self._meta = self._hash = None
        self._attributes = self._set_attributes = 0
        self._link_id = ""
        self._null = False

    @property
    def _color(self) -> Color | None:  # type: ignore[override]
        return self._colours()[0]

    @property
    def _bgcolor(self) -> Color | None:  # type: ignore[override]
        return self._colours()[1]

    def _colours(self) -> list[Color | None]:
        """Front and back."""
        codes = iter(map(int, (self._ansi or "").split(";")))
        found: list[Color | None] = []
        for _ in codes:  # 38 or 48
            exact = next(codes) == 2
            found.append(_exact(next(codes), next(codes), next(codes)) if exact else _numbered(next(codes)))
        return [*found, None]


def exact(front: int, back: int | None) -> ExactStyle:
    """Colours of 24 bits (0xRRGGBB)."""
    code = f"38;2;{front >> 16};{front >> 8 & 255};{front & 255}"
    if back is not None:
        code += f";48;2;{back >> 16};{back >> 8 & 255};{back & 255}"
    return ExactStyle(code)


def numbered(front: int, back: int | None) -> ExactStyle:
    """Colours of a terminal's 256."""
    return ExactStyle(f"38;5;{front}" if back is None else f"38;5;{front};48;5;{back}")


def _exact(red: int, green: int, blue: int) -> Color:
    return Color.from_triplet(ColorTriplet(red, green, blue))


@cache
def _numbered(value: int) -> Color:
    """It carries its triplet so that Textual's filters leave the short code alone."""
    return Color(f"color({value})", ColorType.EIGHT_BIT, value, ColorTriplet(*from_256(value)))
