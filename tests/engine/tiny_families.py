"""Tiny models with random weights: SD 1, SD 2, SDXL, its refiner, SD 3 and FLUX.1, as folders and as single files.

Widths keep to what the families have in common (64 channels a head, 32 groups), so that a configuration can be read
off the shapes as it can from the real ones. The folders are what diffusers writes; the single files hold the same
weights under the names of the original trainers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.engine.tiny import SD_SCHEDULER, SDXL_SCHEDULER

CLIP_L, CLIP_G, T5 = 64, 128, 256
FLUX_SCHEDULER = {
    "_class_name": "FlowMatchEulerDiscreteScheduler",
    "base_image_seq_len": 256,
    "base_shift": 0.5,
    "max_image_seq_len": 4096,
    "max_shift": 1.15,
    "num_train_timesteps": 1000,
    "shift": 3.0,
    "use_dynamic_shifting": True,
}
SD3_SCHEDULER = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}


def write_sd1(folder: Path) -> Path:
    """SD 1: convolutions around its transformers, eight heads."""
    torch.manual_seed(1)
    _unet(folder, block_out_channels=(32, 64), cross_attention_dim=CLIP_L, attention_head_dim=8)
    _vae(folder, 4, scaling_factor=0.18215)
    _clip(folder / "text_encoder", CLIP_L, act="quick_gelu")
    _tokenizer(folder / "tokenizer")
    return _finish(folder, SD_SCHEDULER, "StableDiffusionPipeline", text_encoder="CLIPTextModel")


def write_sd2(folder: Path) -> Path:
    """SD 2: OpenCLIP without its last layer, linear transformers."""
    torch.manual_seed(2)
    _unet(
        folder,
        block_out_channels=(64, 128),
        cross_attention_dim=CLIP_G,
        attention_head_dim=[1, 2],
        use_linear_projection=True,
        upcast_attention=True,
    )
    _vae(folder, 4, scaling_factor=0.18215)
    _clip(folder / "text_encoder", CLIP_G, act="gelu")
    _tokenizer(folder / "tokenizer", pad="!")
    return _finish(folder, SD_SCHEDULER, "StableDiffusionPipeline", text_encoder="CLIPTextModel")


def write_sdxl(folder: Path, *, refiner: bool = False, in_channels: int = 4) -> Path:
    """SDXL, or its refiner, which lacks the first text encoder."""
    torch.manual_seed(3 + refiner)
    _unet(
        folder,
        block_out_channels=(64, 128),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=[1, 2],
        cross_attention_dim=CLIP_G if refiner else CLIP_L + CLIP_G,
        attention_head_dim=[1, 2],
        use_linear_projection=True,
        in_channels=in_channels,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=256 * (5 if refiner else 6) + CLIP_G,
    )
    _vae(folder, 4, scaling_factor=0.13025)
    if not refiner:
        _clip(folder / "text_encoder", CLIP_L, act="quick_gelu")
        _tokenizer(folder / "tokenizer")
    _clip(folder / "text_encoder_2", CLIP_G, act="gelu", projection=True)
    _tokenizer(folder / "tokenizer_2", pad="!")
    return _finish(
        folder,
        SDXL_SCHEDULER,
        "StableDiffusionXLImg2ImgPipeline" if refiner else "StableDiffusionXLPipeline",
        text_encoder=None if refiner else "CLIPTextModel",
        text_encoder_2="CLIPTextModelWithProjection",
    )


def write_flux(folder: Path, *, guidance: bool = True, in_channels: int = 64) -> Path:
    """FLUX.1 dev, or schnell without the distilled guidance; Fill with 384 channels."""
    from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

    torch.manual_seed(5 + guidance)
    FluxTransformer2DModel(
        in_channels=in_channels,
        out_channels=64,
        num_layers=2,
        num_single_layers=2,
        attention_head_dim=32,
        num_attention_heads=2,
        joint_attention_dim=T5,
        pooled_projection_dim=CLIP_L,
        guidance_embeds=guidance,
        axes_dims_rope=(4, 14, 14),
    ).save_pretrained(folder / "transformer")
    _vae(folder, 16, scaling_factor=0.3611, shift_factor=0.1159, quant=False)
    _clip(folder / "text_encoder", CLIP_L, act="quick_gelu")
    _tokenizer(folder / "tokenizer")
    _t5(folder / "text_encoder_2", folder / "tokenizer_2")
    scheduler = FLUX_SCHEDULER if guidance else FLUX_SCHEDULER | {"shift": 1.0, "use_dynamic_shifting": False}
    return _finish(
        folder,
        scheduler,
        "FluxPipeline",
        text_encoder="CLIPTextModel",
        text_encoder_2="T5EncoderModel",
    )


def write_sd3(folder: Path) -> Path:
    """SD 3.5 medium's kind: normalised queries and keys, a first block that attends twice."""
    from diffusers.models.transformers.transformer_sd3 import SD3Transformer2DModel

    torch.manual_seed(7)
    SD3Transformer2DModel(
        sample_size=128,
        patch_size=2,
        in_channels=16,
        num_layers=2,
        attention_head_dim=64,
        num_attention_heads=2,
        joint_attention_dim=T5,
        caption_projection_dim=128,
        pooled_projection_dim=CLIP_L + CLIP_G,
        out_channels=16,
        pos_embed_max_size=64,
        dual_attention_layers=(0,),
        qk_norm="rms_norm",
    ).save_pretrained(folder / "transformer")
    _vae(folder, 16, scaling_factor=1.5305, shift_factor=0.0609, quant=False)
    _clip(folder / "text_encoder", CLIP_L, act="quick_gelu", projection=True)
    _clip(folder / "text_encoder_2", CLIP_G, act="gelu", projection=True)
    _tokenizer(folder / "tokenizer")
    _tokenizer(folder / "tokenizer_2", pad="!")
    _t5(folder / "text_encoder_3", folder / "tokenizer_3")
    return _finish(
        folder,
        SD3_SCHEDULER,
        "StableDiffusion3Pipeline",
        text_encoder="CLIPTextModelWithProjection",
        text_encoder_2="CLIPTextModelWithProjection",
        text_encoder_3="T5EncoderModel",
    )


