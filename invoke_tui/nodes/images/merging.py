"""One picture of overlapping tiles: each row is put together from left to right, then the rows from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
from PIL import Image

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.tiles import Tile, extent
from invoke_tui.domain.request.upscaling import check_size
from invoke_tui.nodes.images.kinds import BlendMode

Values = npt.NDArray[np.float32]
LUMINANCE = (0.2989, 0.5870, 0.1140)


def merged(tiles: Sequence[tuple[Tile, Image.Image]], mode: BlendMode, blend: int) -> Image.Image:
    """The picture that tiles make. Neighbours change over ``blend`` pixels: in the middle of what they share, or along
    the way on which they differ least (``Seam``). Raises ``BadInputError`` for tiles that do not fit together.
    """
    width, height = extent(tile for tile, _ in tiles)
    check_size(width, height)
    kind = "RGBA" if any(image.mode == "RGBA" for _, image in tiles) else "RGB"
    made = np.zeros((height, width, len(kind)), np.float32)
    ordered = sorted(tiles, key=lambda pair: (pair[0].coords.top, pair[0].coords.left))
    for top, pairs in groupby(ordered, key=lambda pair: pair[0].coords.top):
        row = list(pairs)
        first = row[0][0]
        strip = np.zeros((first.height, width, len(kind)), np.float32)
        for tile, image in row:
            _check(tile, image, blend)
            place = strip[: tile.height, tile.coords.left : tile.coords.right]
            _lay(place, np.asarray(image.convert(kind), np.float32), tile.overlap.left, mode, blend)
        below = made[top : first.coords.bottom].swapaxes(0, 1)
        _lay(below, strip.swapaxes(0, 1), first.overlap.top, mode, blend)
    return Image.fromarray(made.round().astype(np.uint8))


def _lay(place: Values, new: Values, shared: int, mode: BlendMode, blend: int) -> None:
    """Put ``new`` over ``place``, of which the first ``shared`` columns show its neighbour already."""
    if shared:
        old = place[:, :shared].copy()
        across = np.arange(shared) + 0.5
        where = _seam(old, new[:, :shared], blend) if mode == "Seam" else np.full(len(new), shared / 2)
        share = np.clip((across - where[:, None]) / max(blend, 1e-6) + 0.5, 0, 1)[..., None]
        place[:, :shared] = old + (new[:, :shared] - old) * share
    place[:, shared:] = new[:, shared:]


def _seam(old: Values, new: Values, blend: int) -> npt.NDArray[np.float64]:
    """For each line the column where one picture changes to the other: the way down along which they differ least.

    It keeps half of ``blend`` away from the edges.
    """
    margin = min(blend // 2, (old.shape[1] - 1) // 2)
    differs = np.abs((new[..., :3] - old[..., :3]) @ np.array(LUMINANCE, np.float32))
    cost = differs[:, margin : old.shape[1] - margin].astype(np.float64)
    for line in range(1, len(cost)):
        before = np.pad(cost[line - 1], 1, constant_values=np.inf)
        cost[line] += np.minimum(np.minimum(before[:-2], before[1:-1]), before[2:])
    way = np.empty(len(cost), np.int64)
    way[-1] = int(cost[-1].argmin())
    for line in range(len(cost) - 2, -1, -1):
        start = max(0, int(way[line + 1]) - 1)
        way[line] = start + int(cost[line, start : way[line + 1] + 2].argmin())
    found: npt.NDArray[np.float64] = way + margin + 0.5
    return found


def _check(tile: Tile, image: Image.Image, blend: int) -> None:
    inside = min(tile.coords.left, tile.coords.top, tile.overlap.left, tile.overlap.top) >= 0
    if not inside or image.size != (tile.width, tile.height):
        raise BadInputError(
            f"A tile of {tile.width} x {tile.height} pixels cannot hold a picture of {image.width} x {image.height}.",
            hint="Give each tile the picture that was cut out for it.",
            code="bad_tiles",
        )
    shared = [side for side in (tile.overlap.left, tile.overlap.top) if side]
    if shared and min(shared) < blend:
        raise BadInputError(
            f"Tiles that share {min(shared)} pixels cannot be blended over {blend}.",
            hint="Lower blend_amount, or let the tiles overlap more.",
            code="bad_tiles",
        )
