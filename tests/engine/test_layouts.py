"""Names and shapes of the real models, on tensors without memory: against diffusers' own converters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.engine.loading.build import library_class
from invoke_tui.engine.loading.layouts.controlnet import CONTROLNET, CONTROLNET_OURS
from invoke_tui.engine.loading.layouts.flux import FLUX_TRANSFORMER
from invoke_tui.engine.loading.layouts.layout import Layout
from invoke_tui.engine.loading.layouts.rules import to_original, to_ours
from invoke_tui.engine.loading.layouts.sd3 import SD3_TRANSFORMER
from invoke_tui.engine.loading.layouts.text import CLIP_L, SD2_TEXT, SDXL_TEXT_2, T5
from invoke_tui.engine.loading.layouts.unet import UNET
from invoke_tui.engine.loading.layouts.vae import vae_layout
from invoke_tui.engine.loading.parts import (
    CLIP_CLASS,
    CLIP_PROJECTION_CLASS,
    CONTROLNET_CLASS,
    FLUX_CLASS,
    SD3_CLASS,
    T5_CLASS,
    UNET_CLASS,
    VAE_CLASS,
)

pytestmark = pytest.mark.engine
DOWN, CROSS = "DownBlock2D", "CrossAttnDownBlock2D"

SD1: dict[str, Any] = {
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": (CROSS, CROSS, CROSS, DOWN),
    "up_block_types": ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
SD2 = SD1 | {
    "cross_attention_dim": 1024,
    "attention_head_dim": [5, 10, 20, 20],
    "use_linear_projection": True,
}
SDXL: dict[str, Any] = {
    "block_out_channels": (320, 640, 1280),
    "down_block_types": (DOWN, CROSS, CROSS),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": [1, 2, 10],
    "cross_attention_dim": 2048,
    "attention_head_dim": [5, 10, 20],
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
REFINER = SDXL | {
    "block_out_channels": (384, 768, 1536, 1536),
    "down_block_types": (DOWN, CROSS, CROSS, DOWN),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": 4,
    "cross_attention_dim": 1280,
    "attention_head_dim": [6, 12, 24, 24],
    "projection_class_embeddings_input_dim": 2560,
}
VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
FLUX: dict[str, Any] = {"guidance_embeds": True}
SD3: dict[str, Any] = {
    "num_layers": 24,
    "num_attention_heads": 24,
    "caption_projection_dim": 1536,
    "pos_embed_max_size": 192,
}
SD35_MEDIUM = SD3 | {
    "pos_embed_max_size": 384,
    "dual_attention_layers": tuple(range(13)),
    "qk_norm": "rms_norm",
}
SD35_LARGE = SD3 | {
    "num_layers": 38,
    "num_attention_heads": 38,
    "caption_projection_dim": 2432,
    "qk_norm": "rms_norm",
}
CLIP: dict[str, Any] = {"projection_dim": 768}
OPEN_CLIP_G: dict[str, Any] = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
}
OPEN_CLIP_H = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "projection_dim": 1024,
}
T5_XXL: dict[str, Any] = {
    "d_model": 4096,
    "d_ff": 10240,
    "num_layers": 24,
    "num_heads": 64,
    "feed_forward_proj": "gated-gelu",
}


def empty(cls: str, config: dict[str, Any]) -> nn.Module:
    """The model without memory."""
    found = library_class(cls)
    with torch.device("meta"):
        if cls.startswith("transformers"):
            model: nn.Module = found(found.config_class(**config))
        else:
            model = found(**config)
    return model


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """Its weights by the names that files have."""
    state = dict(model.state_dict())
    state.pop("encoder.embed_tokens.weight", None)  # T5's files hold it once, as ``shared``
    bare = any(name.startswith("encoder.layers.") for name in state)
    return {f"text_model.{name}": tensor for name, tensor in state.items()} if bare else state


def settings_of(model: Any) -> dict[str, Any]:
    """Its configuration."""
    return dict(model.config.to_dict() if hasattr(model.config, "to_dict") else model.config)


def half(unet: dict[str, Any]) -> dict[str, Any]:
    """A ControlNet for a UNet."""
    return {name: value for name, value in unet.items() if name != "up_block_types"}


CASES: list[tuple[str, str, Layout, dict[str, Any]]] = [
    ("SD 1", UNET_CLASS, UNET, SD1),
    ("SD 1 inpainting", UNET_CLASS, UNET, SD1 | {"in_channels": 9}),
    ("SD 2", UNET_CLASS, UNET, SD2),
    ("SDXL", UNET_CLASS, UNET, SDXL),
    ("SDXL refiner", UNET_CLASS, UNET, REFINER),
    ("ControlNet of SD 1", CONTROLNET_CLASS, CONTROLNET, half(SD1)),
    ("ControlNet of SD 2", CONTROLNET_CLASS, CONTROLNET, half(SD2)),
    ("ControlNet of SDXL", CONTROLNET_CLASS, CONTROLNET, half(SDXL)),
    ("VAE", VAE_CLASS, vae_layout(BaseModelType.SDXL), VAE),
    (
        "FLUX VAE",
        VAE_CLASS,
        vae_layout(BaseModelType.FLUX),
        VAE | {"latent_channels": 16, "use_quant_conv": False, "use_post_quant_conv": False},
    ),
    ("FLUX.1 dev", FLUX_CLASS, FLUX_TRANSFORMER, FLUX),
    ("FLUX.1 schnell", FLUX_CLASS, FLUX_TRANSFORMER, {}),
    ("FLUX.1 Fill", FLUX_CLASS, FLUX_TRANSFORMER, FLUX | {"in_channels": 384, "out_channels": 64}),
    ("SD 3", SD3_CLASS, SD3_TRANSFORMER, SD3),
    ("SD 3.5 medium", SD3_CLASS, SD3_TRANSFORMER, SD35_MEDIUM),
    ("SD 3.5 large", SD3_CLASS, SD3_TRANSFORMER, SD35_LARGE),
    ("CLIP L", CLIP_CLASS, CLIP_L, CLIP | {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}),
    ("OpenCLIP G", CLIP_PROJECTION_CLASS, SDXL_TEXT_2, OPEN_CLIP_G),
    ("OpenCLIP H", CLIP_CLASS, SD2_TEXT, OPEN_CLIP_H),
    ("T5 XXL", T5_CLASS, T5, T5_XXL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "layout", "config"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_real_models_configuration_is_read_off_its_shapes(
    cls: str, layout: Layout, config: dict[str, Any]
) -> None:
    model = empty(cls, config)
    state = state_of(model)
    file = to_original(
        state, layout.rules(dict(model.config.to_dict() if cls.startswith("tr") else model.config))
    )  # type: ignore[union-attr,operator,arg-type]
    if layout is SD2_TEXT:  # the file has one layer more, which SD 2 does not use
        extra = {n.replace("resblocks.22.", "resblocks.23."): t for n, t in file.items() if ".22." in n}
        file |= extra
    assert layout.find({layout.prefixes[0] + name: None for name in file}) is not None
    read = layout.config({name: tuple(tensor.shape) for name, tensor in file.items()})
    again = to_ours(file, layout.rules(read))
    assert {name: tensor.shape for name, tensor in again.items()} == {
        name: tensor.shape for name, tensor in state.items()
    }
    built = state_of(empty(cls, read))
    assert {name: tensor.shape for name, tensor in built.items()} == {
        name: tensor.shape for name, tensor in state.items()
    }
    if "num_attention_heads" in config:
        assert read["num_attention_heads"] == config["num_attention_heads"]


def with_prefix(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


def converters() -> dict[str, Callable[[dict[str, Tensor], Any], dict[str, Tensor]]]:
    from diffusers.loaders import single_file_utils as theirs

    def vae(file: dict[str, Tensor], model: Any) -> dict[str, Tensor]:
        config = dict(model.config)
        made: dict[str, Tensor] = theirs.convert_ldm_vae_checkpoint(
            with_prefix(file, "first_stage_model."), config
        )
        return made

    def clip(file: dict[str, Tensor], model: Any) -> dict[str, Tensor]:
        made: dict[str, Tensor] = theirs.convert_open_clip_checkpoint(
            model, with_prefix(file, "x."), prefix="x."
        )
        return made

    return {
        UNET_CLASS: lambda file, model: theirs.convert_ldm_unet_checkpoint(
            with_prefix(file, "model.diffusion_model."), dict(model.config)
        ),
        CONTROLNET_CLASS: lambda file, model: theirs.convert_controlnet_checkpoint(
            with_prefix(file, "control_model."), dict(model.config)
        ),
        VAE_CLASS: vae,
        FLUX_CLASS: lambda file, model: theirs.convert_flux_transformer_checkpoint_to_diffusers(dict(file)),
        SD3_CLASS: lambda file, model: theirs.convert_sd3_transformer_checkpoint_to_diffusers(dict(file)),
        CLIP_PROJECTION_CLASS: clip,
    }


@pytest.mark.parametrize(
    ("cls", "layout", "config"),
    [case[1:] for case in CASES if case[1] not in (CLIP_CLASS, T5_CLASS)],
    ids=[case[0] for case in CASES if case[1] not in (CLIP_CLASS, T5_CLASS)],
)
def test_the_names_are_those_diffusers_knows(cls: str, layout: Layout, config: dict[str, Any]) -> None:
    model = empty(cls, config)
    state = state_of(model)
    file = to_original(state, layout.rules(settings_of(model)))
    theirs = converters()[cls](file, model)
    if cls is CONTROLNET_CLASS:  # diffusers' converter leaves SDXL's sizes out
        state = {name: tensor for name, tensor in state.items() if "add_embedding" not in name}
    assert {name: tensor.shape for name, tensor in theirs.items()} == {
        name: tensor.shape for name, tensor in state.items()
    }


@pytest.mark.parametrize("config", [half(SD1), half(SD2), half(SDXL)])
def test_a_controlnet_under_diffusers_names(config: dict[str, Any]) -> None:
    state = state_of(empty(CONTROLNET_CLASS, config))
    assert CONTROLNET.find(state) is None
    assert CONTROLNET_OURS.find(state) == ""
    read = CONTROLNET_OURS.config({name: tuple(tensor.shape) for name, tensor in state.items()})
    assert set(to_ours(state, CONTROLNET_OURS.rules(read))) == set(state)
    built = state_of(empty(CONTROLNET_CLASS, read))
    assert {n: t.shape for n, t in built.items()} == {n: t.shape for n, t in state.items()}


def test_what_is_stacked_swapped_and_turned_is_as_diffusers_has_it(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from tests.engine.tiny_families import write_sd3, write_sdxl

    write_sdxl(tmp_path / "sdxl")
    write_sd3(tmp_path / "sd3")
    for folder, cls, layout in (
        ("sdxl/unet", UNET_CLASS, UNET),
        ("sdxl/vae", VAE_CLASS, vae_layout(BaseModelType.SDXL)),
        ("sdxl/text_encoder_2", CLIP_PROJECTION_CLASS, SDXL_TEXT_2),
        ("sd3/transformer", SD3_CLASS, SD3_TRANSFORMER),
    ):
        [path] = (tmp_path / folder).glob("*.safetensors")
        state = load_file(path)
        model = library_class(cls).from_pretrained(tmp_path / folder)
        file = to_original(state, layout.rules(settings_of(model)))
        theirs = converters()[cls](file, model)
        assert set(theirs) == set(state), folder
        assert all(torch.equal(theirs[name], state[name]) for name in state), folder