def original_state(folder: Path) -> dict[str, Tensor]:
    """The weights of a folder above under the names of the original trainers' single files."""
    from invoke_tui.engine.loading.layouts.flux import FLUX_TRANSFORMER
    from invoke_tui.engine.loading.layouts.sd3 import SD3_TRANSFORMER
    from invoke_tui.engine.loading.layouts.text import SDXL_TEXT_2
    from invoke_tui.engine.loading.layouts.unet import UNET

    kind = json.loads((folder / "model_index.json").read_text())["_class_name"]
    if kind == "FluxPipeline":
        return _renamed(folder / "transformer", FLUX_TRANSFORMER, "")
    state: dict[str, Tensor] = {}
    if kind == "StableDiffusion3Pipeline":
        state |= _renamed(folder / "transformer", SD3_TRANSFORMER, "model.diffusion_model.")
        for part, name in (
            ("text_encoder", "clip_l"),
            ("text_encoder_2", "clip_g"),
            ("text_encoder_3", "t5xxl"),
        ):
            prefix = f"text_encoders.{name}.transformer."
            state |= {prefix + key: value for key, value in _read(folder / part).items()}
    else:
        state |= _renamed(folder / "unet", UNET, "model.diffusion_model.")
        state |= _text_states(folder, SDXL_TEXT_2)
    return state | vae_state(folder, "first_stage_model.")


def vae_state(folder: Path, prefix: str = "") -> dict[str, Tensor]:
    """The autoencoder of a folder under its original names."""
    from invoke_tui.domain.models.records import BaseModelType
    from invoke_tui.engine.loading.layouts.vae import vae_layout

    return _renamed(folder / "vae", vae_layout(BaseModelType.SD1), prefix)


def write_single(folder: Path, path: Path, dtype: torch.dtype = torch.float32) -> Path:
    """The same model as one safetensors file."""
    state = {name: tensor.to(dtype).contiguous() for name, tensor in original_state(folder).items()}
    save_file(state, path, metadata={"format": "pt"})
    return path


def _text_states(folder: Path, open_clip: Any) -> dict[str, Tensor]:
    if (folder / "text_encoder_2").is_dir():
        first = folder / "text_encoder"
        number = 1 if first.is_dir() else 0
        state = _renamed(folder / "text_encoder_2", open_clip, f"conditioner.embedders.{number}.model.")
        if first.is_dir():
            prefix = "conditioner.embedders.0.transformer."
            state |= {prefix + key: value for key, value in _read(first).items()}
        return state
    if json.loads((folder / "text_encoder" / "config.json").read_text())["hidden_act"] == "gelu":
        state = _renamed(folder / "text_encoder", open_clip, "cond_stage_model.model.")
        last = max(int(key.split(".")[4]) for key in state if ".resblocks." in key)
        extra = {
            key.replace(f".resblocks.{last}.", f".resblocks.{last + 1}."): value.clone()
            for key, value in state.items()
            if f".resblocks.{last}." in key
        }
        return state | extra  # the last layer, which SD 2 does not use
    prefix = "cond_stage_model.transformer."
    return {prefix + key: value for key, value in _read(folder / "text_encoder").items()}


