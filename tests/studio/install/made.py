"""Small model files with the key layouts of real ones."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.studio.models.made import pair

WIDE = {"sd-1": 768, "sdxl": 2048}


def safetensors(keys: dict[str, Any], *, seed: int = 0, metadata: dict[str, str] | None = None) -> bytes:
    """A whole file; the weights are noise."""
    header: dict[str, Any] = {"__metadata__": metadata or {}}
    at = 0
    for key, shape in keys.items():
        size = 2
        for length in shape:
            size *= length
        header[key] = {"dtype": "F16", "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + random.Random(seed).randbytes(at)


def lora(base: str = "sd-1", *, seed: int = 0, metadata: dict[str, str] | None = None) -> bytes:
    """A LoRA as kohya writes it, about 100 kB."""
    block = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
    return safetensors(
        pair(block, WIDE[base], 640) | pair(block[:-1] + "v", WIDE[base], 640), seed=seed, metadata=metadata
    )


def pipeline() -> dict[str, bytes]:
    """A Stable Diffusion folder as the hub has it, with the twins that are not wanted."""
    weights = safetensors({"conv_in.weight": [8, 4, 3, 3]})
    texts = {
        "model_index.json": {
            "_class_name": "StableDiffusionPipeline",
            "unet": ["diffusers", "UNet2DConditionModel"],
        },
        "unet/config.json": {
            "_class_name": "UNet2DConditionModel",
            "cross_attention_dim": 768,
            "in_channels": 4,
        },
        "scheduler/scheduler_config.json": {"prediction_type": "epsilon"},
        "tokenizer/vocab.json": {"a": 1},
    }
    return {
        **{path: json.dumps(text).encode() for path, text in texts.items()},
        "unet/diffusion_pytorch_model.safetensors": weights,
        "unet/diffusion_pytorch_model.fp16.safetensors": safetensors({"conv_in.weight": [4, 4, 3, 3]}),
        "unet/diffusion_pytorch_model.bin": b"pickle",
        "unet/pipeline.py": b"import os",
        "README.md": b"# a model",
    }
