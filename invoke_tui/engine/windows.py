"""Pieces of latents that overlap: a run or a VAE works on one at a time, and where they overlap they are blended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from invoke_tui.domain.request.tiles import Tile, Tiling, tiles_overlapping

CELL: Final = 8
"""Pixels a side that one latent stands for."""


@dataclass(frozen=True)
class Window:
    """A piece of latents (n, c, h, w). ``weight`` (1, 1, h, w) is its share in every cell; the shares of all windows
    add up to 1, and fall to its edges along straight ramps."""

    tile: Tile
    weight: Tensor

    def of(self, whole: Tensor) -> Tensor:
        """This piece of ``whole``, or of anything of its height and width; a view."""
        at = self.tile.coords
        return whole[..., at.top : at.bottom, at.left : at.right]

    def box(self, cell: int = CELL) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of the picture."""
        at = self.tile.coords
        return at.left * cell, at.top * cell, at.right * cell, at.bottom * cell


def windows_of(tiles: Sequence[Tile], like: Tensor) -> list[Window]:
    """The windows on ``like`` (n, c, h, w) that ``tiles`` in its cells stand for."""
    ramps = [_ramp(tile).to(like.device, torch.float32) for tile in tiles]
    total = torch.zeros(1, 1, *like.shape[-2:], device=like.device)
    for tile, ramp in zip(tiles, ramps, strict=True):
        Window(tile, ramp).of(total).add_(ramp)
    return [
        Window(tile, ramp / Window(tile, ramp).of(total)) for tile, ramp in zip(tiles, ramps, strict=True)
    ]


def tiled_windows(tiling: Tiling | None, latents: Tensor) -> list[Window]:
    """The windows a picture is drawn in, at least as much overlap as ``tiling`` says; none where it is drawn whole."""
    if tiling is None:
        return []
    height, width = latents.shape[-2:]
    tile_height, tile_width = max(1, tiling.height // CELL), max(1, tiling.width // CELL)
    overlap = min(tiling.overlap // CELL, tile_height - 1, tile_width - 1)
    return windows_of(tiles_overlapping(height, width, tile_height, tile_width, overlap), latents)


def blended(windows: Sequence[Window], make: Callable[[Window], Tensor]) -> Tensor:
    """What ``make`` gives for each window (n, c, h, w of it), float32, in one piece."""
    whole: Tensor | None = None
    for window in windows:
        made = make(window).float()
        if whole is None:
            bottom = max(one.tile.coords.bottom for one in windows)
            right = max(one.tile.coords.right for one in windows)
            whole = made.new_zeros(*made.shape[:2], bottom, right)
        window.of(whole).add_(made * window.weight.to(made.device))
    assert whole is not None, "a picture has a window"
    return whole


def _ramp(tile: Tile) -> Tensor:
    by = tile.overlap
    down, across = _side(tile.height, by.top, by.bottom), _side(tile.width, by.left, by.right)
    return (down[:, None] * across)[None, None]


def _side(length: int, before: int, behind: int) -> Tensor:
    """Rising over what is shared with the piece before, falling over what is shared with the one behind."""
    at = torch.arange(length) + 0.5
    rising = at / before if before else torch.ones(length)
    falling = (length - at) / behind if behind else torch.ones(length)
    return torch.minimum(rising, falling).clamp(max=1.0)
