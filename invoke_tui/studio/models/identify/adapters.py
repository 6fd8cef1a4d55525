"""Probes for everything else that comes as one file: control models, adapters, VAEs, encoders, upscalers."""

from __future__ import annotations

import re
from typing import Final

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType
from invoke_tui.studio.models.identify.keys import Keys
from invoke_tui.studio.models.identify.verdict import Verdict, control_defaults, unknown

_BY_TEXT_WIDTH: Final = {768: BaseModelType.SD1, 1024: BaseModelType.SD2, 2048: BaseModelType.SDXL}
_EMBEDDINGS: Final = {768: BaseModelType.SD1, 1024: BaseModelType.SD2, 1280: BaseModelType.SDXL}
_XL: Final = re.compile(r"xl", re.I)
_SD2: Final = re.compile(r"(?<![a-z])sd-?2", re.I)
_SD3: Final = re.compile(r"(?<![a-z])sd-?3|stable-diffusion-3", re.I)


def _one(
    keys: Keys,
    kind: ModelType,
    base: BaseModelType = BaseModelType.ANY,
    *,
    variant: str | None = None,
    assumed: tuple[str, ...] = (),
    format_: ModelFormat | None = None,
) -> Verdict:
    stored = ModelFormat.GGUF if keys.header.container == "gguf" else ModelFormat.CHECKPOINT
    controls = kind in (ModelType.CONTROLNET, ModelType.T2I_ADAPTER)
    return Verdict(
        type=kind,
        base=base,
        format=format_ or stored,
        variant=variant,
        precision=keys.precision,
        default_settings=control_defaults(keys.name if controls else ""),
        assumed=assumed,
    )


def control(keys: Keys) -> Verdict | None:
    """ControlNets. They repeat the denoiser's first half, so they are asked for before it."""
    if keys.has("lora_controlnet"):
        return unknown("It is a Control-LoRA, which is not supported.")
    if keys.begins("controlnet_blocks.", "controlnet_x_embedder.", "input_hint_block.0.") and keys.contains(
        "double_blocks.", "\ntransformer_blocks."
    ):
        qwen = keys.contains("transformer_blocks.0.img_mlp.")
        if not qwen and keys.size("controlnet_blocks.0.bias", 0) in (1536, 2432):
            return _one(keys, ModelType.CONTROLNET, BaseModelType.SD3)
        return _one(keys, ModelType.CONTROLNET, BaseModelType.QWEN_IMAGE if qwen else BaseModelType.FLUX)
    if keys.begins("control_layers.", "control_all_x_embedder."):
        return _one(keys, ModelType.CONTROLNET, BaseModelType.Z_IMAGE)
    if keys.begins("control_model.input_blocks."):
        block = "control_model.input_blocks.{}.1.transformer_blocks.0.attn2.to_k.weight"
        widths = [keys.size(block.format(number), 1) for number in (1, 2, 4, 5)]
    elif keys.begins("controlnet_cond_embedding."):
        block = "down_blocks.{}.attentions.0.transformer_blocks.0.attn2.to_k.weight"
        widths = [keys.size(block.format(number), 1) for number in (0, 1, 2)]
    else:
        return None
    width = next((width for width in widths if width), None)
    base = _BY_TEXT_WIDTH.get(width or 0)
    if base is None:
        return unknown(f"It is a ControlNet, but its text width {width} belongs to no known model.")
    return _one(keys, ModelType.CONTROLNET, base)


def t2i_adapter(keys: Keys) -> Verdict | None:
    """T2I-Adapters: pixels are folded into channels by 8 (or by 16, for XL) before the first convolution."""
    for root in ("adapter.", ""):
        if keys.has(f"{root}body.0.resnets.0.block1.weight") or keys.has(f"{root}body.0.block1.weight"):
            channels = keys.size(f"{root}conv_in.weight", 1)
            base = {
                64: BaseModelType.SD1,
                192: BaseModelType.SD1,
                256: BaseModelType.SDXL,
                768: BaseModelType.SDXL,
            }
            found = base.get(channels or 0)
            if found is None:
                return unknown(
                    f"It is a T2I-Adapter with {channels} channels, which belongs to no known model."
                )
            return _one(keys, ModelType.T2I_ADAPTER, found)
    return None


