"""What a family of models has to say about itself for the one denoise loop to draw with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from invoke_tui.domain.models import BaseModelType
from invoke_tui.engine.preview import RgbFactors

Loader = Callable[[Path, torch.dtype], Any]


@dataclass(frozen=True)
class Conditioning:
    """An encoded prompt. ``embeds`` is (1, tokens, width) on the engine's device, tokens a multiple of 77 for CLIP."""

    embeds: Tensor


@dataclass(frozen=True)
class Batch:
    """Conditioning of one model call: ``embeds`` (n, tokens, width); ``mask`` (n, tokens) is False at padding."""

    embeds: Tensor
    mask: Tensor | None = None


class Family(Protocol):
    """One file per architecture implements this and is named in the table of ``families``."""

    bases: tuple[BaseModelType, ...]
    noise_type: str
    latent_channels: int
    pixels_per_latent: int
    rgb_factors: RgbFactors
    components: Mapping[str, Loader]
    """Loader of each submodel type: takes the component's folder and the precision."""

    def check(self, unet: nn.Module, conditioning: Conditioning, latents: Tensor) -> None:
        """Raise ``BadInputError`` when these do not belong together."""

    def predict(self, unet: nn.Module, latents: Tensor, timestep: Tensor, batch: Batch) -> Tensor:
        """One model call for latents (n, c, h, w) at ``timestep`` (0-d, on the device); same shape, float32."""

    def join(self, negative: Conditioning, positive: Conditioning) -> Batch:
        """Both prompts for one call with n = 2, negative first."""
