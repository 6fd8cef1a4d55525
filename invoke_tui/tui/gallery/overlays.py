"""Pictures that a terminal draws over its cells (iTerm2): drawn again wherever the cells below them were painted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from invoke_tui.tui.beside import beside
from invoke_tui.tui.gallery.thumbnails import BATCH
from invoke_tui.tui.pictures import iterm2

if TYPE_CHECKING:
    from invoke_tui.tui.gallery.tiles import TileGrid

QUIET: Final = 0.1
"""Seconds without another paint before pictures are drawn: while the grid scrolls there is no use in it."""


class Overlays:
    """The overlays of one grid. Where pictures are cells, it does nothing."""

    def __init__(self, grid: TileGrid) -> None:
        self._grid = grid
        self.active = grid.studio.graphics.protocol == "iterm2"
        self._due: set[int] = set()

    def painted(self, numbers: Iterable[int]) -> None:
        """The cells of these tiles are new."""
        if self.active:
            self._due.update(numbers)
            beside(self._grid, "overlays", self._draw)

    async def _draw(self) -> None:
        await asyncio.sleep(QUIET)
        grid, studio = self._grid, self._grid.studio
        while self._due and studio.screen is grid.screen:
            await studio.pacer.ready()
            sent = 0
            while self._due and sent < BATCH[studio.pacer.quality]:
                number = min(self._due)
                self._due.discard(number)
                sequence = self._sequence(number)
                studio.write_terminal(sequence)
                sent += len(sequence)
            studio.pacer.sent(sent)

    def _sequence(self, number: int) -> str:
        """What draws a tile's picture, if all of it is in sight."""
        grid = self._grid
        image = grid.pages.image(number)
        tile = grid.thumbnails.get(image.image_name) if image is not None else None
        place = grid.picture_region(number)
        if tile is None or tile.frame is None or not grid.content_region.contains_region(place):
            return ""
        columns, rows = tile.frame.cells
        x, y = place.x + (place.width - columns) // 2, place.y + (place.height - rows) // 2
        return iterm2.at(tile.frame.overlay, x, y)
