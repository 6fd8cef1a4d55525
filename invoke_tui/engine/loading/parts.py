"""The components models are made of, and how each is loaded from whatever holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from invoke_tui.engine.loading.layouts.layout import Layout

UNET_CLASS = "diffusers.models.unets.unet_2d_condition:UNet2DConditionModel"
VAE_CLASS = "diffusers.models.autoencoders.autoencoder_kl:AutoencoderKL"
FLUX_CLASS = "diffusers.models.transformers.transformer_flux:FluxTransformer2DModel"
SD3_CLASS = "diffusers.models.transformers.transformer_sd3:SD3Transformer2DModel"
CLIP_CLASS = "transformers:CLIPTextModel"
CLIP_PROJECTION_CLASS = "transformers:CLIPTextModelWithProjection"
CONTROLNET_CLASS = "diffusers.models.controlnets.controlnet:ControlNetModel"
CONTROLNET_UNION_CLASS = "diffusers.models.controlnets.controlnet_union:ControlNetUnionModel"
T2I_ADAPTER_CLASS = "diffusers.models.adapter:T2IAdapter"
FLUX_CONTROLNET_CLASS = "diffusers.models.controlnets.controlnet_flux:FluxControlNetModel"
SD3_CONTROLNET_CLASS = "diffusers.models.controlnets.controlnet_sd3:SD3ControlNetModel"
CLIP_VISION_CLASS = "transformers:CLIPVisionModel"
CLIP_VISION_PROJECTION_CLASS = "transformers:CLIPVisionModelWithProjection"
SIGLIP_CLASS = "transformers:SiglipVisionModel"
REDUX_CLASS = "diffusers.pipelines.flux.modeling_flux:ReduxImageEncoder"
IP_ADAPTER_CLASS = "invoke_tui.engine.adapters.ip_adapter:IPAdapter"
T5_CLASS = "transformers:T5EncoderModel"


@dataclass(frozen=True)
class Part:
    """A component. ``layouts`` say how single files hold it; without one, no single file does."""

    kind: Literal["model", "tokenizer", "scheduler"]
    cls: str
    layouts: tuple[Layout, ...] = ()
    constant: Mapping[str, Any] = field(default_factory=dict)
    """A scheduler's configuration, or a tokenizer's settings, where a file brings none."""
    wide: bool = False
    """Its numbers leave the range of float16; bfloat16 takes its place."""

    def precision(self, wanted: torch.dtype) -> torch.dtype:
        """The number type to compute in where ``wanted`` is what the device prefers."""
        return torch.bfloat16 if self.wide and wanted is torch.float16 else wanted


@dataclass(frozen=True)
class Place:
    """Where a component is: a model's folder or file, and the component's name in it."""

    path: Path
    name: str
    whole: bool = False
    """The folder is the component and has no folders for components."""

    @property
    def folder(self) -> Path:
        """The component's folder, where the model is a folder."""
        return self.path if self.whole else self.path / self.name
