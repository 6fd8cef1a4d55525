"""Image encoders in a single file, under transformers' names: CLIP's and SigLIP."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import numbered, rule

_HEAD_WIDTHS: Final = {1280: 80, 1664: 104}
"""Of ViT-H and ViT-G; others have heads of 64."""
_SIGLIP_HEAD_WIDTHS: Final = {1152: 72}
_SIGLIP_SIDES: Final = {378: 384}
"""Pixels of the one whose patches do not fill its pictures."""


def _clip(shapes: Shapes) -> Config:
    width, _, patch, _ = shapes["vision_model.embeddings.patch_embedding.weight"]
    positions = shapes["vision_model.embeddings.position_embedding.weight"][0]
    projection = shapes.get("visual_projection.weight", (width,))[0]
    return {
        "hidden_size": width,
        "intermediate_size": shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
        "projection_dim": projection,
        "num_hidden_layers": numbered(shapes, "vision_model.encoder.layers."),
        "num_attention_heads": width // _HEAD_WIDTHS.get(width, 64),
        "image_size": round((positions - 1) ** 0.5) * patch,
        "patch_size": patch,
        "hidden_act": "quick_gelu" if width == 1024 else "gelu",
    }


def _siglip(shapes: Shapes) -> Config:
    width, _, patch, _ = shapes["vision_model.embeddings.patch_embedding.weight"]
    positions = shapes["vision_model.embeddings.position_embedding.weight"][0]
    side = round(positions**0.5) * patch
    return {
        "hidden_size": width,
        "intermediate_size": shapes["vision_model.encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": numbered(shapes, "vision_model.encoder.layers."),
        "num_attention_heads": width // _SIGLIP_HEAD_WIDTHS.get(width, 64),
        "image_size": _SIGLIP_SIDES.get(side, side),
        "patch_size": patch,
        "vision_use_head": "vision_model.head.probe" in shapes,
    }


CLIP_VISION: Final = Layout(
    ("",),
    "vision_model.embeddings.patch_embedding.weight",
    _clip,
    lambda _: [rule("vision_model", "vision_model"), rule("visual_projection", "visual_projection")],
)
SIGLIP: Final = Layout(
    ("",),
    "vision_model.embeddings.patch_embedding.bias",
    _siglip,
    lambda _: [rule("vision_model", "vision_model")],
)
