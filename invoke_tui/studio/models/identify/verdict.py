"""What identification answers: a definite description, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from invoke_tui.domain.models.records import (
    BaseModelType,
    ModelDefaults,
    ModelFormat,
    ModelType,
    PredictionType,
)

BY_TEXT_WIDTH: Final = {
    768: BaseModelType.SD1,
    1024: BaseModelType.SD2,
    2048: BaseModelType.SDXL,
    1280: BaseModelType.SDXL_REFINER,
}
"""Which Stable Diffusion has text states of this width."""
IN_CHANNELS: Final = {4: "normal", 5: "depth", 9: "inpaint"}
"""Which variant has a UNet that takes so many channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file or folder is, in InvokeAI's ids. ``type`` is UNKNOWN exactly when ``reason`` is not empty."""

    type: ModelType
    base: BaseModelType
    format: ModelFormat
    variant: str | None = None
    prediction_type: PredictionType | None = None
    repo_variant: str | None = None
    """How the weights of a folder are marked: an empty word, ``fp16``, ``onnx``, ... ; None for single files."""
    precision: str | None = None
    """The number type most bytes are stored in: ``bf16``, ``fp8``, ``nf4``, a ggml type, ..."""
    dialect: str | None = None
    """Whose key names a LoRA uses: ``kohya``, ``diffusers``, ``onetrainer``, ``aitoolkit``, ``xlabs``, ..."""
    algorithms: tuple[str, ...] = ()
    """What a LoRA's layers compute: ``lora``, ``locon``, ``loha``, ``lokr``, ``dora``, ``full``, ``ia3``, ``norm``."""
    submodels: tuple[str, ...] = ()
    """The components a main model brings, by InvokeAI's names: ``unet``, ``vae``, ``text_encoder_2``, ..."""
    default_settings: ModelDefaults = field(default_factory=ModelDefaults)
    assumed: tuple[str, ...] = ()
    """What the weights do not tell and a name or a convention decided: worth a look by the person."""
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether the model can be registered as what the verdict says."""
        return self.type is not ModelType.UNKNOWN


def unknown(reason: str) -> Verdict:
    """No verdict, and one sentence that says why."""
    return Verdict(
        type=ModelType.UNKNOWN, base=BaseModelType.UNKNOWN, format=ModelFormat.UNKNOWN, reason=reason
    )


_SQUARE: Final[dict[str, float]] = {"width": 1024, "height": 1024}
_BY_BASE: Final[dict[BaseModelType, dict[str, float]]] = {
    BaseModelType.SD1: {"width": 512, "height": 512},
    BaseModelType.SD2: {"width": 768, "height": 768},
    BaseModelType.SDXL: _SQUARE,
    BaseModelType.ERNIE_IMAGE: {"steps": 50, "cfg_scale": 4, **_SQUARE},
    BaseModelType.IDEOGRAM4: {"steps": 48, "cfg_scale": 7, **_SQUARE},
    BaseModelType.QWEN_IMAGE: {"steps": 40, "cfg_scale": 4, **_SQUARE},
    BaseModelType.ANIMA: {"steps": 35, "cfg_scale": 4.5, **_SQUARE},
}
_BY_VARIANT: Final[dict[tuple[BaseModelType, str], dict[str, float]]] = {
    (BaseModelType.FLUX2, "klein_4b"): {"steps": 4, "cfg_scale": 1, **_SQUARE},
    (BaseModelType.FLUX2, "klein_4b_base"): {"steps": 28, "cfg_scale": 1, **_SQUARE},
    (BaseModelType.FLUX2, "klein_9b"): {"steps": 4, "cfg_scale": 1, **_SQUARE},
    (BaseModelType.FLUX2, "klein_9b_base"): {"steps": 28, "cfg_scale": 1, **_SQUARE},
    (BaseModelType.FLUX2, "dev"): {"steps": 28, "cfg_scale": 1, "guidance": 3.5, **_SQUARE},
    (BaseModelType.Z_IMAGE, "turbo"): {"steps": 9, "cfg_scale": 1, **_SQUARE},
    (BaseModelType.Z_IMAGE, "zbase"): {"steps": 50, "cfg_scale": 4, **_SQUARE},
    (BaseModelType.KREA2, "krea2_turbo"): {"steps": 8, "cfg_scale": 1, **_SQUARE},
    (BaseModelType.KREA2, "krea2_base"): {"steps": 28, "cfg_scale": 5.5, **_SQUARE},
    (BaseModelType.WAN, "t2v_a14b"): {"steps": 40, "cfg_scale": 4, **_SQUARE},
    (BaseModelType.WAN, "i2v_a14b"): {"steps": 40, "cfg_scale": 4, **_SQUARE},
    (BaseModelType.WAN, "ti2v_5b"): {"steps": 30, "cfg_scale": 5, **_SQUARE},
}
# The first word found in the name decides, so the longer words come first.
_PREPROCESSORS: Final = (
    ("canny", "canny_image_processor"),
    ("mlsd", "mlsd_image_processor"),
    ("depth", "depth_anything_image_processor"),
    ("normal", "normalbae_image_processor"),
    ("pidi", "pidi_image_processor"),
    ("sketch", "pidi_image_processor"),
    ("lineart_anime", "lineart_anime_image_processor"),
    ("lineart", "lineart_image_processor"),
    ("scribble", "lineart_image_processor"),
    ("softedge", "hed_image_processor"),
    ("hed", "hed_image_processor"),
    ("shuffle", "content_shuffle_image_processor"),
    ("pose", "dw_openpose_image_processor"),
    ("mediapipe", "mediapipe_face_processor"),
    ("color", "color_map_image_processor"),
)


def main_defaults(base: BaseModelType, variant: str | None) -> ModelDefaults:
    """The settings InvokeAI gives a main model of this kind when it is installed."""
    by_variant = _BY_VARIANT.get((base, variant or ""))
    return ModelDefaults.model_validate(by_variant or _BY_BASE.get(base, {}))


def control_defaults(name: str) -> ModelDefaults:
    """The preprocessor a control model's name asks for."""
    lowered = name.lower().replace("-", "_")
    return ModelDefaults(preprocessor=next((what for word, what in _PREPROCESSORS if word in lowered), None))
