"""Stable Diffusion XL and its refiner: two text encoders side by side, sizes and crops as conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models import BaseModelType, ModelRecord
from invoke_tui.engine.factors import SDXL_FACTORS, RgbFactors
from invoke_tui.engine.families.base import Conditioning
from invoke_tui.engine.families.sd import NOISE, check_unet, diffusion_schedule
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.layouts.text import SDXL_TEXT, SDXL_TEXT_2
from invoke_tui.engine.loading.layouts.unet import UNET
from invoke_tui.engine.loading.layouts.vae import vae_layout
from invoke_tui.engine.loading.parts import CLIP_CLASS, CLIP_PROJECTION_CLASS, UNET_CLASS, VAE_CLASS, Part
from invoke_tui.engine.schedulers.diffusion import DiffusionSchedule

SCHEDULER: Final[dict[str, Any]] = NOISE | {"interpolation_type": "linear", "timestep_spacing": "leading"}


class StableDiffusionXL:
    """SDXL base models and the refiner, which has the second text encoder only."""

    bases: tuple[BaseModelType, ...] = (BaseModelType.SDXL, BaseModelType.SDXL_REFINER)
    denoiser = "unet"
    noise_type = "SD"
    latent_channels = 4
    pixels_per_latent = 8
    rgb_factors: RgbFactors = SDXL_FACTORS

    def parts(self, record: ModelRecord) -> Mapping[str, Part]:
        """UNet, VAE, OpenAI's text encoder and OpenCLIP's."""
        return {
            "unet": Part("model", UNET_CLASS, UNET),
            "vae": Part("model", VAE_CLASS, vae_layout(record.base)),
            "text_encoder": Part("model", CLIP_CLASS, SDXL_TEXT),
            "text_encoder_2": Part("model", CLIP_PROJECTION_CLASS, SDXL_TEXT_2),
            "tokenizer": Part("tokenizer", "CLIPTokenizer"),
            "tokenizer_2": Part("tokenizer", "CLIPTokenizer", constant={"pad_token": "!"}),
            "scheduler": Part("scheduler", "", constant=SCHEDULER),
        }

    def check(self, model: nn.Module, conditioning: Conditioning, latents: Tensor) -> None:
        """As Stable Diffusion's, and the pooled text and sizes must be there."""
        check_unet(model, conditioning, latents)
        if conditioning.pooled is None or conditioning.time_ids is None:
            raise BadInputError(
                "SDXL needs prompts encoded for SDXL.",
                hint="Use the SDXL prompt node.",
                code="wrong_model",
            )

    def schedule(
        self, job: DenoiseJob, config: Mapping[str, Any], record: ModelRecord, shape: torch.Size
    ) -> DiffusionSchedule:
        """Any scheduler on the model's own noise."""
        return diffusion_schedule(job, config, record)

    def predict(
        self,
        model: nn.Module,
        latents: Tensor,
        timestep: Tensor,
        conditioning: Conditioning,
        guidance: float | None,
    ) -> Tensor:
        """The UNet's output for ``latents`` in its own precision, given back in float32."""
        (output,) = model(
            latents.to(conditioning.embeds.dtype),
            timestep,
            encoder_hidden_states=conditioning.embeds,
            encoder_attention_mask=conditioning.mask,
            added_cond_kwargs={"text_embeds": conditioning.pooled, "time_ids": conditioning.time_ids},
            return_dict=False,
        )
        result: Tensor = output.float()
        return result
