"""A Textual application with nothing but a grid of thumbnails in it, made beforehand: the measure of ``gallery``.

Started with a folder of thumbnails and the cells of one. Every key shows other pictures; ``2`` goes to the screen
with the grid.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from invoke_tui.tui.pictures.detect import TerminalGraphics
from invoke_tui.tui.pictures.thumbnails import thumbnail_strips

PICTURES = 120


class Grid(Widget, can_focus=True):
    """Pictures side by side, from number ``first``."""

    DEFAULT_CSS: ClassVar[str] = "Grid { width: 1fr; height: 1fr; }"

    def __init__(self, pictures: list[list[Strip]], columns: int, rows: int) -> None:
        super().__init__()
        self._pictures, self._columns, self._rows = pictures, columns, rows
        self._first = 0

    def on_key(self, _event: events.Key) -> None:
        """Other pictures."""
        across, down = self.size.width // self._columns, self.size.height // self._rows
        self._first += across * down
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A line across the pictures of a row."""
        row, line = divmod(y, self._rows)
        across = max(1, self.size.width // self._columns)
        numbers = range(self._first + row * across, self._first + (row + 1) * across)
        strips = [self._pictures[number % len(self._pictures)] for number in numbers]
        return Strip.join([strip[line] for strip in strips]).adjust_cell_length(self.size.width)


class GridScreen(Screen[None]):
    """The grid."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self._grid = grid

    def compose(self) -> ComposeResult:
        """Nothing else."""
        yield self._grid


class BareGrid(App[None]):
    """An empty screen, and behind it the grid."""

    BINDINGS: ClassVar = [("2", "grid", "Grid")]

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        super().__init__()
        graphics = TerminalGraphics("blocks")
        files = sorted(folder.glob("*.webp"))[:PICTURES]
        self._pictures = [thumbnail_strips(file.read_bytes(), (columns, rows), graphics) for file in files]
        self._tile = columns, min(map(len, self._pictures))

    def action_grid(self) -> None:
        """Show it."""
        self.push_screen(GridScreen(Grid(self._pictures, *self._tile)))


if __name__ == "__main__":
    BareGrid(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).run()
