"""Pixels to latents, in one piece or in tiles: then of the pixels one tile is held in floats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.decode import NotFiniteError, Told, pixels_per_latent, vae_tiles
from invoke_tui.engine.windows import Window, blended, windows_of

ENCODE_SEED: Final = 0
"""A VAE gives a distribution; its sample is drawn with this seed, so that a picture always has the same latents."""


@dataclass(frozen=True)
class Given:
    """A picture on the grid, RGB; where ``hidden`` is white it is grey. ``scale`` and ``bias`` compensate colours."""

    picture: Image.Image
    hidden: Image.Image | None = None
    scale: float = 1.0
    bias: float = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.size

    def pixels(self, box: tuple[int, int, int, int]) -> Tensor:
        """A piece as (1, 3, h, w) in -1..1; 0, the middle grey, where it is hidden."""
        piece = np.array(self.picture.crop(box))
        pixels = torch.from_numpy(piece).movedim(-1, 0)[None].float() / 127.5 - 1
        pixels = pixels * self.scale + self.bias
        if self.hidden is None:
            return pixels
        return pixels * torch.from_numpy(np.array(self.hidden.crop(box)) < 128)


def on_grid(
    image: Image.Image,
    *,
    grid: int = 8,
    hidden: Image.Image | None = None,
    scale: float = 1.0,
    bias: float = 0.0,
) -> Given:
    """A picture ready to be encoded, its sides cut down to multiples of ``grid`` by resampling.

    Raises ``BadInputError`` for one that is smaller than the grid.
    """
    size = (image.width - image.width % grid, image.height - image.height % grid)
    if not all(size):
        raise BadInputError(
            f"A picture of {image.width} x {image.height} pixels is too small.",
            hint=f"Each side needs {grid} pixels.",
            code="bad_size",
        )
    picture = image.convert("RGB")
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    if hidden is not None:
        hidden = hidden.convert("L").resize(size, Image.Resampling.NEAREST)
    return Given(picture, hidden, scale, bias)


@torch.no_grad()
def encode_picture(
    vae: nn.Module, given: Given, *, tile_size: int | None = None, told: Told | None = None
) -> Tensor:
    """Encode a picture to latents (1, c, h / 8, w / 8) as the model wants them, float32.

    ``tile_size`` in pixels encodes in overlapping tiles (0: of the VAE's own size), None in one piece. Raises
    ``NotFiniteError``.
    """
    from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

    model: Any = vae
    config, weight, cell = model.config, next(vae.parameters()), pixels_per_latent(vae)
    width, height = (side // cell for side in given.size)
    tiles, done = vae_tiles(vae, height, width, tile_size), 0

    def encoded(window: Window) -> Tensor:
        nonlocal done
        piece = given.pixels(window.box(cell)).to(weight.device, weight.dtype)
        found: Tensor = model.encode(piece).latent_dist.parameters
        done += 1
        if told is not None:
            told(done, len(tiles))
        return found

    like = torch.empty(1, 1, height, width, device=weight.device)
    distribution = DiagonalGaussianDistribution(blended(windows_of(tiles, like), encoded))
    latents: Tensor = distribution.sample(torch.Generator("cpu").manual_seed(ENCODE_SEED))
    if not bool(torch.isfinite(latents).all()):
        raise NotFiniteError(f"The VAE made NaN in {str(weight.dtype).removeprefix('torch.')}.")
    shift, scale = getattr(config, "shift_factor", None) or 0.0, float(config.scaling_factor)
    return (latents - shift) * scale
