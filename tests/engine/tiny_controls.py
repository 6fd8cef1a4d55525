"""Tiny control models with random weights, for the tiny models of the families."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw

from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
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


def clip_vision(studio: Studio) -> tuple[Any, ModelRecord]:
    """An image encoder that sees 30 x 30 pixels."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(41)
    folder = studio.root / "vision"
    model = CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=64,
            intermediate_size=96,
            projection_dim=24,
            num_hidden_layers=3,
            num_attention_heads=1,
            image_size=30,
            patch_size=10,
            hidden_act="gelu",
        )
    ).eval()
    if not folder.is_dir():
        model.save_pretrained(folder)
    return model, know(studio, folder, BaseModelType.ANY, ModelType.CLIP_VISION)


def ip_state(unet: Any, *, plus: bool, seed: int = 51) -> dict[str, dict[str, torch.Tensor]]:
    """An IP-Adapter's weights as its trainers save them, for ``unet``."""
    torch.manual_seed(seed)
    text = unet.config.cross_attention_dim
    image: dict[str, torch.Tensor] = {}
    if plus:
        hidden, inner = 128, 128
        shapes = {
            "latents": (1, 8, hidden),
            "proj_in.weight": (hidden, 64),
            "proj_in.bias": (hidden,),
            "proj_out.weight": (text, hidden),
            "proj_out.bias": (text,),
            "norm_out.weight": (text,),
            "norm_out.bias": (text,),
        }
        for layer in range(4):
            name = f"layers.{layer}"
            shapes |= {f"{name}.0.norm{n}.{part}": (hidden,) for n in (1, 2) for part in ("weight", "bias")}
            shapes |= {
                f"{name}.0.to_q.weight": (inner, hidden),
                f"{name}.0.to_kv.weight": (2 * inner, hidden),
                f"{name}.0.to_out.weight": (hidden, inner),
                f"{name}.1.0.weight": (hidden,),
                f"{name}.1.0.bias": (hidden,),
                f"{name}.1.1.weight": (4 * hidden, hidden),
                f"{name}.1.3.weight": (hidden, 4 * hidden),
            }
    else:
        shapes = {
            "proj.weight": (4 * text, 24),
            "proj.bias": (4 * text,),
            "norm.weight": (text,),
            "norm.bias": (text,),
        }
    image = {name: torch.randn(shape) * 0.2 for name, shape in shapes.items()}
    layers: dict[str, torch.Tensor] = {}
    for number, name in enumerate(unet.attn_processors):
        if "attn2" in name:
            width = unet.get_submodule(name.removesuffix(".processor")).to_q.out_features
            layers[f"{number}.to_k_ip.weight"] = torch.randn(width, text) * 0.2
            layers[f"{number}.to_v_ip.weight"] = torch.randn(width, text) * 0.2
    return {"image_proj": image, "ip_adapter": layers}