def ip_adapter(keys: Keys) -> Verdict | None:
    """IP-Adapters, and FLUX Redux, which does the same by other means."""
    if keys.contains(".processor.ip_adapter_double_stream_k_proj."):
        return _one(keys, ModelType.IP_ADAPTER, BaseModelType.FLUX)
    if keys.has("redux_up.weight") and keys.has("redux_down.weight"):
        return _one(keys, ModelType.FLUX_REDUX, BaseModelType.FLUX)
    if not (keys.begins("image_proj.") and keys.begins("ip_adapter.")):
        return None
    widths = (keys.size(f"ip_adapter.{number}.to_k_ip.weight", 1) for number in (1, 0, 3, 5))
    width = next((width for width in widths if width), None)
    base = _BY_TEXT_WIDTH.get(width or 0)
    if base is None:
        return unknown(f"It is an IP-Adapter, but its text width {width} belongs to no known model.")
    return _one(keys, ModelType.IP_ADAPTER, base)


def embedding(keys: Keys) -> Verdict | None:
    """Textual inversions: a handful of vectors as wide as a text encoder."""
    if len(keys) > 10:
        return None
    names = set(keys.header.tensors)
    if {"clip_l", "clip_g"} <= names:
        width: int | None = 1280
    elif "emb_params" in names:
        width = keys.size("emb_params", -1)
    elif inside := [name for name in names if name.startswith("string_to_param")]:
        width = keys.size(inside[0], -1)
    # diffusers' learned embeddings: the token is the name. A name without brackets must be the only one.
    elif len(names) == 1 or all(name.startswith("<") and name.endswith(">") for name in names):
        shape = next(iter(keys.header.tensors.values())).shape
        width = shape[-1] if len(shape) in (1, 2) and shape[-1] in _EMBEDDINGS else None
    else:
        return None
    if width is None:
        return None
    base = _EMBEDDINGS.get(width)
    if base is None:
        return unknown(f"It is an embedding of width {width}, which belongs to no known text encoder.")
    return _one(keys, ModelType.EMBEDDING, base, format_=ModelFormat.EMBEDDING_FILE)


def vae(keys: Keys) -> Verdict | None:
    """VAEs, told by the channels of their latents; families that share an architecture need the name."""
    root = next(
        (p for p in ("", "first_stage_model.", "vae.") if keys.has(f"{p}decoder.conv_in.weight")), None
    )
    video = keys.shape("decoder.conv1.weight")
    if root is None and len(video) != 5:
        return None
    shape = keys.shape(f"{root}decoder.conv_in.weight") if root is not None else video
    channels = shape[1] if len(shape) > 1 else 0
    if len(shape) == 5:
        return _video_vae(keys, channels)
    if keys.begins("quantize."):
        return unknown("It is a VQ autoencoder, which is not supported.")
    if channels == 32:
        return _one(keys, ModelType.VAE, BaseModelType.FLUX2)
    if channels == 16:
        if _SD3.search(keys.name):
            return _one(
                keys, ModelType.VAE, BaseModelType.SD3, assumed=("the file name says Stable Diffusion 3",)
            )
        return _one(
            keys, ModelType.VAE, BaseModelType.FLUX, assumed=("FLUX: Stable Diffusion 3 has the same shapes",)
        )
    if channels != 4:
        return unknown(f"It is a VAE with {channels} latent channels, which belongs to no known model.")
    said = keys.said("modelspec.architecture")
    if "xl" in said:
        return _one(keys, ModelType.VAE, BaseModelType.SDXL)
    for pattern, base in ((_XL, BaseModelType.SDXL), (_SD2, BaseModelType.SD2)):
        if pattern.search(keys.name):
            return _one(keys, ModelType.VAE, base, assumed=("the file name says so",))
    return _one(
        keys, ModelType.VAE, BaseModelType.SD1, assumed=("Stable Diffusion 1: 2 and XL have the same shapes",)
    )


def _video_vae(keys: Keys, channels: int) -> Verdict:
    name = keys.name.lower()
    if channels == 48:
        return _one(keys, ModelType.VAE, BaseModelType.WAN)
    for word, base in (("qwen", BaseModelType.QWEN_IMAGE), ("wan", BaseModelType.WAN)):
        if word in name and channels == 16:
            return _one(keys, ModelType.VAE, base, assumed=(f"the file name says {word}",))
    return unknown("It is a video VAE: Qwen-Image's and Wan's look the same, and the file name says neither.")


