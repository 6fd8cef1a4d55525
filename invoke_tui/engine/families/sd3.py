"""Stable Diffusion 3 and 3.5: a transformer on text and picture together, two CLIPs and, if one likes, T5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.factors import SD3_FACTORS, RgbFactors
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.layouts.sd3 import SD3_TRANSFORMER
from invoke_tui.engine.loading.layouts.text import CLIP_G, CLIP_L
from invoke_tui.engine.loading.layouts.vae import vae_layout
from invoke_tui.engine.loading.parts import CLIP_PROJECTION_CLASS, SD3_CLASS, VAE_CLASS, Part
from invoke_tui.engine.loading.t5 import T5_PARTS
from invoke_tui.engine.schedulers.flow import TRAIN_STEPS, FlowSchedule, clipped, flow_kind, shifted

SCHEDULER: Final[dict[str, Any]] = {"num_train_timesteps": TRAIN_STEPS, "shift": 3.0}


class StableDiffusion3:
    """SD 3 medium, SD 3.5 medium and large."""

    bases: tuple[BaseModelType, ...] = (BaseModelType.SD3,)
    denoiser = "transformer"
    noise_type = "SD3"
    latent_channels = 16
    pixels_per_latent = 8
    rgb_factors: RgbFactors = SD3_FACTORS

    def parts(self, record: ModelRecord) -> Mapping[str, Part]:
        """The transformer, the VAE and, where the model brings them, the three text encoders."""
        return {
            "transformer": Part("model", SD3_CLASS, (SD3_TRANSFORMER,)),
            "vae": Part("model", VAE_CLASS, (vae_layout(record.base),)),
            "text_encoder": Part("model", CLIP_PROJECTION_CLASS, (CLIP_L,)),
            "text_encoder_2": Part("model", CLIP_PROJECTION_CLASS, (CLIP_G,)),
            "text_encoder_3": T5_PARTS["text_encoder"],
            "tokenizer": Part("tokenizer", "CLIPTokenizer"),
            "tokenizer_2": Part("tokenizer", "CLIPTokenizer", constant={"pad_token": "!"}),
            "tokenizer_3": T5_PARTS["tokenizer"],
            "scheduler": Part("scheduler", "", constant=SCHEDULER),
        }

    def check(self, model: nn.Module, conditioning: Conditioning, channels: int) -> None:
        """The transformer must take so many channels, and these text states."""
        config: Any = model.config
        if config.in_channels != channels:
            raise BadInputError(
                f"This model's transformer takes {config.in_channels} channels, {channels} are there.",
                hint="Make noise of the type SD3.",
                code="wrong_model",
            )
        if conditioning.embeds.shape[-1] != config.joint_attention_dim or conditioning.pooled is None:
            raise BadInputError(
                f"The text states are {conditioning.embeds.shape[-1]} wide, "
                f"the transformer takes {config.joint_attention_dim}.",
                hint="Use the text encoders that Stable Diffusion 3 was made for.",
                code="wrong_model",
            )

    def schedule(
        self, job: DenoiseJob, config: Mapping[str, Any], record: ModelRecord, shape: torch.Size
    ) -> FlowSchedule:
        """Equal steps from 1 to the least noise of training, moved towards noise, as in diffusers' pipeline."""
        (least, _) = shifted([1 / int(config.get("num_train_timesteps", TRAIN_STEPS))], config, tokens=0)
        count = job.steps
        even = [1 - (1 - least) * step / max(count - 1, 1) for step in range(count)]
        sigmas = clipped(shifted(even, config, tokens=0), job.denoising_start, job.denoising_end)
        return FlowSchedule(sigmas, flow_kind(job.scheduler), seed=job.seed)

    def predict(
        self,
        model: nn.Module,
        latents: Tensor,
        timestep: Tensor,
        conditioning: Conditioning,
        guidance: float | None,
        arguments: Mapping[str, Any],
    ) -> Tensor:
        """The transformer's output for ``latents`` in its own precision, given back in float32."""
        (output,) = model(
            hidden_states=latents.to(conditioning.embeds.dtype),
            timestep=timestep.expand(len(latents)),
            encoder_hidden_states=conditioning.embeds,
            pooled_projections=conditioning.pooled,
            return_dict=False,
            **arguments,
        )
        result: Tensor = output.float()
        return result
