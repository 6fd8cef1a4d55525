"""What makes seeds count more: seeded noise on a share of a prompt's values; and latents of another size."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from invoke_tui.domain.graph.fields import LatentResize
from invoke_tui.engine.embeds import Conditioning

_SMOOTH = ("bilinear", "bicubic")
"""The modes that can look at more than a pixel's neighbours when they make smaller."""


def varied(prompt: Conditioning, *, seed: int, strength: float, percent: float) -> Conditioning:
    """A prompt with normal noise added to ``percent`` of the values of its text states.

    Its deviation is ``strength`` times that of the states themselves. Drawn on the CPU it is the same on every device.
    """
    states = prompt.embeds
    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn(states.shape, generator=generator)
    chosen = torch.rand(states.shape, generator=generator) * 100 < percent
    added = (noise * chosen).to(states.device) * (states.float().std() * strength)
    return replace(prompt, embeds=(states.float() + added).to(states.dtype))


def resized(latents: Tensor, width: int, height: int, mode: LatentResize, *, antialias: bool) -> Tensor:
    """Latents (1, c, h, w) for a picture of ``width`` x ``height`` pixels."""
    flat = mode in ("linear", "trilinear")  # modes of other dimensions, which InvokeAI's nodes name as well
    return nn.functional.interpolate(
        latents,
        size=(height // 8, width // 8),
        mode="bilinear" if flat else mode,
        antialias=antialias and mode in _SMOOTH,
    )
