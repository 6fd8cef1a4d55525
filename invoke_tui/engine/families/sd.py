"""Stable Diffusion 1.x and 2.x: CLIP text states, a UNet with cross-attention, latents of 4 channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models import BaseModelType
from invoke_tui.engine.families.base import Batch, Conditioning, Loader
from invoke_tui.engine.loading import load_diffusers_module, load_text_encoder, load_tokenizer, read_json
from invoke_tui.engine.preview import SD_FACTORS, RgbFactors

UNET_CLASS = "diffusers.models.unets.unet_2d_condition:UNet2DConditionModel"
VAE_CLASS = "diffusers.models.autoencoders.autoencoder_kl:AutoencoderKL"


class StableDiffusion:
    """SD 1 and SD 2 (epsilon and v-prediction differ in the scheduler alone)."""

    bases: tuple[BaseModelType, ...] = (BaseModelType.SD1, BaseModelType.SD2)
    noise_type = "SD"
    latent_channels = 4
    pixels_per_latent = 8
    rgb_factors: RgbFactors = SD_FACTORS
    components: Mapping[str, Loader] = {
        "unet": lambda folder, dtype: load_diffusers_module(folder, UNET_CLASS, dtype),
        "vae": lambda folder, dtype: load_diffusers_module(folder, VAE_CLASS, dtype),
        "text_encoder": load_text_encoder,
        "tokenizer": lambda folder, _dtype: load_tokenizer(folder),
        "scheduler": lambda folder, _dtype: read_json(folder / "scheduler_config.json"),
    }

    def check(self, unet: nn.Module, conditioning: Conditioning, latents: Tensor) -> None:
        """The UNet must take these latents (inpainting models do not) and text states of this width."""
        config: Any = unet.config
        if config.in_channels != latents.shape[1]:
            raise BadInputError(
                f"This model's UNet takes {config.in_channels} channels, the latents have {latents.shape[1]}.",
                hint="Inpainting and depth models cannot draw from text alone; choose another model.",
                code="wrong_model",
            )
        width = conditioning.embeds.shape[-1]
        if config.cross_attention_dim != width:
            raise BadInputError(
                f"The text encoder's states are {width} wide, the UNet takes {config.cross_attention_dim}.",
                hint="Use the text encoder that belongs to the model.",
                code="wrong_model",
            )

    def predict(self, unet: nn.Module, latents: Tensor, timestep: Tensor, batch: Batch) -> Tensor:
        """The UNet's output for ``latents`` in its own precision, given back in float32."""
        dtype = batch.embeds.dtype
        (output,) = unet(
            latents.to(dtype),
            timestep,
            encoder_hidden_states=batch.embeds,
            encoder_attention_mask=batch.mask,
            return_dict=False,
        )
        result: Tensor = output.float()
        return result

    def join(self, negative: Conditioning, positive: Conditioning) -> Batch:
        """Both prompts in one batch; the shorter is padded with zeros that a mask keeps out of attention."""
        pair = (negative.embeds, positive.embeds)
        lengths = [embeds.shape[1] for embeds in pair]
        if lengths[0] == lengths[1]:
            return Batch(torch.cat(pair))
        longest = max(lengths)
        padded = [functional.pad(embeds, (0, 0, 0, longest - embeds.shape[1])) for embeds in pair]
        positions = torch.arange(longest, device=pair[0].device)
        mask = torch.stack([positions < length for length in lengths])
        return Batch(torch.cat(padded), mask)
