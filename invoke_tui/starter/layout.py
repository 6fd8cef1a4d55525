"""Paths and architecture of the starter model, and how its modules are built and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

MODEL_DIR = Path(__file__).parent / "model"
"""Where the shipped model lies, in diffusers layout."""

TOKENS = 77
"""Length of every prompt handed to the text encoder, padding included."""

VAE_CONFIG: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "block_out_channels": (16, 32, 64, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 1,
    "norm_num_groups": 2,
    "sample_size": 128,
}


def build_vae() -> AutoencoderKL:
    """An untrained autoencoder: (n, 3, h, w) in -1..1 to latents of (n, 4, h / 8, w / 8)."""
    return AutoencoderKL(**VAE_CONFIG)


def plain_attention(*modules: torch.nn.Module) -> None:
    """Use diffusers' plain attention, whose backward pass is the faster one on a CPU."""
    from diffusers.models.attention_processor import AttnProcessor

    for module in modules:
        module.set_attn_processor(AttnProcessor())  # type: ignore[operator]


SCHEDULER_CONFIG: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
    "prediction_type": "v_prediction",
}
"""Stable Diffusion's noise schedule, so that every sampler made for it draws this model too."""

UNET_CONFIG: dict[str, Any] = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (64, 96, 128),
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "attention_head_dim": (2, 4, 4),
    "cross_attention_dim": 128,
}


def build_unet() -> UNet2DConditionModel:
    """An untrained denoiser of latents (n, 4, 16, 16) under text states (n, 77, 128)."""
    return UNet2DConditionModel(**UNET_CONFIG)


def build_text_encoder(vocabulary: int, bos: int, eos: int) -> CLIPTextModel:
    """An untrained text encoder: token ids (n, 77) to states (n, 77, 128)."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            hidden_act="quick_gelu",
            projection_dim=128,
            bos_token_id=bos,
            eos_token_id=eos,
            pad_token_id=eos,
        )
    )
