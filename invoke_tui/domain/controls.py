"""Settings of what a picture is drawn after: control pictures and reference pictures. Names are InvokeAI's."""

from __future__ import annotations

from typing import Final, Literal

ControlMode = Literal["balanced", "more_prompt", "more_control", "unbalanced"]
ResizeMode = Literal["just_resize", "crop_resize", "fill_resize", "just_resize_simple"]
ReferenceMethod = Literal["full", "style", "composition", "style_strong", "style_precise"]
ImageEncoder = Literal["ViT-H", "ViT-G", "ViT-L"]

UNION_KINDS: Final = ("pose", "depth", "soft edges", "hard edges", "normals", "segments", "tile", "repaint")
"""The kinds of control picture that SDXL's union ControlNets know, by their number."""
