"""How many cells a picture takes, keeping its aspect."""

from __future__ import annotations

from typing import Final, NamedTuple

DEFAULT_CELL: Final = (8, 16)
"""Pixels of a cell where the terminal does not say: nearly every font is about twice as high as wide."""


class Cells(NamedTuple):
    """A size in character cells."""

    columns: int
    rows: int


def fit(picture: tuple[int, int], room: Cells, cell: tuple[int, int] | None = None) -> Cells:
    """The largest size within ``room`` that keeps the aspect of ``picture`` (pixels); at least one cell."""
    cell_width, cell_height = cell or DEFAULT_CELL
    width, height = max(1, picture[0]), max(1, picture[1])
    scale = min(room.columns * cell_width / width, room.rows * cell_height / height)
    columns = max(1, min(room.columns, round(width * scale / cell_width)))
    rows = max(1, min(room.rows, round(height * scale / cell_height)))
    return Cells(columns, rows)
