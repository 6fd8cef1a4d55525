"""A large picture put together of tiles: seams are blended, and one row of tiles is held in floats at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from invoke_tui.domain.request.tiles import Tile

Pixels = npt.NDArray[np.uint8]
Make = Callable[[Tile], Tensor]
"""A tile as (3, h * scale, w * scale) in 0..1."""


def assemble(size: tuple[int, int], tiles: Sequence[Tile], scale: int, make: Make) -> Pixels:
    """The large picture (h, w, 3) of bytes: ``size`` and ``tiles`` are those of something ``scale`` times smaller.

    In floats there is only the row of tiles at hand, and what it shares with the next.
    """
    width, height = size
    large = np.empty((height * scale, width * scale, 3), np.uint8)
    tail: Tensor | None = None
    for top, row in groupby(tiles, key=lambda tile: tile.coords.top * scale):
        strip, shared, below = _row(list(row), width, scale, make)
        if tail is not None:
            strip[:, :shared] = _blend(tail, strip[:, :shared], axis=1)
        end = strip.shape[1] - below
        large[top : top + end] = _bytes(strip[:, :end])
        tail = strip[:, end:].clone()
        del strip  # before the next one is made
    return large


def _row(tiles: list[Tile], width: int, scale: int, make: Make) -> tuple[Tensor, int, int]:
    """A row of tiles as one strip (3, h, w), and how many of its lines it shares with the rows above and below."""
    first = tiles[0]
    above, below = first.overlap.top * scale, first.overlap.bottom * scale
    strip = make(first)
    if len(tiles) == 1:
        return strip, above, below
    start, strip = strip, strip.new_empty(3, first.height * scale, width * scale)
    strip[..., : start.shape[2]] = start
    for tile in tiles[1:]:
        made = make(tile)
        left, right, shared = (x * scale for x in (tile.coords.left, tile.coords.right, tile.overlap.left))
        made[..., :shared] = _blend(strip[..., left : left + shared], made[..., :shared], axis=2)
        strip[..., left:right] = made
    return strip, above, below


def _blend(old: Tensor, new: Tensor, *, axis: int) -> Tensor:
    """From ``old`` to ``new`` along an axis of (3, h, w): a straight ramp over the middle half of what they share."""
    length = new.shape[axis]
    margin = length // 4
    ramp = ((torch.arange(length, device=new.device) + 0.5 - margin) / max(length - 2 * margin, 1)).clamp(
        0, 1
    )
    return torch.lerp(old, new, ramp.view(-1, 1) if axis == 1 else ramp)


def _bytes(strip: Tensor) -> Pixels:
    return strip.clamp(0, 1).mul(255).round().to(torch.uint8).movedim(0, -1).contiguous().cpu().numpy()
