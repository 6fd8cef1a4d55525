"""Small pictures for lists: always block glyphs, which cost little and compose with everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.tui.pictures import blocks
from invoke_tui.tui.pictures.decode import open_picture
from invoke_tui.tui.pictures.fit import Cells, fit
from invoke_tui.tui.pictures.frames import block_strips

if TYPE_CHECKING:
    from textual.strip import Strip

    from invoke_tui.tui.pictures.detect import TerminalGraphics


def thumbnail_strips(data: bytes, tile: tuple[int, int], graphics: TerminalGraphics) -> list[Strip]:
    """``data`` fitted into ``tile`` (columns, rows)."""
    image = open_picture(data)
    cells = fit(image.size, Cells(*tile), graphics.cell_size)
    mode = blocks.BlockMode.MASKS
    if graphics.protocol == "half":
        mode = blocks.BlockMode.HALF
    elif graphics.protocol in ("ascii", "none"):
        mode = blocks.BlockMode.ASCII
    return block_strips(blocks.encode(image, *cells, mode), few_colours=not graphics.truecolor)
