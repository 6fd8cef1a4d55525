"""Print one picture into ordinary terminal output, for the command line."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

from invoke_tui.tui.pictures import blocks, iterm2, kitty, sixel, tmux
from invoke_tui.tui.pictures.detect import TerminalGraphics, detect
from invoke_tui.tui.pictures.fit import Cells, fit

if TYPE_CHECKING:
    from PIL.Image import Image


def print_image(
    image: Image,
    *,
    file: TextIO | None = None,
    graphics: TerminalGraphics | None = None,
    columns: int | None = None,
    rows: int | None = None,
) -> None:
    """Show ``image`` as sharp as the terminal can, at most ``columns`` × ``rows`` cells."""
    out = file or sys.stdout
    graphics = graphics or detect()
    wide, high = shutil.get_terminal_size()
    room = Cells(min(columns or 60, wide), min(rows or 30, max(4, high - 4)))
    size = fit(image.size, room, graphics.cell_size)
    out.write(render(image, size, graphics))
    out.flush()


def render(image: Image, size: Cells, graphics: TerminalGraphics) -> str:
    """The text to write: escape sequences and glyphs, ending in a newline."""
    columns, rows = size
    if graphics.protocol == "kitty":
        columns, rows = min(columns, kitty.MAX_SIDE), min(rows, kitty.MAX_SIDE)
        image_id = int.from_bytes(os.urandom(3), "big") | 0x010101
        sent = kitty.transmit(kitty.payload(image, side=1024), image_id, columns, rows)
        wrapped = "".join(tmux.wrap(part) if graphics.tmux else part for part in sent)
        red, green, blue = kitty.colour(image_id)
        lines = (
            f"\x1b[38;2;{red};{green};{blue}m{line}\x1b[39m\n" for line in kitty.placeholders(columns, rows)
        )
        return wrapped + "".join(lines)
    if graphics.protocol == "iterm2":
        sequence = iterm2.inline(iterm2.payload(image, side=1024, quality=85), columns, rows)
        return (tmux.wrap(sequence) if graphics.tmux else sequence) + "\n"
    if graphics.protocol == "sixel" and graphics.cell_size:
        wide, high = graphics.cell_size
        return sixel.encode(image.resize((columns * wide, rows * high))) + "\n"
    mode = blocks.BlockMode.MASKS
    if graphics.protocol == "half":
        mode = blocks.BlockMode.HALF
    if graphics.protocol == "ascii" or os.environ.get("NO_COLOR"):
        mode = blocks.BlockMode.ASCII
    return ansi(blocks.encode(image, columns, rows, mode), truecolor=graphics.truecolor)


def ansi(picture: blocks.BlockPicture, *, truecolor: bool = True) -> str:
    """The glyphs with a colour sequence only where a colour changes."""
    if picture.mode is blocks.BlockMode.ASCII:
        return "".join(f"{picture.text(row)}\n" for row in range(picture.rows))
    numbers = None if truecolor else (blocks.to_256(picture.front), blocks.to_256(picture.back))
    lines = []
    for row in range(picture.rows):
        parts: list[str] = []
        last_front = last_back = ""
        for column, glyph in enumerate(picture.text(row)):
            if numbers is None:
                front = "38;2;" + ";".join(map(str, picture.front[row, column].tolist()))
                back = "48;2;" + ";".join(map(str, picture.back[row, column].tolist()))
            else:
                front, back = f"38;5;{numbers[0][row, column]}", f"48;5;{numbers[1][row, column]}"
            codes = [back] if back != last_back else []
            if front != last_front and glyph != " ":
                codes.append(front)
                last_front = front
            last_back = back
            parts.append(f"\x1b[{';'.join(codes)}m{glyph}" if codes else glyph)
        lines.append("".join(parts) + "\x1b[0m\n")
    return "".join(lines)
