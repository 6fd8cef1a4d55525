"""Latents to pixels, in one piece or in tiles: then the picture is bytes, and one row of tiles is held in floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.request.tiles import Tile, tiles_overlapping
from invoke_tui.engine.mosaic import assemble

MIN_TILE: Final = 64
SHARED: Final = 4
"""Tiles share a quarter of their side: what a VAE sees of its surroundings differs at their edges."""
Told = Callable[[int, int], None]
"""How many tiles of how many are done."""


class NotFiniteError(StudioError):
    """The VAE made NaN or infinity out of sound latents."""

    default_code = "not_a_number"


def check_latents(latents: Tensor) -> None:
    """Raise when the latents cannot be decoded: a wrong shape, or NaN from a denoise that went wrong."""
    if latents.ndim != 4:
        raise BadInputError(f"Latents have 4 axes, not {latents.ndim}.", code="bad_latents")
    if not bool(torch.isfinite(latents).all()):
        raise StudioError(
            "The denoising ended in NaN or infinity, so there is no picture.",
            hint="Set precision: bfloat16 or float32, or choose another scheduler or a lower CFG scale.",
            code="not_a_number",
        )


@torch.no_grad()
def decode_latents(
    vae: nn.Module, latents: Tensor, *, tile_size: int | None = None, told: Told | None = None
) -> Image.Image:
    """Decode the first of ``latents`` (n, 4, h, w) to an RGB picture of (8 w, 8 h) pixels in the VAE's precision.

    ``tile_size`` in pixels decodes in overlapping tiles (0: of the VAE's own size), None in one piece. Raises
    ``NotFiniteError``.
    """
    config: Any = vae.config
    scaled = latents[:1].to(next(vae.parameters()).device, torch.float32) / config.scaling_factor
    shift = getattr(config, "shift_factor", None)
    if shift is not None:
        scaled = scaled + shift
    height, width = scaled.shape[-2:]
    tiles, done = vae_tiles(vae, height, width, tile_size), 0

    def decoded(tile: Tile) -> Tensor:
        nonlocal done
        at = tile.coords
        made = _pixels(vae, scaled[..., at.top : at.bottom, at.left : at.right])
        done += 1
        if told is not None:
            told(done, len(tiles))
        return made

    return Image.fromarray(assemble((width, height), tiles, pixels_per_latent(vae), decoded))


def vae_tiles(vae: nn.Module, height: int, width: int, tile_size: int | None) -> list[Tile]:
    """The tiles a VAE works in, on latents of (``height``, ``width``); ``tile_size`` in pixels as for decoding."""
    model: Any = vae
    if tile_size is None:
        side = max(height, width)
    else:
        pixels = max(tile_size, MIN_TILE) if tile_size else int(model.tile_sample_min_size)
        side = max(1, pixels // pixels_per_latent(vae))
    return tiles_overlapping(height, width, side, side, side // SHARED)


def pixels_per_latent(vae: nn.Module) -> int:
    """How many pixels a side one latent stands for: each level of a VAE but one halves the picture."""
    config: Any = vae.config
    return int(2 ** (len(config.block_out_channels) - 1))


def _pixels(vae: nn.Module, scaled: Tensor) -> Tensor:
    """One piece (1, c, h, w) as (3, 8 h, 8 w) in 0..1."""
    model: Any = vae
    dtype = next(vae.parameters()).dtype
    (made,) = model.decode(scaled.to(dtype), return_dict=False)
    if not bool(torch.isfinite(made).all()):
        raise NotFiniteError(f"The VAE made NaN in {str(dtype).removeprefix('torch.')}.")
    pixels: Tensor = made[0].float().mul(0.5).add(0.5)
    return pixels
