"""CLIP's image encoder in a single file, under transformers' names."""

from __future__ import annotations

from typing import Final

from invoke_tui.engine.loading.layouts.layout import Config, Layout, Shapes
from invoke_tui.engine.loading.layouts.rules import numbered, rule

_HEAD_WIDTHS: Final = {1280: 80, 1664: 104}
"""Of ViT-H and ViT-G; others have heads of 64."""


def _config(shapes: Shapes) -> Config:
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


CLIP_VISION: Final = Layout(
    ("",),
    "vision_model.embeddings.patch_embedding.weight",
    _config,
    lambda _: [rule("vision_model", "vision_model"), rule("visual_projection", "visual_projection")],
)
