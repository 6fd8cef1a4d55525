"""Tiny upscalers with random weights, in the key layouts that real ones come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType


def network(kind: str) -> nn.Module:
    """A network of a kind whose pictures show what it sees: its last weights are large enough."""
    torch.manual_seed(5)
    if kind == "compact":
        from spandrel.architectures.Compact import Compact

        return Compact(num_feat=8, num_conv=2, upscale=4).eval()
    if kind == "swinir":
        from spandrel.architectures.SwinIR import SwinIR

        return SwinIR(
            img_size=16, window_size=8, depths=[2], embed_dim=12, num_heads=[2],
            upscale=2, upsampler="pixelshuffle", img_range=1.0,
        ).eval()  # fmt: skip
    from spandrel.architectures.ESRGAN import ESRGAN

    made = ESRGAN(num_filters=8, num_blocks=1, scale=4)
    with torch.no_grad():
        last = made.model[-1]
        last.weight.mul_(12)
        last.bias.fill_(0.5)
    return made.eval()


def new_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """ESRGAN's weights as Real-ESRGAN calls them."""
    names = {
        "model.0.": "conv_first.", "model.1.sub.1.": "conv_body.", "model.3.": "conv_up1.",
        "model.6.": "conv_up2.", "model.8.": "conv_hr.", "model.10.": "conv_last.",
    }  # fmt: skip
    found = {}
    for name, tensor in state.items():
        for old, new in names.items():
            name = name.replace(old, new) if name.startswith(old) else name
        name = name.replace("model.1.sub.", "body.").replace(".RDB", ".rdb")
        found[name.replace(".0.weight", ".weight").replace(".0.bias", ".bias") if "rdb" in name else name] = (
            tensor
        )
    return found


def write(path: Path, state: Any) -> Path:
    """A file of weights in the format its ending says."""
    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)
    return path


def record(path: Path, **changes: Any) -> ModelRecord:
    """The record of an upscaler."""
    fields: dict[str, Any] = {
        "key": path.name,
        "hash": "blake3:0",
        "name": path.stem,
        "base": BaseModelType.ANY,
        "type": ModelType.SPANDREL,
        "format": ModelFormat.CHECKPOINT,
        "path": str(path),
        "file_size": path.stat().st_size,
    }
    return ModelRecord(**(fields | changes))
