"""Stable Diffusion XL and its refiner: two text encoders side by side, sizes and crops as conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from torch import nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.factors import SDXL_FACTORS, RgbFactors
from invoke_tui.engine.families.sd import NOISE, StableDiffusion
from invoke_tui.engine.loading.layouts.text import SDXL_TEXT, SDXL_TEXT_2
from invoke_tui.engine.loading.layouts.unet import UNET
from invoke_tui.engine.loading.layouts.vae import vae_layout
from invoke_tui.engine.loading.parts import CLIP_CLASS, CLIP_PROJECTION_CLASS, UNET_CLASS, VAE_CLASS, Part

SCHEDULER: Final[dict[str, Any]] = NOISE | {"interpolation_type": "linear", "timestep_spacing": "leading"}


class StableDiffusionXL(StableDiffusion):
    """SDXL base models and the refiner, which has the second text encoder only."""

    bases: tuple[BaseModelType, ...] = (BaseModelType.SDXL, BaseModelType.SDXL_REFINER)
    rgb_factors: RgbFactors = SDXL_FACTORS

    def parts(self, record: ModelRecord) -> Mapping[str, Part]:
        """UNet, VAE, OpenAI's text encoder and OpenCLIP's."""
        return {
            "unet": Part("model", UNET_CLASS, (UNET,)),
            "vae": Part("model", VAE_CLASS, (vae_layout(record.base),)),
            "text_encoder": Part("model", CLIP_CLASS, (SDXL_TEXT,)),
            "text_encoder_2": Part("model", CLIP_PROJECTION_CLASS, (SDXL_TEXT_2,)),
            "tokenizer": Part("tokenizer", "CLIPTokenizer"),
            "tokenizer_2": Part("tokenizer", "CLIPTokenizer", constant={"pad_token": "!"}),
            "scheduler": Part("scheduler", "", constant=SCHEDULER),
        }

    def check(self, model: nn.Module, conditioning: Conditioning, channels: int) -> None:
        """As Stable Diffusion's, and the pooled text and sizes must be there."""
        super().check(model, conditioning, channels)
        if conditioning.pooled is None or conditioning.time_ids is None:
            raise BadInputError(
                "SDXL needs prompts encoded for SDXL.",
                hint="Use the SDXL prompt node.",
                code="wrong_model",
            )

    def extras(self, conditioning: Conditioning) -> dict[str, Any]:
        """The pooled text, and the sizes and crops."""
        return {"added_cond_kwargs": {"text_embeds": conditioning.pooled, "time_ids": conditioning.time_ids}}
