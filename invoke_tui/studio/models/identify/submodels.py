"""Which components a main model brings along, by InvokeAI's names for them."""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.studio.models.identify.keys import Keys

_TRANSFORMERS: Final = frozenset({BaseModelType.FLUX, BaseModelType.SD3})
_IN_FILES: Final = {
    "vae": ("first_stage_model.decoder.", "vae.decoder."),
    "text_encoder": (
        "cond_stage_model.", "conditioner.embedders.0.transformer.", "text_encoders.clip_l.",
    ),
    "text_encoder_2": (
        "conditioner.embedders.1.model.", "conditioner.embedders.0.model.", "text_encoders.clip_g.",
    ),
}  # fmt: skip
"""How names begin. A T5 inside a file does not count: its tokenizer is in no file, so it cannot be used."""
_NOT_COMPONENTS: Final = frozenset({"safety_checker", "feature_extractor", "image_encoder"})


def in_file(keys: Keys, base: BaseModelType) -> tuple[str, ...]:
    """The components of a single file with a denoiser; CLIP's tokenizer is the same for all and always there."""
    found = ["transformer" if base in _TRANSFORMERS else "unet"]
    for name, prefixes in _IN_FILES.items():
        if keys.begins(*prefixes):
            found.append(name)
            if name.startswith("text_encoder"):
                found.append(name.replace("text_encoder", "tokenizer"))
    return tuple(found)


def in_index(index: dict[str, Any]) -> tuple[str, ...]:
    """The components that a ``model_index.json`` lists."""
    return tuple(
        name
        for name, value in index.items()
        if not name.startswith("_")
        and name not in _NOT_COMPONENTS
        and isinstance(value, list)
        and len(value) == 2
        and all(isinstance(part, str) for part in value)
    )
