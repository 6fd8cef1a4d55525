"""Stable Diffusion 1.x and 2.x: CLIP text states, a UNet with cross-attention, latents of 4 channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.factors import SD_FACTORS, RgbFactors
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.layouts.text import SD1_TEXT, SD2_TEXT
from invoke_tui.engine.loading.layouts.unet import UNET
from invoke_tui.engine.loading.layouts.vae import vae_layout
from invoke_tui.engine.loading.parts import CLIP_CLASS, UNET_CLASS, VAE_CLASS, Part
from invoke_tui.engine.schedulers.build import build_scheduler
from invoke_tui.engine.schedulers.diffusion import DiffusionSchedule

NOISE: Final[dict[str, Any]] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "clip_sample": False,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
}
"""How every Stable Diffusion before 3 was noised in training; single files do not say it."""


class StableDiffusion:
    """SD 1 and SD 2 (epsilon and v-prediction differ in the scheduler alone)."""

    bases: tuple[BaseModelType, ...] = (BaseModelType.SD1, BaseModelType.SD2)
    denoiser = "unet"
    noise_type = "SD"
    latent_channels = 4
    pixels_per_latent = 8
    rgb_factors: RgbFactors = SD_FACTORS

    def parts(self, record: ModelRecord) -> Mapping[str, Part]:
        """UNet, VAE and one text encoder: OpenAI's in SD 1, OpenCLIP's in SD 2."""
        sd2 = record.base is BaseModelType.SD2
        return {
            "unet": Part("model", UNET_CLASS, (UNET,)),
            "vae": Part("model", VAE_CLASS, (vae_layout(record.base),)),
            "text_encoder": Part("model", CLIP_CLASS, (SD2_TEXT if sd2 else SD1_TEXT,)),
            "tokenizer": Part("tokenizer", "CLIPTokenizer", constant={"pad_token": "!"} if sd2 else {}),
            "scheduler": Part("scheduler", "", constant=NOISE),
        }

    def check(self, model: nn.Module, conditioning: Conditioning, channels: int) -> None:
        """The UNet must take so many channels (depth models want one more) and text states of this width."""
        config: Any = model.config
        if config.in_channels != channels:
            raise BadInputError(
                f"This model's UNet takes {config.in_channels} channels, {channels} are there.",
                hint="Depth models cannot be drawn with; choose another model.",
                code="wrong_model",
            )
        width = conditioning.embeds.shape[-1]
        if config.cross_attention_dim != width:
            raise BadInputError(
                f"The text encoder's states are {width} wide, the UNet takes {config.cross_attention_dim}.",
                hint="Use the text encoder that belongs to the model.",
                code="wrong_model",
            )

    def schedule(
        self, job: DenoiseJob, config: Mapping[str, Any], record: ModelRecord, shape: torch.Size
    ) -> DiffusionSchedule:
        """Any scheduler on the model's own noise."""
        scheduler = build_scheduler(
            job.scheduler,
            config,
            steps=job.steps,
            seed=job.seed,
            prediction_type=record.prediction_type,
            timestep_spacing=record.default_settings.timestep_spacing,
        )
        return DiffusionSchedule(
            scheduler, steps=job.steps, seed=job.seed, start=job.denoising_start, end=job.denoising_end
        )

    def predict(
        self,
        model: nn.Module,
        latents: Tensor,
        timestep: Tensor,
        conditioning: Conditioning,
        guidance: float | None,
        arguments: Mapping[str, Any],
    ) -> Tensor:
        """The UNet's output for ``latents`` in its own precision, given back in float32."""
        (output,) = model(
            latents.to(conditioning.embeds.dtype),
            timestep,
            encoder_hidden_states=conditioning.embeds,
            encoder_attention_mask=conditioning.mask,
            return_dict=False,
            **self.extras(conditioning),
            **arguments,
        )
        result: Tensor = output.float()
        return result

    def extras(self, conditioning: Conditioning) -> dict[str, Any]:
        """What a UNet is told beside the text states."""
        return {}
