"""What a family of models has to say about itself for the one denoise loop to draw with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from invoke_tui.domain.models import BaseModelType, ModelRecord
from invoke_tui.engine.factors import RgbFactors
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.parts import Part
from invoke_tui.engine.schedulers.schedule import Schedule


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


class Family(Protocol):
    """One file per architecture implements this and is named in the table of ``families``."""

    bases: tuple[BaseModelType, ...]
    denoiser: str
    """The component that predicts: ``unet`` or ``transformer``."""
    noise_type: str
    latent_channels: int
    pixels_per_latent: int
    rgb_factors: RgbFactors

    def parts(self, record: ModelRecord) -> Mapping[str, Part]:
        """The components of a model by InvokeAI's submodel types."""

    def check(self, model: nn.Module, conditioning: Conditioning, channels: int) -> None:
        """Raise ``BadInputError`` when these do not belong together; ``channels`` are given to the model."""

    def schedule(
        self, job: DenoiseJob, config: Mapping[str, Any], record: ModelRecord, shape: torch.Size
    ) -> Schedule:
        """The schedule of a run: ``config`` is the model's scheduler configuration, ``shape`` that of the latents."""

    def predict(
        self,
        model: nn.Module,
        latents: Tensor,
        timestep: Tensor,
        conditioning: Conditioning,
        guidance: float | None,
        arguments: Mapping[str, Any],
    ) -> Tensor:
        """One model call for (n, c, h, w) at ``timestep`` (0-d, on the device): latents (n, ``latent_channels``, h, w),
        float32. Further ``arguments`` go to the model as they are."""


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
