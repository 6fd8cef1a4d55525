"""What a family of models has to say about itself for the one denoise loop to draw with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.factors import RgbFactors
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.parts import Part
from invoke_tui.engine.schedulers.schedule import Schedule


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
