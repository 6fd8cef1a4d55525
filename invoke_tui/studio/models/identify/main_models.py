"""Probes for single files that hold a denoiser: the whole checkpoint or the bare transformer."""

from __future__ import annotations

import re
from typing import Final

from invoke_tui.domain.models.records import (
    BaseModelType,
    ModelDefaults,
    ModelFormat,
    ModelType,
    PredictionType,
)
from invoke_tui.studio.models.identify import submodels
from invoke_tui.studio.models.identify.keys import Keys
from invoke_tui.studio.models.identify.verdict import IN_CHANNELS, Verdict, main_defaults, unknown

_FLUX2_BY_TEXT: Final = {7680: "klein_4b", 12288: "klein_9b", 15360: "dev"}
_TURBO: Final = re.compile(r"turbo", re.I)
_BASE: Final = re.compile(r"(?<![a-z])base(?![a-z])", re.I)
_EDIT: Final = re.compile(r"(?<![a-z])edit(?![a-z])", re.I)
_V_PREDICTION: Final = re.compile(r"(?<![a-z])v[-_ ]?pred", re.I)
_SELF_ATTENTION: Final = "input_blocks.{}.1.transformer_blocks.0.attn2.to_k.weight"

# Families that nobody here can run: better named than called damaged.
_STRANGERS: Final = (
    ("distilled_guidance_layer.", "Chroma"),
    ("caption_projection.y_embedding", "PixArt"),
    ("down_blocks.0.0.channelwise.0", "Stable Cascade"),
    ("double_layers.0.attn.w1q", "AuraFlow"),
    ("double_stream_blocks.0.block.ff_i", "HiDream"),
    ("txt_in.individual_token_refiner", "HunyuanVideo"),
    ("pooler.to_kv.", "Hunyuan-DiT"),
    ("adaln_single.emb.timestep_embedder.linear_1", "LTX-Video"),
    ("t5_y_embedder.", "Mochi"),
)


def probe(keys: Keys) -> Verdict | None:
    """What main model it is; None when it is none."""
    if keys.contains(".bitsandbytes__fp4"):
        return unknown("The weights are quantised as bitsandbytes FP4; NF4 is supported.")
    for one in (_unet, _flux, _flux2, _z_image, _sd3, _qwen_image, _anima, _krea2, _wan, _stranger):
        verdict = one(keys)
        if verdict is not None:
            return verdict
    return None


def _main(
    keys: Keys,
    base: BaseModelType,
    variant: str | None = None,
    prediction: PredictionType | None = None,
    assumed: tuple[str, ...] = (),
) -> Verdict:
    if keys.header.container == "gguf":
        stored = ModelFormat.GGUF
    elif keys.precision == "nf4":
        stored = ModelFormat.BNB_NF4
    elif keys.precision == "int8" and keys.contains(".SCB\n"):
        stored = ModelFormat.BNB_INT8
    else:
        stored = ModelFormat.CHECKPOINT
    return Verdict(
        type=ModelType.MAIN,
        base=base,
        format=stored,
        variant=variant,
        prediction_type=prediction,
        precision=keys.precision,
        submodels=submodels.in_file(keys, base),
        default_settings=_defaults(keys, base, variant),
        assumed=assumed,
    )


def _defaults(keys: Keys, base: BaseModelType, variant: str | None) -> ModelDefaults:
    """InvokeAI's; and what was squeezed into 8 bits without scales loses nothing by staying there."""
    defaults = main_defaults(base, variant)
    squeezed = keys.precision == "fp8" and not keys.contains(".scale_weight", ".weight_scale")
    return defaults.model_copy(update={"fp8_storage": True}) if squeezed else defaults


def _unet(keys: Keys) -> Verdict | None:
    """Stable Diffusion 1, 2, XL and the XL refiner: told by the width of the text states."""
    root = keys.root("input_blocks.0.0.weight")
    if root is None:
        return None
    widths = {block: keys.size(root + _SELF_ATTENTION.format(block), 1) for block in (1, 2, 4, 5)}
    low, high = widths[2] or widths[1], widths[4] or widths[5]
    if low in (768, 1024):
        base = BaseModelType.SD1 if low == 768 else BaseModelType.SD2
    elif low is None and high in (1280, 2048):
        base = BaseModelType.SDXL if high == 2048 else BaseModelType.SDXL_REFINER
    else:
        told = low or high
        return unknown(
            f"It is a UNet, but its text width {told} belongs to no Stable Diffusion."
            if told
            else "It is a UNet without the attention that would tell its family."
        )
    channels = keys.size(root + "input_blocks.0.0.weight", 1)
    variant = IN_CHANNELS.get(channels or 0)
    if variant is None:
        return unknown(
            f"The UNet takes {channels} channels; only 4 (normal), 5 (depth) and 9 (inpaint) are known."
        )
    prediction, assumed = _prediction(keys, base)
    return _main(keys, base, variant, prediction, assumed)


def _prediction(keys: Keys, base: BaseModelType) -> tuple[PredictionType, tuple[str, ...]]:
    """What the UNet predicts. The weights do not show it, so a mark, the metadata or a convention has to."""
    said = keys.said("modelspec.prediction_type", "modelspec.predict_key")
    if keys.has("v_pred") or said.strip().startswith("v"):
        return "v_prediction", ()
    if said.strip().startswith("eps"):
        return "epsilon", ()
    if base is BaseModelType.SD2:
        step = keys.header.metadata.get("global_step", "")
        if step in ("110000", "220000"):
            return ("v_prediction" if step == "110000" else "epsilon"), ()
        return "v_prediction", ("Stable Diffusion 2 predicts v unless the file says otherwise",)
    if base is BaseModelType.SDXL and _V_PREDICTION.search(keys.name):
        return "v_prediction", ("the file name says v-prediction",)
    return "epsilon", ()


