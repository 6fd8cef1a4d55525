"""FLUX.1: a transformer on patches of 2 x 2 latents, steered by CLIP, T5 and a distilled guidance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import torch
from torch import Tensor, nn

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.embeds import Conditioning
from invoke_tui.engine.factors import FLUX_FACTORS, RgbFactors
from invoke_tui.engine.jobs import DenoiseJob
from invoke_tui.engine.loading.layouts.flux import FLUX_TRANSFORMER
from invoke_tui.engine.loading.layouts.text import CLIP_L
from invoke_tui.engine.loading.layouts.vae import vae_layout
from invoke_tui.engine.loading.parts import CLIP_CLASS, FLUX_CLASS, VAE_CLASS, Part
from invoke_tui.engine.loading.t5 import T5_PARTS
from invoke_tui.engine.schedulers.flow import TRAIN_STEPS, FlowSchedule, clipped, flow_kind, shifted

DEV: Final[dict[str, Any]] = {
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "num_train_timesteps": TRAIN_STEPS,
    "shift": 3.0,
    "use_dynamic_shifting": True,
}
SCHNELL: Final[dict[str, Any]] = DEV | {"shift": 1.0, "use_dynamic_shifting": False}
DEFAULT_GUIDANCE: Final = 4.0


class Flux:
    """FLUX.1 dev, schnell and their children."""

    bases: tuple[BaseModelType, ...] = (BaseModelType.FLUX,)
    denoiser = "transformer"
    noise_type = "FLUX"
    latent_channels = 16
    pixels_per_latent = 8
    rgb_factors: RgbFactors = FLUX_FACTORS

    def parts(self, record: ModelRecord) -> Mapping[str, Part]:
        """The transformer; and, where the model brings them, VAE, CLIP and T5."""
        return {
            "transformer": Part("model", FLUX_CLASS, (FLUX_TRANSFORMER,), wide=True),
            "vae": Part("model", VAE_CLASS, (vae_layout(record.base),), wide=True),
            "text_encoder": Part("model", CLIP_CLASS, (CLIP_L,)),
            "text_encoder_2": T5_PARTS["text_encoder"],
            "tokenizer": Part("tokenizer", "CLIPTokenizer"),
            "tokenizer_2": T5_PARTS["tokenizer"],
            "scheduler": Part("scheduler", "", constant=SCHNELL if record.variant == "schnell" else DEV),
        }

    def check(self, model: nn.Module, conditioning: Conditioning, channels: int) -> None:
        """The transformer must take so many channels (Fill takes more) and text states of these widths."""
        config: Any = model.config
        if config.in_channels != channels * 4:
            raise BadInputError(
                f"This model's transformer takes {config.in_channels} channels, {channels} x 4 are there.",
                hint="Fill models cannot draw from text alone: give a picture and a mask.",
                code="wrong_model",
            )
        width = conditioning.embeds.shape[-1]
        if conditioning.pooled is None:  # a picture's words have no summary
            if width != config.joint_attention_dim:
                raise BadInputError(
                    f"FLUX Redux' words are {width} wide, the transformer takes {config.joint_attention_dim}.",
                    hint="Use a FLUX Redux model that was made for this one.",
                    code="wrong_model",
                )
            return
        found = (width, conditioning.pooled.shape[-1])
        wanted = (config.joint_attention_dim, config.pooled_projection_dim)
        if found != wanted:
            raise BadInputError(
                f"The text encoders' states are {found[0]} and {found[1]} wide, "
                f"the transformer takes {wanted[0]} and {wanted[1]}.",
                hint="Use the T5 and CLIP encoders that FLUX was made for.",
                code="wrong_model",
            )

    def schedule(
        self, job: DenoiseJob, config: Mapping[str, Any], record: ModelRecord, shape: torch.Size
    ) -> FlowSchedule:
        """Steps of equal size, moved towards noise by the picture's size."""
        tokens = (shape[-2] // 2) * (shape[-1] // 2)
        even = [1 - step / job.steps for step in range(job.steps)]
        sigmas = clipped(shifted(even, config, tokens), job.denoising_start, job.denoising_end)
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
        """The transformer's output for ``latents``, packed on the way in and unpacked on the way out."""
        height, width = latents.shape[-2:]
        embeds = conditioning.embeds
        scale: Tensor | None = None
        if model.config.guidance_embeds:  # type: ignore[union-attr]
            strength = DEFAULT_GUIDANCE if guidance is None else guidance
            scale = torch.full((len(latents),), strength, device=latents.device)
        (output,) = model(
            hidden_states=pack(latents).to(embeds.dtype),
            timestep=(timestep / TRAIN_STEPS).expand(len(latents)).to(embeds.dtype),
            guidance=scale,
            pooled_projections=conditioning.pooled,
            encoder_hidden_states=embeds,
            txt_ids=torch.zeros(embeds.shape[1], 3, device=embeds.device, dtype=embeds.dtype),
            img_ids=positions(height // 2, width // 2, embeds.device, embeds.dtype),
            return_dict=False,
            **arguments,
        )
        return unpack(output.float(), height, width)


def pack(latents: Tensor) -> Tensor:
    """(n, c, h, w) to a sequence of patches (n, h / 2 * w / 2, 4 c)."""
    count, channels, height, width = latents.shape
    patches = latents.view(count, channels, height // 2, 2, width // 2, 2)
    return patches.permute(0, 2, 4, 1, 3, 5).reshape(count, (height // 2) * (width // 2), channels * 4)


def unpack(patches: Tensor, height: int, width: int) -> Tensor:
    """The way back to (n, c, ``height``, ``width``)."""
    count, _, channels = patches.shape
    grid = patches.view(count, height // 2, width // 2, channels // 4, 2, 2)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(count, channels // 4, height, width)


@lru_cache(maxsize=8)
def positions(rows: int, columns: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Row and column of each patch, behind an unused axis: (rows * columns, 3)."""
    grid = torch.zeros(rows, columns, 3)
    grid[..., 1] = torch.arange(rows)[:, None]
    grid[..., 2] = torch.arange(columns)[None]
    return grid.reshape(-1, 3).to(device, dtype)