def _renamed(folder: Path, layout: Any, prefix: str) -> dict[str, Tensor]:
    from invoke_tui.engine.loading.layouts.rules import to_original

    config = json.loads((folder / "config.json").read_text())
    return {
        prefix + key: value.clone() for key, value in to_original(_read(folder), layout.rules(config)).items()
    }


def _read(folder: Path) -> dict[str, Tensor]:
    """A component's weights; text encoders with the level in their names that every file has."""
    state: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        state |= load_file(path)
    if any(key.startswith("encoder.layers.") for key in state):
        state = {f"text_model.{key}": value for key, value in state.items()}
    return state


def _unet(folder: Path, **config: Any) -> None:
    from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

    settings: dict[str, Any] = {
        "sample_size": 8,
        "layers_per_block": 1,
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
    UNet2DConditionModel(**(settings | config)).save_pretrained(folder / "unet")


def _vae(folder: Path, channels: int, *, quant: bool = True, **config: Any) -> None:
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    AutoencoderKL(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=channels,
        use_quant_conv=quant,
        use_post_quant_conv=quant,
        force_upcast=False,
        sample_size=64,
        **config,
    ).save_pretrained(folder / "vae")


def _clip(folder: Path, width: int, *, act: str, projection: bool = False) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=width * 2,
        num_hidden_layers=3,
        num_attention_heads=width // 64,
        projection_dim=width,
        hidden_act=act,
        bos_token_id=49406,
        eos_token_id=49407,
    )
    (CLIPTextModelWithProjection if projection else CLIPTextModel)(config).save_pretrained(folder)


def _tokenizer(folder: Path, pad: str = "<|endoftext|>") -> None:
    from invoke_tui.engine.loading.tokenizers import clip_tokenizer

    clip_tokenizer(pad).save_pretrained(folder)


def _t5(folder: Path, tokenizer: Path) -> None:
    from transformers import T5Config, T5EncoderModel

    words = write_t5_tokenizer(tokenizer)
    T5EncoderModel(
        T5Config(
            vocab_size=words,
            d_model=T5,
            d_ff=256,
            d_kv=64,
            num_heads=2,
            num_layers=2,
            feed_forward_proj="gated-gelu",
        )
    ).save_pretrained(folder)


def write_t5_tokenizer(folder: Path) -> int:
    """A tokenizer of T5's kind with few pieces; returns how many."""
    pieces = t5_pieces()
    from invoke_tui.engine.loading.tokenizers import gguf_tokenizer

    tokens, scores = [list(column) for column in zip(*pieces, strict=True)]
    gguf_tokenizer(tokens, scores, folder).save_pretrained(folder)
    return len(pieces)


def t5_pieces() -> list[tuple[str, float]]:
    """Special tokens, letters and a few words."""
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    words = [(f"▁{word}", -3.0) for word in ("a", "red", "blue", "cat", "fox", "on", "the")]
    return [*special, *words, *((chr(code), -8.0) for code in range(97, 123)), ("▁", -6.0)]


def _finish(folder: Path, scheduler: dict[str, Any], kind: str, **encoders: str | None) -> Path:
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(scheduler))
    transformer = (folder / "transformer").is_dir()
    classes = {"FluxPipeline": "FluxTransformer2DModel", "StableDiffusion3Pipeline": "SD3Transformer2DModel"}
    index: dict[str, Any] = {
        "_class_name": kind,
        "scheduler": ["diffusers", scheduler["_class_name"]],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    if transformer:
        index["transformer"] = ["diffusers", classes[kind]]
    else:
        index["unet"] = ["diffusers", "UNet2DConditionModel"]
    for name, cls in encoders.items():
        tokenizer = name.replace("text_encoder", "tokenizer")
        kinds = ["transformers", cls] if cls else [None, None]
        fast = "PreTrainedTokenizerFast" if cls == "T5EncoderModel" else "CLIPTokenizer"
        index[name], index[tokenizer] = kinds, ["transformers", fast] if cls else [None, None]
    if kind == "StableDiffusionPipeline":
        index |= {"safety_checker": [None, None], "feature_extractor": [None, None]}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
