"""Tiny control models with random weights, for the tiny models of the families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw

from invoke_tui.domain.models import BaseModelType, ModelRecord, ModelType
from tests.engine.conftest import record_of
from tests.engine.test_families import SIZE, Studio

SD1: dict[str, Any] = {
    "block_out_channels": (32, 64),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 64,
    "attention_head_dim": 8,
}
SDXL: dict[str, Any] = {
    "block_out_channels": (64, 128),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "layers_per_block": 1,
    "cross_attention_dim": 192,
    "transformer_layers_per_block": [1, 2],
    "attention_head_dim": [1, 2],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 256 * 6 + 128,
}


def randomised(module: Any, scale: float = 0.1) -> Any:
    """The layers that begin as zeros would do nothing."""
    for parameter in module.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=scale)
    return module


def know(studio: Studio, folder: Path, base: BaseModelType, type_: ModelType) -> ModelRecord:
    """Make it known to the engine."""
    record = record_of(folder, base, key=str(folder), type=type_)
    studio.engine.use_models({record.key: record})
    return record


def controlnet(
    studio: Studio, name: str, base: BaseModelType, config: dict[str, Any]
) -> tuple[Any, ModelRecord]:
    """A ControlNet and its record."""
    from diffusers.models.controlnets.controlnet import ControlNetModel

    torch.manual_seed(31)
    folder = studio.root / name
    made = randomised(ControlNetModel(**config)).eval()
    if not folder.is_dir():
        made.save_pretrained(folder)
    return made, know(studio, folder, base, ModelType.CONTROLNET)


def drawing(size: int = SIZE) -> Image.Image:
    """A white shape on black."""
    image = Image.new("RGB", (size, size))
    ImageDraw.Draw(image).ellipse(
        (size // 8, size // 8, size // 2, size - 9), outline="white", fill="#3060c0"
    )
    return image
