"""Writes the averaged weights of a checkpoint as a model folder in diffusers layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler
from transformers import CLIPTokenizer

from invoke_tui.starter.layout import SCHEDULER_CONFIG, build_text_encoder, build_unet

INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.39.0",
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "requires_safety_checker": False,
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}

HINTS = {
    "base": "sd-1",
    "default_settings": {"width": 128, "height": 128, "steps": 25, "cfg_scale": 5, "scheduler": "dpmpp_2m"},
}
"""What the studio cannot read from the layout: the base it is run as, and the settings it was measured with."""


def _preview_factors(scaling: float) -> dict[str, list[list[float]] | list[float]]:
    """Latents to RGB: the first three channels were tied to the pooled picture, so they are it but for the scale."""
    rows = [[round(1 / scaling, 4) if row == column else 0.0 for column in range(3)] for row in range(4)]
    return {"factors": rows, "bias": [0.0, 0.0, 0.0]}


def _part(average: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: value for name, value in average.items() if name.startswith(prefix)}


def export(work: Path, folder: Path) -> int:
    """Write the model in half precision, with the sharpened decoder where there is one; return its bytes."""
    state = torch.load(work / "unet.ckpt", weights_only=True)
    average: dict[str, torch.Tensor] = state["average"]
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer")
    unet, text = (
        build_unet(),
        build_text_encoder(len(tokenizer), tokenizer.bos_token_id, tokenizer.eos_token_id),
    )
    unet.load_state_dict(_part(average, "unet."))
    text.load_state_dict(_part(average, "text."))
    unet.half().save_pretrained(folder / "unet")
    text.half().save_pretrained(folder / "text_encoder")
    sharp = work / "vae_sharp"
    vae = AutoencoderKL.from_pretrained(sharp if sharp.exists() else work / "vae")
    vae.half().save_pretrained(folder / "vae")
    shutil.copytree(work / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    DDIMScheduler(**SCHEDULER_CONFIG, set_alpha_to_one=False, steps_offset=1).save_pretrained(
        folder / "scheduler"
    )
    documents = {
        "model_index": INDEX,
        "invoke": HINTS,
        "latent_rgb_factors": _preview_factors(vae.config.scaling_factor),
    }
    for name, content in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for path in folder.rglob("config.json"):
        config: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
        config.pop("_name_or_path", None)  # the work folder of whoever trained it
        path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