def _flux(keys: Keys) -> Verdict | None:
    """FLUX.1: dev has a guidance input, fill takes the masked picture beside the latents."""
    root = _flux_root(keys)
    if root is None or keys.begins(
        f"{root}double_stream_modulation_img.", f"{root}distilled_guidance_layer."
    ):
        return None
    channels = keys.size(f"{root}img_in.weight", 1)
    guided = keys.begins(f"{root}guidance_in.")
    if channels == 384:
        return _main(keys, BaseModelType.FLUX, "dev_fill")
    if channels == 128:
        return unknown(
            "A FLUX transformer with a control picture built in (Canny or Depth dev) is not supported."
        )
    return _main(keys, BaseModelType.FLUX, "dev" if guided else "schnell")


def _flux_root(keys: Keys) -> str | None:
    block = "double_blocks.0.img_attn."
    return keys.root(
        f"{block}norm.key_norm.scale",
        f"{block}norm.key_norm.weight",
        f"{block}qkv.weight",
        f"{block}proj.weight",
    )


def _flux2(keys: Keys) -> Verdict | None:
    root = keys.root("double_stream_modulation_img.lin.weight")
    if root is None:
        return None
    width = keys.size(f"{root}txt_in.weight", 1)
    variant = _FLUX2_BY_TEXT.get(width or 0)
    if variant is None:
        return unknown(f"It is FLUX.2, but its text width {width} belongs to no known size.")
    if variant == "dev":
        return _main(keys, BaseModelType.FLUX2, variant)
    if _BASE.search(keys.name):
        return _main(keys, BaseModelType.FLUX2, f"{variant}_base", None, ("the file name says base",))
    return _main(
        keys, BaseModelType.FLUX2, variant, None, ("distilled: base models have the same weights' shapes",)
    )


def _z_image(keys: Keys) -> Verdict | None:
    root = keys.root("cap_embedder.1.weight")
    if root is None or not keys.begins(f"{root}noise_refiner.0.", f"{root}context_refiner.0."):
        return None
    if keys.size(f"{root}cap_embedder.1.weight", 1) == 2304:
        return unknown("It is Lumina 2, which is not supported.")
    if _TURBO.search(keys.name):
        return _main(keys, BaseModelType.Z_IMAGE, "turbo", None, ("the file name says turbo",))
    if _BASE.search(keys.name):
        return _main(keys, BaseModelType.Z_IMAGE, "zbase", None, ("the file name says base",))
    assumed = ("turbo: the base model has the same weights' shapes",)
    return _main(keys, BaseModelType.Z_IMAGE, "turbo", None, assumed)


def _sd3(keys: Keys) -> Verdict | None:
    block = "joint_blocks.0.context_block.attn."
    root = keys.root(f"{block}qkv.weight", f"{block}proj.weight")
    return None if root is None else _main(keys, BaseModelType.SD3)


def _qwen_image(keys: Keys) -> Verdict | None:
    root = keys.root("transformer_blocks.0.img_mlp.net.0.proj.weight")
    if root is None or keys.begins(f"{root}controlnet_"):
        return None
    if keys.has(f"{root}__index_timestep_zero__"):
        return _main(keys, BaseModelType.QWEN_IMAGE, "edit")
    if _EDIT.search(keys.name):
        return _main(keys, BaseModelType.QWEN_IMAGE, "edit", None, ("the file name says edit",))
    assumed = ("generate: edit models have the same weights' shapes",)
    return _main(keys, BaseModelType.QWEN_IMAGE, "generate", None, assumed)


def _anima(keys: Keys) -> Verdict | None:
    root = keys.root("blocks.0.cross_attn.k_proj.weight")
    if root is None:
        return None
    if not keys.begins(f"{root}llm_adapter."):
        return unknown("It is a Cosmos transformer without Anima's text adapter.")
    return _main(keys, BaseModelType.ANIMA)


def _krea2(keys: Keys) -> Verdict | None:
    root = keys.root("blocks.0.attn.wq.weight")
    if root is None or not keys.begins(f"{root}txtfusion."):
        return None
    turbo = _TURBO.search(keys.name)
    assumed = ("the file name says turbo" if turbo else "base: turbo models have the same weights' shapes",)
    return _main(keys, BaseModelType.KREA2, "krea2_turbo" if turbo else "krea2_base", None, assumed)


def _wan(keys: Keys) -> Verdict | None:
    root = keys.root("blocks.0.cross_attn.q.weight")
    if root is None or not keys.has(f"{root}patch_embedding.weight"):
        return None
    width, channels = (keys.size(f"{root}patch_embedding.weight", axis) for axis in (0, 1))
    if width == 3072 and channels == 48:
        return _main(keys, BaseModelType.WAN, "ti2v_5b")
    if width == 5120 and channels in (16, 36) and not keys.begins(f"{root}img_emb.", f"{root}vace_"):
        return _main(keys, BaseModelType.WAN, "t2v_a14b" if channels == 16 else "i2v_a14b")
    return unknown(
        f"It is a Wan transformer of width {width} with {channels} channels, which is not supported."
    )


def _stranger(keys: Keys) -> Verdict | None:
    # A LoRA for one of these has the same names, and is the LoRA probe's to judge.
    if keys.contains(".lora_", ".lokr_", ".hada_"):
        return None
    if keys.has("time_embedding.linear_1.weight") or keys.has(
        "time_text_embed.timestep_embedder.linear_1.weight"
    ):
        return unknown("It is one part of a diffusers folder; the whole folder is needed.")
    found = next((name for fragment, name in _STRANGERS if keys.contains(fragment)), None)
    return unknown(f"It is {found}, which is not supported.") if found else None
