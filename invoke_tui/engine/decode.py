"""Latents to pixels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError, StudioError

MIN_TILE = 64


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
def decode_latents(vae: nn.Module, latents: Tensor, *, tile_size: int | None = None) -> Image.Image:
    """Decode the first of ``latents`` (n, 4, h, w) to an RGB picture of (8 w, 8 h) pixels in the VAE's precision.

    ``tile_size`` in pixels decodes in overlapping tiles (0: of the VAE's own size), None in one piece. Raises
    ``NotFiniteError``.
    """
    model: Any = vae
    config = model.config
    dtype = next(vae.parameters()).dtype
    scaled = latents[:1].to(next(vae.parameters()).device, torch.float32) / config.scaling_factor
    shift = getattr(config, "shift_factor", None)
    if shift is not None:
        scaled = scaled + shift
    with tiling(model, tile_size):
        (pixels,) = model.decode(scaled.to(dtype), return_dict=False)
    if not bool(torch.isfinite(pixels).all()):
        raise NotFiniteError(f"The VAE made NaN in {str(dtype).removeprefix('torch.')}.")
    bytes_ = pixels[0].float().mul(0.5).add(0.5).clamp(0, 1).mul(255).round().to(torch.uint8)
    return Image.fromarray(bytes_.movedim(0, -1).contiguous().cpu().numpy())


@contextmanager
def tiling(vae: Any, tile_size: int | None) -> Iterator[None]:
    """Let ``vae`` work in tiles while inside, and as before afterwards."""
    if tile_size is None:
        yield
        return
    names = ("use_tiling", "tile_sample_min_size", "tile_latent_min_size")
    before = {name: getattr(vae, name) for name in names}
    try:
        vae.use_tiling = True
        if tile_size:
            ratio = before["tile_sample_min_size"] / before["tile_latent_min_size"]
            vae.tile_sample_min_size = max(tile_size, MIN_TILE)
            vae.tile_latent_min_size = int(max(tile_size, MIN_TILE) / ratio)
        yield
    finally:
        for name, value in before.items():
            setattr(vae, name, value)
