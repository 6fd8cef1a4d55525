"""Encoded prompts, as model calls take them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Conditioning:
    """Encoded prompts, on the engine's device, for a model call with n of them.

    ``embeds`` is (n, tokens, width), ``pooled`` (n, width), ``time_ids`` (n, 5 or 6) SDXL's sizes and crops; ``mask``
    (n, tokens) is False at padding.
    """

    embeds: Tensor
    pooled: Tensor | None = None
    time_ids: Tensor | None = None
    mask: Tensor | None = None

    @property
    def size_bytes(self) -> int:
        """What its tensors take."""
        tensors = (self.embeds, self.pooled, self.time_ids, self.mask)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors if tensor is not None)

    def to(self, device: torch.device, dtype: torch.dtype) -> Conditioning:
        """The same elsewhere and in another precision; a mask stays a mask."""

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device, dtype)

        return replace(
            self,
            embeds=self.embeds.to(device, dtype),
            pooled=moved(self.pooled),
            time_ids=moved(self.time_ids),
            mask=None if self.mask is None else self.mask.to(device),
        )


def join(negative: Conditioning, positive: Conditioning) -> Conditioning:
    """Both prompts for one call with n = 2, negative first. The shorter one is padded with zeros behind a mask."""
    pair = (negative, positive)
    lengths = [prompt.embeds.shape[1] for prompt in pair]
    longest = max(lengths)
    padded = [
        nn.functional.pad(prompt.embeds, (0, 0, 0, longest - prompt.embeds.shape[1])) for prompt in pair
    ]
    mask: Tensor | None = None
    if lengths[0] != lengths[1]:
        positions = torch.arange(longest, device=padded[0].device)
        mask = torch.stack([positions < length for length in lengths])

    def both(name: str) -> Tensor | None:
        tensors = [getattr(prompt, name) for prompt in pair]
        return None if any(tensor is None for tensor in tensors) else torch.cat(tensors)

    return Conditioning(torch.cat(padded), both("pooled"), both("time_ids"), mask)