def encoder(keys: Keys) -> Verdict | None:
    """Text and image encoders."""
    if keys.begins("vision_model.") and not keys.begins("text_model."):
        sig = keys.contains("vision_model.head.probe", "vision_model.embeddings.patch_embedding.bias")
        return _one(keys, ModelType.SIGLIP if sig else ModelType.CLIP_VISION)
    width = keys.size("text_model.embeddings.token_embedding.weight", 1)
    if width is not None and not keys.begins("vision_model."):
        variant = {768: "large", 1280: "gigantic"}.get(width)
        if variant is None:
            return unknown(f"It is a CLIP text encoder of width {width}; only 768 and 1280 are used.")
        return _one(keys, ModelType.CLIP_EMBED, variant=variant)
    if keys.contains("encoder.block.0.layer.0.SelfAttention.q.weight", "\nenc.blk.0.attn_q.weight"):
        words = keys.size("shared.weight", 0) or keys.size("token_embd.weight", 0) or 0
        kind = ModelType.WAN_T5_ENCODER if words > 200_000 else ModelType.T5_ENCODER
        int8 = ModelFormat.BNB_INT8 if keys.contains(".SCB\n") else None
        return _one(keys, kind, format_=int8)
    return _language_model(keys)


def _words(keys: Keys) -> int | None:
    """The size of a language model's vocabulary."""
    return keys.size("model.embed_tokens.weight", 0) or keys.size("token_embd.weight", 0)


def _language_model(keys: Keys) -> Verdict | None:
    if keys.begins("visual.blocks.", "model.visual.blocks.") and keys.begins("model."):
        deep = keys.contains("deepstack_merger_list.")
        return _one(keys, ModelType.QWEN3_VL_ENCODER if deep else ModelType.QWEN_VL_ENCODER)
    normed = keys.contains("model.layers.0.self_attn.k_norm.weight", "\nblk.0.attn_k_norm.weight")
    width = keys.size("model.embed_tokens.weight", 1) or keys.size("token_embd.weight", 1)
    if normed:
        variant = {2560: "qwen3_4b", 4096: "qwen3_8b", 1024: "qwen3_06b"}.get(width or 0)
        if variant is None:
            return unknown(f"It is a Qwen3 text encoder of width {width}; only 1024, 2560 and 4096 are used.")
        return _one(keys, ModelType.QWEN3_ENCODER, variant=variant)
    if width == 5120 and _words(keys) == 131072:
        return _one(keys, ModelType.MISTRAL_ENCODER)
    if width == 2304 and keys.contains(".pre_feedforward_layernorm.", "\nblk.0.post_ffw_norm."):
        return _one(keys, ModelType.GEMMA2_ENCODER)
    if width is not None:
        return unknown("It is a language model that no picture model uses.")
    return None


# What upscalers of each architecture have in common; checkpoints wrap them in ``params`` and the like.
_UPSCALERS: Final = re.compile(
    r"\n(?:params_ema\.|params\.|state_dict\.|model\.|generator\.|module\.)?(?:"
    r"1\.sub\.0\.RDB1\.conv1\.0\.weight|model\.1\.sub\.0\.RDB1\.conv1\.0\.weight"  # ESRGAN, first names
    r"|body\.0\.rdb1\.conv1\.weight|RRDB_trunk\.0\.RDB1\.conv1\.weight"  # ESRGAN
    r"|layers\.0\.residual_group\.(?:blocks\.0\.norm1|blocks\.0\.attn|overlap_attn)\."  # SwinIR, Swin2SR, HAT, DRCT
    r"|layers\.0\.blocks\.0\.(?:attn\.attns|norm1|attn)\."  # DAT, ATD
    r"|m_body\.0\.trans_block\.|block_1\.c1_r\.sk\.weight|residual_layer\.0\.residual_layer\."  # SCUNet, SPAN, OmniSR
    r"|unet1\.conv1\.conv\.0\.weight|feats\.0\.(?:weight|norm)|to_feat\.(?:weight|0)"  # RealCUGAN, RealPLKSR, SAFMN
    r"|body\.0\.body\.0\.body\.0\.weight"  # RCAN
    r"|gfpgan\.|dblocks\.0\.)"
)
_COMPACT: Final = tuple(f"{wrap}body.0.weight" for wrap in ("params_ema.", "params.", "", "state_dict."))


def upscaler(keys: Keys) -> Verdict | None:
    """Picture-to-picture networks that spandrel loads. Asked for last: their names are the plainest."""
    compact = next((key for key in _COMPACT if keys.has(key)), None)
    if compact and keys.size(compact, 1) == 3 and keys.has(compact.replace("body.0.", "body.2.")):
        return _one(keys, ModelType.SPANDREL)
    return _one(keys, ModelType.SPANDREL) if keys.search(_UPSCALERS) else None
