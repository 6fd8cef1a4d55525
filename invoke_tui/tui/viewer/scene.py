"""What is looked at: one picture or some of them, from how near, and how they are held against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from invoke_tui.tui.pictures.fit import DEFAULT_CELL, Cells, fit
from invoke_tui.tui.pictures.frames import Frame, dress
from invoke_tui.tui.viewer import measures
from invoke_tui.tui.viewer.geometry import Box, Look, Size, arranged, in_step, visible
from invoke_tui.tui.viewer.sharpness import affordable

if TYPE_CHECKING:
    from PIL.Image import Image

    from invoke_tui.tui.pictures.detect import TerminalGraphics
    from invoke_tui.tui.pictures.pace import Pacer, Quality
    from invoke_tui.tui.viewer.original import Original

GAP = 1
"""Cells between pictures that are side by side."""


class Way(StrEnum):
    """How pictures are compared."""

    BESIDE = "side by side"
    FLICKER = "flicker"
    DIFFERENCE = "difference"


@dataclass
class Sent:
    """What became of a scene; written by the thread that draws it."""

    share: float = 1.0
    """Of the full size along a side."""
    cells: Cells = field(default_factory=lambda: Cells(1, 1))
    pixels: Size = (1, 1)
    """What the full size would be."""
    factor: int = 1
    """Pixels of the picture along a side that are one of what was decoded."""
    difference: measures.Difference | None = None
    measured: int = 1
    """Pixels along a side that are one of those the difference was counted on."""

    @property
    def told(self) -> str:
        """The difference in words."""
        if self.difference is None:
            return ""
        scale = f" at 1/{self.measured} of the size" if self.measured > 1 else ""
        return self.difference.words + scale


@dataclass(frozen=True)
class Scene:
    """Pictures that are compared, or one alone; the first says how large the look's pixels are."""

    originals: tuple[Original, ...]
    look: Look
    pacer: Pacer
    way: Way = Way.BESIDE
    turn: int = 0
    """The one that flickering shows."""
    times: int = 1
    """How much a difference is amplified."""
    full: bool = False
    """Whatever the line can take."""
    ground: tuple[int, int, int] = (0, 0, 0)
    """What is between pictures."""
    text: str = ""
    final: bool = True
    sent: Sent = field(default_factory=Sent, compare=False)

    def frame(self, room: Cells, graphics: TerminalGraphics, quality: Quality) -> Frame:
        """Decode what is seen of the pictures, and make it ready."""
        cell = graphics.cell_size or DEFAULT_CELL
        if graphics.protocol == "sixel":
            room = Cells(room.columns, max(1, room.rows - 1))  # below its last line a terminal may scroll
        image, cells = self._drawn(room, cell)
        self.sent.cells, self.sent.pixels = cells, image.size
        share = 1.0 if self.full else affordable(cells, image.size, graphics.protocol, self.pacer)
        self.sent.share = share
        if share < 1 and graphics.protocol not in ("kitty", "iterm2"):
            cells = Cells(max(1, int(cells.columns * share)), max(1, int(cells.rows * share)))
        if graphics.protocol == "sixel":
            image = image.resize((cells.columns * cell[0], cells.rows * cell[1]))
        side = max(16, round(max(image.size) * share))
        return dress(image, cells, graphics, quality, side, alone=True, exact=self.full)

    def _drawn(self, room: Cells, cell: Size) -> tuple[Image, Cells]:
        """The pixels of what is seen, and the cells they take."""
        if len(self.originals) > 1 and self.way is Way.BESIDE:
            return self._side_by_side(room, cell)
        shown = self.originals[self.turn % len(self.originals)]
        if len(self.originals) > 1 and self.way is Way.DIFFERENCE:
            shown = self.originals[0]
        box, size = visible(self._look_at(shown), shown.size, _pixels(room, cell))
        if len(self.originals) > 1 and self.way is Way.DIFFERENCE:
            image = self._difference(box, size)
        else:
            image = shown.part(box, size)
            self.sent.factor = shown.coarseness(box, size)
        return image, fit(size, room, cell) if self.look.scale is None else _cells(size, cell)

    def _look_at(self, original: Original) -> Look:
        return in_step(self.look, self.originals[0].size, original.size)

    def _side_by_side(self, room: Cells, cell: Size) -> tuple[Image, Cells]:
        """Every picture in a part of the room of its own, in step."""
        import PIL.Image

        columns, rows = grid(self.originals, room, cell)
        pane = pane_of(self.originals, room, cell)
        cells = Cells(pane.columns * columns + GAP * (columns - 1), pane.rows * rows + GAP * (rows - 1))
        sheet = PIL.Image.new("RGB", _pixels(cells, cell), self.ground)
        inside = _pixels(pane, cell)
        for number, original in enumerate(self.originals):
            box, size = visible(self._look_at(original), original.size, inside)
            row, column = divmod(number, columns)
            left = column * (pane.columns + GAP) * cell[0] + (inside[0] - size[0]) // 2
            top = row * (pane.rows + GAP) * cell[1] + (inside[1] - size[1]) // 2
            sheet.paste(original.part(box, size), (left, top))
        return sheet, cells

    def _difference(self, box: Box, size: Size) -> Image:
        """The first two held against each other: what is seen of it, and the figures of all of it."""
        one, other = self.originals[:2]
        whole, factor = one.whole()
        self.sent.measured = factor
        against = other.part(Box(0, 0, *other.size), whole.size)
        self.sent.difference = measures.difference(measures.apart(whole, against))
        across, down = other.size[0] / one.size[0], other.size[1] / one.size[1]
        same = Box(box.left * across, box.top * down, box.right * across, box.bottom * down)
        return measures.amplified(measures.apart(one.part(box, size), other.part(same, size)), self.times)


def grid(originals: tuple[Original, ...], room: Cells, cell: Size) -> tuple[int, int]:
    """Columns and rows of pictures that are side by side."""
    return arranged(len(originals), originals[0].size, _pixels(room, cell))


def pane_of(originals: tuple[Original, ...], room: Cells, cell: Size) -> Cells:
    """The room of one of the pictures that are side by side."""
    columns, rows = grid(originals, room, cell)
    wide, high = (room.columns - GAP * (columns - 1)) // columns, (room.rows - GAP * (rows - 1)) // rows
    return Cells(max(1, wide), max(1, high))


def _pixels(cells: Cells, cell: Size) -> Size:
    return cells.columns * cell[0], cells.rows * cell[1]


def _cells(size: Size, cell: Size) -> Cells:
    return Cells(max(1, round(size[0] / cell[0])), max(1, round(size[1] / cell[1])))
