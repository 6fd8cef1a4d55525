"""What the class names in a folder's JSON files mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelType, PredictionType
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.identify.tools import FOLDER_TOOLS, folder_tool
from invoke_tui.studio.models.identify.verdict import (
    BY_TEXT_WIDTH,
    IN_CHANNELS,
    Verdict,
    control_defaults,
    main_defaults,
    unknown,
)

ReadJson = Callable[[Path], dict[str, Any]]

OWN_FILE: Final = "invoke.json"
_UNET_PIPELINES: Final = re.compile(
    r"(?:StableDiffusion(?:XL)?(?:Img2Img|Inpaint|Depth2Img)?|LatentConsistencyModel(?:Img2Img)?)Pipeline\Z"
)
_BASE_NAME: Final = re.compile(r"(?<![a-z])base(?![a-z])", re.I)
_TRANSFORMERS: Final = {
    "FluxPipeline": BaseModelType.FLUX,
    "FluxFillPipeline": BaseModelType.FLUX,
    "FluxKontextPipeline": BaseModelType.FLUX,
    "FluxImg2ImgPipeline": BaseModelType.FLUX,
    "Flux2Pipeline": BaseModelType.FLUX2,
    "Flux2KleinPipeline": BaseModelType.FLUX2,
    "StableDiffusion3Pipeline": BaseModelType.SD3,
    "CogView4Pipeline": BaseModelType.COGVIEW4,
    "ZImagePipeline": BaseModelType.Z_IMAGE,
    "QwenImagePipeline": BaseModelType.QWEN_IMAGE,
    "QwenImageEditPipeline": BaseModelType.QWEN_IMAGE,
    "QwenImageEditPlusPipeline": BaseModelType.QWEN_IMAGE,
    "ErnieImagePipeline": BaseModelType.ERNIE_IMAGE,
    "Ideogram4Pipeline": BaseModelType.IDEOGRAM4,
    "Krea2Pipeline": BaseModelType.KREA2,
    "WanPipeline": BaseModelType.WAN,
    "WanImageToVideoPipeline": BaseModelType.WAN,
}
_ENCODERS: Final = {
    "CLIPVisionModel": (ModelType.CLIP_VISION, ModelFormat.DIFFUSERS),
    "CLIPVisionModelWithProjection": (ModelType.CLIP_VISION, ModelFormat.DIFFUSERS),
    "SiglipModel": (ModelType.SIGLIP, ModelFormat.DIFFUSERS),
    "SiglipVisionModel": (ModelType.SIGLIP, ModelFormat.DIFFUSERS),
    "LlavaOnevisionForConditionalGeneration": (ModelType.LLAVA_ONEVISION, ModelFormat.DIFFUSERS),
    "T5EncoderModel": (ModelType.T5_ENCODER, ModelFormat.T5_ENCODER),
    "T5ForConditionalGeneration": (ModelType.T5_ENCODER, ModelFormat.T5_ENCODER),
    "UMT5EncoderModel": (ModelType.WAN_T5_ENCODER, ModelFormat.WAN_T5_ENCODER),
    "Qwen2_5_VLForConditionalGeneration": (ModelType.QWEN_VL_ENCODER, ModelFormat.QWEN_VL_ENCODER),
    "Qwen3VLForConditionalGeneration": (ModelType.QWEN3_VL_ENCODER, ModelFormat.QWEN3_VL_ENCODER),
    "Mistral3ForConditionalGeneration": (ModelType.MISTRAL_ENCODER, ModelFormat.MISTRAL_ENCODER),
    "Gemma2Model": (ModelType.GEMMA2_ENCODER, ModelFormat.GEMMA2_ENCODER),
    "FluxReduxModel": (ModelType.FLUX_REDUX, ModelFormat.DIFFUSERS),
}

_REDUX_PARTS: Final = ("image_embedder", "image_encoder")
"""Of a folder of FLUX Redux: itself, and the SigLIP that it looks through."""


def pipeline_of(folder: Path, index: dict[str, Any], read: ReadJson) -> Verdict:
    """What main model a folder with this ``model_index.json`` is."""
    name = index.get("_class_name")
    if not isinstance(name, str):
        return unknown("Its model_index.json names no pipeline.")
    if _UNET_PIPELINES.match(name):
        return _unet_pipeline(folder, read)
    if name == "FluxPriorReduxPipeline":
        parts = tuple(part for part in _REDUX_PARTS if part in index)
        return replace(_part(ModelType.FLUX_REDUX, BaseModelType.FLUX), submodels=parts)
    base = _TRANSFORMERS.get(name)
    if base is None:
        return unknown(f"The pipeline {safe_text(name, limit=80)} is not supported.")
    transformer = read(folder / "transformer" / "config.json")
    verdict = _transformer_pipeline(folder, name, base, index, transformer, read)
    quantised = transformer.get("quantization_config")
    if verdict.known and isinstance(quantised, dict) and quantised.get("quant_method") == "sdnq":
        return replace(verdict, format=ModelFormat.SDNQ)
    return verdict


def _transformer_pipeline(
    folder: Path,
    name: str,
    base: BaseModelType,
    index: dict[str, Any],
    transformer: dict[str, Any],
    read: ReadJson,
) -> Verdict:
    """The families whose denoiser is a transformer."""
    if base is BaseModelType.FLUX:
        if transformer.get("in_channels") == 128:
            return unknown("A FLUX transformer with a control picture built in is not supported.")
        fill = transformer.get("in_channels") == 384 or name == "FluxFillPipeline"
        return _main(
            base, "dev_fill" if fill else "dev" if transformer.get("guidance_embeds") is True else "schnell"
        )
    if base is BaseModelType.FLUX2:
        return _flux2(folder, name, index, transformer)
    if base is BaseModelType.Z_IMAGE:
        # The scheduler's shift is the only thing in the folder in which turbo and base differ.
        shift = read(folder / "scheduler" / "scheduler_config.json").get("shift")
        if not isinstance(shift, int | float):
            return unknown("It is Z-Image, but without its scheduler turbo and base cannot be told apart.")
        return _main(base, "zbase" if shift > 4 else "turbo")
    if base is BaseModelType.QWEN_IMAGE:
        return _main(base, "edit" if "Edit" in name else "generate")
    if base is BaseModelType.KREA2:
        return _main(base, "krea2_turbo" if index.get("is_distilled") is True else "krea2_base")
    if base is BaseModelType.WAN:
        return _wan(name, index, transformer)
    return _main(base, None)


def _main(base: BaseModelType, variant: str | None, assumed: tuple[str, ...] = ()) -> Verdict:
    return Verdict(
        type=ModelType.MAIN,
        base=base,
        format=ModelFormat.DIFFUSERS,
        variant=variant,
        default_settings=main_defaults(base, variant),
        assumed=assumed,
    )


def _unet_pipeline(folder: Path, read: ReadJson) -> Verdict:
    unet = read(folder / "unet" / "config.json")
    if not unet:
        return unknown("The folder has no readable unet/config.json.")
    width, channels = unet.get("cross_attention_dim"), unet.get("in_channels", 4)
    base = _said_or_told(folder, width, read)
    if base is None:
        return unknown(f"Its UNet's text width {safe_text(width, limit=40)} belongs to no Stable Diffusion.")
    variant = IN_CHANNELS.get(channels) if isinstance(channels, int) else None
    if variant is None:
        return unknown(f"Its UNet takes {safe_text(channels, limit=40)} channels; only 4, 5 and 9 are known.")
    predicts = read(folder / "scheduler" / "scheduler_config.json").get("prediction_type")
    prediction: PredictionType = predicts if predicts in ("v_prediction", "sample") else "epsilon"
    return Verdict(
        type=ModelType.MAIN,
        base=base,
        format=ModelFormat.DIFFUSERS,
        variant=variant,
        prediction_type=prediction,
        default_settings=main_defaults(base, variant),
    )


def _said_or_told(folder: Path, width: object, read: ReadJson) -> BaseModelType | None:
    """The family that runs a model with text states of this width. One of another width than its family's, such as
    the starter and what belongs to it, says itself which that is."""
    told = BY_TEXT_WIDTH.get(width) if isinstance(width, int) else None
    said = read(folder / OWN_FILE).get("base")
    return next((family for family in BY_TEXT_WIDTH.values() if family == said), told)


def _flux2(folder: Path, name: str, index: dict[str, Any], transformer: dict[str, Any]) -> Verdict:
    if name == "Flux2Pipeline":
        return _main(BaseModelType.FLUX2, "dev")
    width = transformer.get("joint_attention_dim")
    size = "klein_9b" if width == 12288 else "klein_4b"
    assumed = (
        () if width in (7680, 12288) else ("the smaller klein: the transformer's configuration does not say",)
    )
    if index.get("is_distilled") is False:
        return _main(BaseModelType.FLUX2, f"{size}_base", assumed)
    if "is_distilled" not in index and _BASE_NAME.search(folder.name):
        return _main(BaseModelType.FLUX2, f"{size}_base", (*assumed, "the folder's name says base"))
    return _main(BaseModelType.FLUX2, size, assumed)


def _wan(name: str, index: dict[str, Any], transformer: dict[str, Any]) -> Verdict:
    if transformer.get("in_channels") == 48:
        return _main(BaseModelType.WAN, "ti2v_5b")
    if not index.get("transformer_2"):
        return unknown("It is Wan without a second expert: Wan 2.1 is not supported.")
    return _main(BaseModelType.WAN, "i2v_a14b" if "ImageToVideo" in name else "t2v_a14b")


def _part(
    kind: ModelType, base: BaseModelType, assumed: tuple[str, ...] = (), *, controls: str | None = None
) -> Verdict:
    return Verdict(
        type=kind,
        base=base,
        format=ModelFormat.DIFFUSERS,
        assumed=assumed,
        default_settings=control_defaults(controls or ""),
    )


def part_of(folder: Path, config: dict[str, Any], read: ReadJson) -> Verdict:
    """What a folder with one diffusers model is."""
    name = config["_class_name"]
    if name in ("AutoencoderKL", "AutoencoderTiny"):
        return (
            _vae(folder, config) if name == "AutoencoderKL" else unknown("A tiny VAE is for previews only.")
        )
    vaes = {
        "AutoencoderKLFlux2": BaseModelType.FLUX2,
        "AutoencoderKLQwenImage": BaseModelType.QWEN_IMAGE,
        "AutoencoderKLWan": BaseModelType.WAN,
    }
    if name in vaes:
        return _part(ModelType.VAE, vaes[name])
    controlnets = {"FluxControlNetModel": BaseModelType.FLUX, "SD3ControlNetModel": BaseModelType.SD3}
    if name in controlnets:
        return _part(ModelType.CONTROLNET, controlnets[name], controls=folder.name)
    if name in ("ControlNetModel", "ControlNetModel_Union", "ControlNetUnionModel"):
        width = config.get("cross_attention_dim")
        base = _said_or_told(folder, width, read)
        if base in (None, BaseModelType.SDXL_REFINER):
            return unknown(
                f"It is a ControlNet, but its text width {safe_text(width, limit=40)} is not known."
            )
        return _part(ModelType.CONTROLNET, base, controls=folder.name)
    if name == "ReduxImageEncoder":
        return _part(ModelType.FLUX_REDUX, BaseModelType.FLUX)
    if name == "T2IAdapter":
        kinds = {"full_adapter": "sd-1", "light_adapter": "sd-1", "full_adapter_xl": "sdxl"}
        found = kinds.get(str(config.get("adapter_type")))
        if found is None:
            return unknown(
                f"It is a T2I-Adapter of an unknown kind ({safe_text(config.get('adapter_type'), limit=40)})."
            )
        return _part(ModelType.T2I_ADAPTER, BaseModelType(found), controls=folder.name)
    return unknown(f"The part {safe_text(name, limit=80)} alone is not supported.")


def _vae(folder: Path, config: dict[str, Any]) -> Verdict:
    """Stable Diffusion's VAEs differ in their scale; where that is missing or odd, the folder's name decides."""
    scale = config.get("scaling_factor")
    for known, base in (
        (0.13025, BaseModelType.SDXL),
        (0.3611, BaseModelType.FLUX),
        (1.5305, BaseModelType.SD3),
    ):
        if scale == known:
            return _part(ModelType.VAE, base)
    if config.get("latent_channels", 4) != 4:
        return unknown(
            f"It is a VAE with {safe_text(config['latent_channels'], limit=40)} latent channels, unknown here."
        )
    for word, base in (("xl", BaseModelType.SDXL), ("sd2", BaseModelType.SD2), ("sd-2", BaseModelType.SD2)):
        if word in folder.name.lower():
            return _part(ModelType.VAE, base, ("the folder's name says so",))
    return _part(ModelType.VAE, BaseModelType.SD1, ("Stable Diffusion 1: 2 has the same configuration",))


def encoder_of(architecture: str, config: dict[str, Any], *, has_tokenizer: bool) -> Verdict:
    """What a transformers model of this class is."""
    known = _ENCODERS.get(architecture)
    if known is not None:
        base = BaseModelType.FLUX if known[0] is ModelType.FLUX_REDUX else BaseModelType.ANY
        return Verdict(type=known[0], base=base, format=known[1])
    if architecture in FOLDER_TOOLS:
        return folder_tool(architecture, config)
    width = config.get("hidden_size")
    if architecture in ("CLIPTextModel", "CLIPTextModelWithProjection"):
        variant = {768: "large", 1280: "gigantic"}.get(width) if isinstance(width, int) else None
        if variant is None:
            return unknown(
                f"It is a CLIP text encoder of width {safe_text(width, limit=40)}; only 768 and 1280 are used."
            )
        return _transformers(ModelType.CLIP_EMBED, ModelFormat.DIFFUSERS, variant)
    if architecture == "Qwen3ForCausalLM" and width in (1024, 2560, 4096):
        variant = {1024: "qwen3_06b", 2560: "qwen3_4b", 4096: "qwen3_8b"}[width]
        return _transformers(ModelType.QWEN3_ENCODER, ModelFormat.QWEN3_ENCODER, variant)
    if architecture.endswith("ForCausalLM"):
        if not has_tokenizer:
            return unknown("It is a language model without its tokenizer.")
        return _transformers(ModelType.TEXT_LLM, ModelFormat.DIFFUSERS, None)
    return unknown(f"The model {safe_text(architecture, limit=80)} is not supported.")


def _transformers(kind: ModelType, stored: ModelFormat, variant: str | None) -> Verdict:
    return Verdict(type=kind, base=BaseModelType.ANY, format=stored, variant=variant)
