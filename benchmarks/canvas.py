"""What stands on a terminal's screen, cell by cell, replayed after the fact from what was written when."""

from __future__ import annotations

import re

Cell = tuple[str, str]
"""A glyph and the escape code of its look."""
BLANK: Cell = (" ", "")
_PARTS = re.compile(
    r"\x1b\[([0-9;?<>=]*)[$ ]?([a-zA-Z])|\x1b[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>78c]|[^\x1b]+"
)
_OPEN = re.compile(rb"(?:\x1b(?:\[[0-9;?<>=$]*|[PX^_\]][^\x07\x1b]*\x1b?)?|[\xc0-\xff][\x80-\xbf]{0,2})\Z")


class Canvas:
    """Understands what Textual writes: places, looks and text. Rows and columns count from 0."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells: list[list[Cell]] = [[BLANK] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._look = ""
        self._open = b""

    def write(self, data: bytes) -> set[int]:
        """Paint; the rows that were painted."""
        data = self._open + data
        cut = _OPEN.search(data)
        self._open = data[cut.start() :] if cut else b""
        painted: set[int] = set()
        for part in _PARTS.finditer((data[: cut.start()] if cut else data).decode("utf-8", "replace")):
            match part[2]:
                case "H":
                    row, _, column = part[1].partition(";")
                    self._row, self._column = int(row or 1) - 1, int(column or 1) - 1
                case "m":
                    self._look = "" if part[1] in ("", "0") else part[1]
                case None if not part[0].startswith("\x1b"):
                    painted.add(self._row)
                    self._text(part[0])
        return painted

    def _text(self, text: str) -> None:
        for glyph in text:
            if glyph == "\n":
                self._row, self._column = self._row + 1, 0
            elif glyph == "\r":
                self._column = 0
            elif self._row < self.rows and self._column < self.columns:
                self.cells[self._row][self._column] = (glyph, self._look)
                self._column += 1

    def text(self, row: int) -> str:
        """The glyphs of a row."""
        return "".join(glyph for glyph, _ in self.cells[row])
