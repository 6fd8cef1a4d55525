"""One picture made ready for one place on the screen. Runs in a thread; what it returns is swapped in on the loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING, Any, Protocol

from rich.segment import Segment
from textual.strip import Strip

from invoke_tui.tui.pictures import blocks, iterm2, kitty, sixel, tmux
from invoke_tui.tui.pictures.exact_style import ExactStyle, exact, numbered
from invoke_tui.tui.pictures.fit import Cells, fit
from invoke_tui.tui.pictures.pace import Quality

if TYPE_CHECKING:
    from PIL.Image import Image

    from invoke_tui.tui.pictures.detect import TerminalGraphics

CELL_COST = {Quality.FULL: 39, Quality.FEW_COLOURS: 24, Quality.SMALL: 24, Quality.FINAL_ONLY: 24}
"""Bytes a cell of blocks costs on the wire, about."""
PREVIEW_SIDE = {Quality.FULL: 320, Quality.FEW_COLOURS: 256, Quality.SMALL: 128, Quality.FINAL_ONLY: 128}
FINAL_SIDE = {Quality.FULL: 768, Quality.FEW_COLOURS: 512, Quality.SMALL: 320, Quality.FINAL_ONLY: 256}
SMALL_ROOM = Cells(40, 20)


@dataclass(frozen=True)
class Picture:
    """Encoded bytes and what they are."""

    data: bytes
    width: int
    """Of the picture these bytes stand for: a preview is smaller than what it previews."""
    height: int
    final: bool = True
    text: str = ""
    """What it is, in words, for where it cannot be drawn."""

    def frame(self, room: Cells, graphics: TerminalGraphics, quality: Quality) -> Frame:
        """Made ready for a room. Raises ``BadInputError`` when the bytes are no picture."""
        return make(self, room, graphics, quality)


class Showable(Protocol):
    """What an ``ImageView`` shows."""

    @property
    def final(self) -> bool:
        """Not one of many that follow each other: it is shown however slow the line is."""

    @property
    def text(self) -> str:
        """What it is, in words, for where it cannot be drawn."""

    def frame(self, room: Cells, graphics: TerminalGraphics, quality: Quality) -> Frame:
        """Made ready for a room, in a thread. Raises ``BadInputError`` for a picture that cannot be read."""


@dataclass(frozen=True)
class Frame:
    """Ready strips, and what has to be written around them."""

    cells: Cells
    strips: list[Strip]
    before: list[str] = field(default_factory=list)
    """Sequences to write before the strips are painted."""
    overlay: str = ""
    """Sequence to write over the strips after each of their paints."""
    image_id: int | None = None
    cost: int = 0
    """Bytes on the wire, about."""


def make(
    picture: Picture, room: Cells, graphics: TerminalGraphics, quality: Quality, *, side: int | None = None
) -> Frame:
    """Decode, fit and encode. Raises ``BadInputError`` when the bytes are no picture.

    ``side``: the pixels of the longer side that a terminal with true pictures is sent, instead of the usual.
    """
    from invoke_tui.tui.pictures.decode import open_picture

    image = open_picture(picture.data)
    if quality <= Quality.SMALL and not picture.final and graphics.protocol not in ("kitty", "iterm2"):
        room = Cells(min(room.columns, SMALL_ROOM.columns), min(room.rows, SMALL_ROOM.rows))
    size = (picture.width, picture.height) if picture.width and picture.height else image.size
    cells = fit(size, room, graphics.cell_size)
    side = side or (FINAL_SIDE if picture.final else PREVIEW_SIDE)[quality]
    return dress(image, cells, graphics, quality, side)


def dress(
    image: Image,
    cells: Cells,
    graphics: TerminalGraphics,
    quality: Quality,
    side: int,
    *,
    alone: bool = False,
    exact: bool = False,
) -> Frame:
    """Encode a decoded picture for ``cells``.

    ``side``: the pixels of the longer side that a terminal with true pictures is sent. ``alone``: it is all there is
    to look at, so that a terminal that knows sixel draws them; ``image`` has the pixels of its cells, then. ``exact``:
    no colour is rounded where the protocol can do without.
    """
    if graphics.protocol == "kitty":
        return _kitty(image, cells, graphics, side, None if exact else 256)
    if graphics.protocol == "iterm2":
        return _iterm2(image, cells, graphics, side, 95 if exact else 75)
    if graphics.protocol == "sixel" and alone:
        return _over(sixel.encode(image), cells)
    mode = blocks.BlockMode.MASKS
    if graphics.protocol == "half":
        mode = blocks.BlockMode.HALF
    elif graphics.protocol == "ascii":
        mode = blocks.BlockMode.ASCII
    few = quality < Quality.FULL or not graphics.truecolor
    strips = block_strips(blocks.encode(image, cells.columns, cells.rows, mode), few_colours=few)
    return Frame(cells, strips, cost=cells.columns * cells.rows * CELL_COST[quality])


def _kitty(image: Image, cells: Cells, graphics: TerminalGraphics, side: int, colours: int | None) -> Frame:
    cells = Cells(min(cells.columns, kitty.MAX_SIDE), min(cells.rows, kitty.MAX_SIDE))
    image_id = kitty.new_id()
    sent = kitty.transmit(kitty.payload(image, side, colours), image_id, *cells)
    if graphics.tmux:
        sent = [tmux.wrap(part) for part in sent]
    style = exact(image_id, None)
    strips = [Strip([Segment(line, style)], cells.columns) for line in kitty.placeholders(*cells)]
    cost = sum(map(len, sent)) + cells.columns * cells.rows * 8
    return Frame(cells, strips, before=sent, image_id=image_id, cost=cost)


def _iterm2(image: Image, cells: Cells, graphics: TerminalGraphics, side: int, quality: int) -> Frame:
    sequence = iterm2.inline(iterm2.payload(image, side, quality), *cells)
    return _over(tmux.wrap(sequence) if graphics.tmux else sequence, cells)


def _over(sequence: str, cells: Cells) -> Frame:
    """A picture that is drawn over blank cells."""
    strips = [Strip.blank(cells.columns) for _ in range(cells.rows)]
    return Frame(cells, strips, overlay=sequence, cost=len(sequence))


def block_strips(picture: blocks.BlockPicture, *, few_colours: bool) -> list[Strip]:
    """One strip per row; neighbours of the same colours share a segment."""
    pack, style_of = (blocks.to_256, numbered) if few_colours else (_packed, exact)
    fronts, backs = pack(picture.front).tolist(), pack(picture.back).tolist()
    one_colour = picture.mode is blocks.BlockMode.ASCII
    styles: dict[tuple[int, int], ExactStyle] = {}
    strips = []
    for row in range(picture.rows):
        text = picture.text(row)
        looks = list(zip(fronts[row], backs[row], strict=True))
        segments: list[Segment] = []
        start = 0
        for column in range(1, picture.columns + 1):
            look = looks[start]
            if column < picture.columns and looks[column] == look:
                continue
            if (style := styles.get(look)) is None:
                style = styles[look] = style_of(look[0], None if one_colour else look[1])
            segments.append(Segment(intern(text[start:column]), style))
            start = column
        strips.append(Strip(segments, picture.columns))
    return strips


def _packed(colours: Any) -> Any:
    wide = colours.astype("int32")
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
