"""Pictures made larger by a network, tile by tile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from invoke_tui.domain.request.tiles import Tile, tiles_overlapping
from invoke_tui.domain.request.upscaling import MOST_PIXELS, check_size, target_size
from invoke_tui.engine.decode import NotFiniteError
from invoke_tui.engine.hooks import RunHooks
from invoke_tui.engine.loading.upscalers import Upscaler
from invoke_tui.engine.mosaic import Pixels, assemble

OVERLAP: Final = 40
"""Pixels of the small picture that two tiles share. A quarter at each end is left to the tile that sees beyond it."""
PADDING: Final = 10
"""Pixels beyond the picture's own edges that a network is given: the picture mirrored, in place of black."""
SMALL_TILE: Final = 64
WORK_CHANNELS: Final = 192
"""Numbers a network holds for each pixel of the large picture while it makes it: three layers of 64 features."""
GRAY: Final = ("1", "L", "LA", "La")


@dataclass(frozen=True)
class Passes:
    """The sizes a picture goes through: into each pass of the network, and at the end."""

    inputs: tuple[tuple[int, int], ...]
    target: tuple[int, int]


def plan_passes(
    size: tuple[int, int], network_scale: int, scale: float | None, *, multiple_of_8: bool = False
) -> Passes:
    """One pass where no ``scale`` is wanted; else as many as reach it, and what is too much is taken away at the end.

    A pass that would make more than ``MOST_PIXELS`` gets a smaller picture, so that it ends at the target. Raises
    ``BadInputError`` for a target that is larger.
    """
    width, height = size
    if scale is None:
        target = target_size(width, height, network_scale)
        check_size(*target)
        return Passes((size,), target)
    target = target_size(width, height, scale, multiple_of_8=multiple_of_8)
    check_size(*target)
    inputs: list[tuple[int, int]] = []
    while not inputs or (network_scale > 1 and (width < target[0] or height < target[1])):
        if width * height * network_scale**2 > MOST_PIXELS:
            width, height = (max(1, -(-side // network_scale)) for side in target)
        inputs.append((width, height))
        width, height = width * network_scale, height * network_scale
    return Passes(tuple(inputs), target)


def working_bytes(tile_size: int, size: tuple[int, int], scale: int, element_bytes: int) -> int:
    """What a network takes beside its weights for a tile of a picture of ``size``; 0 is no tiles."""
    width, height = (min(side, tile_size or side) for side in size)
    return width * height * scale**2 * element_bytes * WORK_CHANNELS


@torch.no_grad()
def upscale(
    upscaler: Upscaler,
    picture: Image.Image,
    passes: Passes,
    *,
    tile_size: int,
    device: torch.device,
    hooks: RunHooks,
) -> Image.Image:
    """``picture`` through every pass, then Lanczos to the target. Gray stays gray; alpha is scaled by Lanczos.

    Tiles have ``tile_size`` pixels of the small picture a side, 0 is the whole picture at once. Raises
    ``NotFiniteError``, and whatever ``hooks.check_cancel`` raises, between two tiles.
    """
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    made = picture.convert("RGB")
    laid = [_lay(size, tile_size if upscaler.tiles else 0) for size in passes.inputs]
    progress = _Progress(hooks, sum(map(len, laid)))
    for size, tiles in zip(passes.inputs, laid, strict=True):
        small = made if made.size == size else made.resize(size, Image.Resampling.LANCZOS)
        pixels = np.asarray(small)

        def enlarged(tile: Tile, pixels: Pixels = pixels) -> Tensor:
            progress.next()
            made = _enlarge(upscaler, pixels, tile, device)
            progress.done()
            return made

        made = Image.fromarray(assemble(size, tiles, upscaler.scale, enlarged))
    if made.size != passes.target:
        made = made.resize(passes.target, Image.Resampling.LANCZOS)
    if alpha is not None:
        made.putalpha(alpha.resize(passes.target, Image.Resampling.LANCZOS))
        return made
    return made.convert("L") if picture.mode in GRAY else made


class _Progress:
    """Counts tiles; asks for cancel before each."""

    def __init__(self, hooks: RunHooks, total: int) -> None:
        self._hooks, self._total, self._done = hooks, total, 0
        hooks.progress(0, total, "Upscaling")

    def next(self) -> None:
        """Before a tile."""
        self._hooks.check_cancel()

    def done(self) -> None:
        """After a tile."""
        self._done += 1
        self._hooks.progress(self._done, self._total, "Upscaling")


def _lay(size: tuple[int, int], tile_size: int) -> list[Tile]:
    width, height = size
    side = max(tile_size, SMALL_TILE) if tile_size else max(size)
    return tiles_overlapping(height, width, side, side, min(OVERLAP, side // 4))


def _enlarge(upscaler: Upscaler, small: Pixels, tile: Tile, device: torch.device) -> Tensor:
    """One tile of the picture, large. Where it has no neighbour it is mirrored outwards."""
    at, by, scale = tile.coords, tile.overlap, upscaler.scale
    above, below, left, right = (0 if side else PADDING for side in (by.top, by.bottom, by.left, by.right))
    pixels = small[at.top : at.bottom, at.left : at.right]
    made = _run(upscaler, np.pad(pixels, ((above, below), (left, right), (0, 0)), mode="symmetric"), device)
    top, start = above * scale, left * scale
    return made[:, top : top + tile.height * scale, start : start + tile.width * scale]


def _run(upscaler: Upscaler, pixels: Pixels, device: torch.device) -> Tensor:
    """Pixels (h, w, 3) through the network: (3, h, w) in float32, on the CPU."""
    dtype = next(upscaler.parameters()).dtype
    given = torch.from_numpy(pixels).to(device).movedim(-1, 0).to(dtype) / 255
    if upscaler.channels == 1:  # each colour is a gray picture to it
        made = torch.cat([upscaler(channel[None, None])[0] for channel in given])
    else:
        made = upscaler(given[None])[0]
    made = made.float()
    if not bool(torch.isfinite(made).all()):
        raise NotFiniteError(f"The upscaler made NaN in {str(dtype).removeprefix('torch.')}.")
    return made.cpu()
