"""A contact sheet: pictures in rows, each with its settings below it."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import ImageFont

_SIDE: Final = 256
_LINE: Final = 14
_GAP: Final = 8
_LARGEST: Final = 16_000
"""Pixels of a side."""
_MOST: Final = 40_000_000
"""Pixels of a sheet: what it takes of memory while it is drawn is three bytes for each."""


@dataclass(frozen=True)
class Cell:
    """A picture's bytes and the lines below it."""

    picture: bytes
    label: tuple[str, ...]


def in_rows(cells: Sequence[tuple[int, Cell]], values: int) -> tuple[list[Cell | None], int]:
    """The cells row by row, and how many columns there are.

    Each comes with the number of its request; a row is what ``values`` requests in a row became, which may be more
    pictures in one row than in the next.
    """
    rows: dict[int, list[Cell | None]] = {}
    for number, cell in cells:
        rows.setdefault(number // values, []).append(cell)
    columns = max(map(len, rows.values()))
    return [cell for row in rows.values() for cell in (*row, *[None] * (columns - len(row)))], columns


def contact_sheet(cells: Sequence[Cell | None], columns: int) -> bytes:
    """A PNG of all pictures in one size, smaller where they are many, each on its label; None leaves a place empty."""
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    columns = max(1, min(columns, len(cells)))
    rows, lines = math.ceil(len(cells) / columns), max(len(cell.label) for cell in cells if cell)
    below = lines * _LINE + _GAP
    room = math.isqrt(_MOST // (columns * rows)) - below - _GAP
    side = max(16, min(_SIDE, _LARGEST // columns - _GAP, _LARGEST // rows - below - _GAP, room))
    sheet = Image.new("RGB", (columns * (side + _GAP) + _GAP, rows * (side + below) + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=11)
    for number, cell in enumerate(cells):
        if cell is None:
            continue
        left = _GAP + number % columns * (side + _GAP)
        top = _GAP + number // columns * (side + below)
        with Image.open(io.BytesIO(cell.picture)) as picture:
            shown = ImageOps.contain(picture.convert("RGB"), (side, side))
        sheet.paste(shown, (left + (side - shown.width) // 2, top + side - shown.height))
        for line, text in enumerate(cell.label):
            draw.text(
                (left, top + side + 2 + line * _LINE), _fitting(text, side, font), fill="black", font=font
            )
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def _fitting(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """The text, cut to ``width`` pixels."""
    text = safe_text(text, limit=200)
    while text and font.getlength(text) > width:
        text = text[:-1]
    return text
