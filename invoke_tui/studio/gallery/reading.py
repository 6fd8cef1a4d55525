"""What metadata says that people search, sort and filter by: typed and clamped, for it may come from anyone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

VERSION: Final = 1
"""Another number makes the daemon read every picture's metadata again."""
_LONGEST_NAME: Final = 300
_LONGEST_TEXT: Final = 200_000
_MOST_LORAS: Final = 100
_LARGEST: Final = 2**63 - 1
_FEATURES: Final = {
    "prompt": ("positive_prompt",),
    "negative": ("negative_prompt",),
    "lora": ("loras",),
    "init": ("init_image",),
    "mask": ("mask_image",),
    "control": ("controlnets", "t2iAdapters"),
    "reference": ("ipAdapters", "ref_images"),
    "region": ("regions",),
    "hires": ("hrf_enabled",),
    "refiner": ("refiner_model",),
    "upscaled": ("upscale_model",),
}
"""What ``has:`` finds, and the keys of which one must say something."""


@dataclass(frozen=True)
class Said:
    """``facts`` are columns of ``images``, ``texts`` those of ``image_texts``."""

    facts: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def read_metadata(
    metadata: Mapping[str, Any] | None, *, name: str, has_workflow: bool = False, program: str | None = None
) -> Said:
    """Read a picture's metadata in InvokeAI's keys. ``name`` is the file's, as people know it."""
    said = metadata or {}
    loras = list(_loras(said.get("loras")))
    features = [word for word, keys in _FEATURES.items() if any(said.get(key) for key in keys)]
    features += ["metadata"] * bool(said) + ["workflow"] * has_workflow
    models = [
        _model_name(said.get("model")),
        *loras,
        *(_model_name(said.get(key)) for key in ("vae", "refiner_model", "upscale_model")),
    ]
    model = said.get("model")
    return Said(
        facts={
            "read_version": VERSION,
            "name": name[:_LONGEST_NAME],
            "seed": _whole(said.get("seed")),
            "steps": _whole(said.get("steps")),
            "cfg_scale": _real(said.get("cfg_scale")),
            "scheduler": _line(said.get("scheduler")),
            "model_name": _model_name(model),
            "model_base": _line(model.get("base")) if isinstance(model, Mapping) else None,
            "loras": "\n".join(loras) or None,
            "features": f",{','.join(features)}," if features else None,
            "program": program or ("invokeai" if said else None),
        },
        texts={
            "positive_prompt": _text(said.get("positive_prompt")),
            "negative_prompt": _text(said.get("negative_prompt")),
            "name": name[:_LONGEST_NAME],
            "models": " ".join(filter(None, models)),
        },
    )


def _loras(listed: Any) -> Iterator[str]:
    for one in (listed if isinstance(listed, list) else [])[:_MOST_LORAS]:
        if isinstance(one, Mapping) and (name := _model_name(one.get("model", one.get("lora")))):
            yield name


def _model_name(model: Any) -> str | None:
    """InvokeAI has written models as records and, long ago, as names."""
    return _line(model.get("name", model.get("model_name")) if isinstance(model, Mapping) else model)


def _line(value: Any) -> str | None:
    return " ".join(value[:_LONGEST_NAME].split()) or None if isinstance(value, str) else None


def _text(value: Any) -> str:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    if isinstance(value, float) and math.isfinite(value):
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST
    return value if fits else None


def _real(value: Any) -> float | None:
    if isinstance(value, list) and value:  # a CFG scale for each step
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
