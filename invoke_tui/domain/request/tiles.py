"""Where overlapping tiles lie on a picture. Three ways to lay them, with InvokeAI's results to the pixel."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from pydantic import Field

from invoke_tui.domain.base import Document
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.fields import ImageField

GRID: Final = 8
"""Pixels to a latent: even splits keep to it."""

MOST: Final = 1024
"""Rows, and columns, of one picture."""


class Sides(Document):
    """Something for each side: edges of a tile in pixels of its picture, or how far neighbours reach into it."""

    top: int
    bottom: int
    left: int
    right: int


class Tile(Document):
    """A piece of a picture (InvokeAI's ``Tile``). ``overlap`` is what it shares with the neighbour on each side."""

    coords: Sides
    overlap: Sides

    @property
    def width(self) -> int:
        """In pixels."""
        return self.coords.right - self.coords.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.coords.bottom - self.coords.top


class Tiling(Document):
    """Tiles that a picture is drawn in, and the least they share; pixels."""

    width: int = Field(gt=0, multiple_of=GRID)
    height: int = Field(gt=0, multiple_of=GRID)
    overlap: int = Field(ge=0, multiple_of=GRID)


Span = tuple[int, int]


def tiles_of_size(height: int, width: int, tile_height: int, tile_width: int, overlap: int = 0) -> list[Tile]:
    """Tiles of one size, row by row, each ``overlap`` into the one before; the last ones are moved back inside.

    Raises ``BadInputError`` for tiles that are larger than the picture or not larger than their overlap.
    """
    rows, columns = _stepped(height, tile_height, overlap), _stepped(width, tile_width, overlap)
    return _grid(rows, columns)


def tiles_evenly(height: int, width: int, rows: int, columns: int, overlap: int = 0) -> list[Tile]:
    """So many rows and columns of tiles that overlap by ``overlap``; sizes are multiples of 8 but for the last ones.

    Raises ``BadInputError`` for a picture that is no multiple of 8, and for more tiles than it has room for.
    """
    if width % GRID or height % GRID:
        raise _refused(f"a picture that is split evenly has sides that are multiples of {GRID}")
    return _grid(_split(height, rows, overlap), _split(width, columns, overlap))


def tiles_overlapping(
    height: int, width: int, tile_height: int, tile_width: int, min_overlap: int = 0
) -> list[Tile]:
    """As few tiles of one size as overlap by at least ``min_overlap``, spread evenly; none is larger than the picture.

    Raises ``BadInputError`` for tiles that are not larger than their overlap.
    """
    rows, columns = _spread(height, tile_height, min_overlap), _spread(width, tile_width, min_overlap)
    return _grid(rows, columns)


def _stepped(length: int, tile: int, overlap: int) -> list[Span]:
    if tile > length:
        raise _refused(f"tiles of {tile} are larger than the picture's {length}")
    _check_overlap(tile, overlap)
    step = tile - overlap
    count = _checked(-(-(length - overlap) // step))
    starts = [min(number * step, length - tile) for number in range(count)]
    return [(start, start + tile) for start in starts]


def _split(length: int, count: int, overlap: int) -> list[Span]:
    if count == 1:
        return [(0, length)]
    tile = (length + overlap * (count - 1)) // count // GRID * GRID
    if overlap > length - GRID * (count - 1):
        raise _refused(f"{count} tiles that overlap by {overlap} have no room in {length}")
    _check_overlap(tile, overlap)
    starts = [number * (tile - overlap) for number in range(_checked(count))]
    return [*((start, min(start + tile, length)) for start in starts[:-1]), (starts[-1], length)]


def _spread(length: int, tile: int, min_overlap: int) -> list[Span]:
    tile = min(tile, length)
    count = 1
    if tile < length:
        _check_overlap(tile, min_overlap)
        count = _checked(-(-(length - min_overlap) // (tile - min_overlap)))
    starts = [number * (length - tile) // max(count - 1, 1) for number in range(count)]
    return [(start, start + tile) for start in starts]


def _grid(rows: list[Span], columns: list[Span]) -> list[Tile]:
    """Every row with every column; tiles reach into each other as far as their spans do."""
    above, below = _shared(rows)
    before, behind = _shared(columns)
    return [
        Tile(
            coords=Sides(top=top, bottom=bottom, left=left, right=right),
            overlap=Sides(top=above[y], bottom=below[y], left=before[x], right=behind[x]),
        )
        for y, (top, bottom) in enumerate(rows)
        for x, (left, right) in enumerate(columns)
    ]


def _shared(spans: list[Span]) -> tuple[list[int], list[int]]:
    """How much each span shares with the one before it, and with the one behind it."""
    between = [max(0, end - start) for (_, end), (start, _) in pairwise(spans)]
    return [0, *between], [*between, 0]


def extent(tiles: Iterable[Tile]) -> tuple[int, int]:
    """Width and height of what tiles cover together, from the corner on."""
    ends = [(tile.coords.right, tile.coords.bottom) for tile in tiles]
    return max((right for right, _ in ends), default=0), max((bottom for _, bottom in ends), default=0)


def _checked(count: int) -> int:
    if count > MOST:
        raise _refused(f"there would be {count} in a row")
    return count


def _check_overlap(tile: int, overlap: int) -> None:
    if not 0 <= overlap < tile:
        raise _refused(f"an overlap of {overlap} leaves nothing of tiles of {tile}")


def _refused(why: str) -> BadInputError:
    return BadInputError(
        f"No tiles can be laid: {why}.", hint="Choose other sizes or a smaller overlap.", code="bad_tiles"
    )


class TileWithImage(Document):
    """A tile, and the picture that belongs there."""

    tile: Tile
    image: ImageField
