"""Where the tiles of the grid lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from textual.geometry import Region

from invoke_tui.tui.pictures.fit import DEFAULT_CELL, Cells

SIZES: Final = (8, 11, 14, 18, 24, 32, 44)
"""Columns that a tile has at least, from small to large."""
USUAL: Final = 2
BAR: Final = 1
"""The column before a tile that shows what is chosen."""
CAPTION: Final = 1
"""The line below a tile."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid in ``width`` columns; numbers of pictures to cells of the whole grid and back."""

    width: int
    tile: Cells
    """The picture's room, without bar and caption."""
    columns: int
    """Tiles in a row."""

    @classmethod
    def of(cls, width: int, least: int, cell: tuple[int, int] | None) -> Layout:
        """Tiles of at least so many columns, as wide as the width allows, and about square."""
        cell_width, cell_height = cell or DEFAULT_CELL
        columns = max(1, width // (least + BAR))
        wide = max(1, width // columns - BAR)
        return cls(width, Cells(wide, max(2, round(wide * cell_width / cell_height))), columns)

    @property
    def row_height(self) -> int:
        """Lines of a row of tiles."""
        return self.tile.rows + CAPTION

    def rows(self, total: int) -> int:
        """Rows of tiles that so many pictures take."""
        return -(-total // self.columns)

    def region(self, number: int, top: int = 0) -> Region:
        """A tile with its bar and caption; ``top``: the line of the grid that its lines are counted from.

        Counted here and not moved there: Textual keeps the places that it has moved, and here no two are the same.
        """
        row, column = divmod(number, self.columns)
        step = self.tile.columns + BAR
        return Region(column * step, row * self.row_height - top, step, self.row_height)

    def number(self, x: int, y: int) -> int | None:
        """The picture at a cell, or nothing where no tile is."""
        column = x // (self.tile.columns + BAR)
        return y // self.row_height * self.columns + column if column < self.columns else None

    def seen(self, top: int, height: int, total: int) -> tuple[int, int]:
        """First and end of the pictures that show between these lines."""
        first = top // self.row_height * self.columns
        end = -(-(top + height) // self.row_height) * self.columns
        return min(first, total), min(end, total)
