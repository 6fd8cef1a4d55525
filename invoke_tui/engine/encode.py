"""Pixels to latents."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.decode import NotFiniteError, tiling

ENCODE_SEED: Final = 0
"""A VAE gives a distribution; its sample is drawn with this seed, so that a picture always has the same latents."""


def pixels_of(
    image: Image.Image,
    *,
    grid: int = 8,
    hidden: Image.Image | None = None,
    scale: float = 1.0,
    bias: float = 0.0,
) -> Tensor:
    """A picture as (1, 3, h, w) in -1..1, its sides cut down to multiples of ``grid`` by resampling.

    Where ``hidden`` is white the pixels are 0, the middle grey. ``scale`` and ``bias`` compensate colours.
    """
    width, height = (side - side % grid for side in image.size)
    if not width or not height:
        raise BadInputError(
            f"A picture of {image.width} x {image.height} pixels is too small.",
            hint=f"Each side needs {grid} pixels.",
            code="bad_size",
        )
    picture = image.convert("RGB")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(picture)).movedim(-1, 0)[None].float() / 127.5 - 1
    pixels = pixels * scale + bias
    if hidden is not None:
        shown = np.array(hidden.convert("L").resize((width, height), Image.Resampling.NEAREST)) < 128
        pixels = pixels * torch.from_numpy(shown)
    return pixels


@torch.no_grad()
def encode_pixels(vae: nn.Module, pixels: Tensor, *, tile_size: int | None = None) -> Tensor:
    """Encode ``pixels`` (1, 3, h, w) to latents (1, c, h / 8, w / 8) as the model wants them, float32.

    ``tile_size`` in pixels encodes in overlapping tiles (0: of the VAE's own size), None in one piece. Raises
    ``NotFiniteError``.
    """
    model: Any = vae
    config = model.config
    weight = next(vae.parameters())
    with tiling(model, tile_size):
        distribution = model.encode(pixels.to(weight.device, weight.dtype)).latent_dist
    latents: Tensor = distribution.sample(torch.Generator("cpu").manual_seed(ENCODE_SEED)).float()
    if not bool(torch.isfinite(latents).all()):
        raise NotFiniteError(f"The VAE made NaN in {str(weight.dtype).removeprefix('torch.')}.")
    shift, scale = getattr(config, "shift_factor", None) or 0.0, float(config.scaling_factor)
    return (latents - shift) * scale
