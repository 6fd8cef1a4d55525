"""Control and reference pictures as InvokeAI's metadata has them, as fields of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from invoke_tui.domain.request.controls import FLUX_UNION, UNION_KINDS, ControlRequest, ReferenceRequest

_SPAN: Final = {"begin": "begin_step_percent", "end": "end_step_percent"}
_KEYS: Final[dict[str, tuple[type[ControlRequest | ReferenceRequest], dict[str, str]]]] = {
    "controlnets": (
        ControlRequest,
        {
            "model": "control_model",
            "weight": "control_weight",
            "control_mode": "control_mode",
            "resize_mode": "resize_mode",
            "preprocessor": "preprocessor",
            **_SPAN,
        },
    ),
    "t2iAdapters": (
        ControlRequest,
        {
            "model": "t2i_adapter_model",
            "weight": "weight",
            "resize_mode": "resize_mode",
            "preprocessor": "preprocessor",
            **_SPAN,
        },
    ),
    "ipAdapters": (
        ReferenceRequest,
        {
            "model": "ip_adapter_model",
            "weight": "weight",
            "method": "method",
            "clip_vision": "clip_vision_model",
            **_SPAN,
        },
    ),
}
_SHOWN: Final = "ref_images"
"""Reference pictures as InvokeAI's form keeps them: of all kinds, each with a configuration of its own."""
_CONFIG: Final = {
    "model": "model",
    "weight": "weight",
    "method": "method",
    "clip_vision": "clipVisionModel",
    "image_influence": "imageInfluence",
}
_CONFIGS: Final = {"ip_adapter": "ipAdapters", "flux_redux": "flux_redux"}
STEERING_KEYS: Final = (*_KEYS, _SHOWN)


def model_key(key: str, entry: Mapping[str, Any]) -> str | None:
    """The key that tells which type of model an entry names; None for kinds that are not known here."""
    return _CONFIGS.get(str(_config(entry).get("type"))) if key == _SHOWN else key


def steering_values(
    key: str, entry: Mapping[str, Any]
) -> tuple[type[ControlRequest | ReferenceRequest], dict[str, Any]]:
    """What an entry under ``key`` becomes, and its fields as they stand there; none where it does not count."""
    if key == _SHOWN:
        known = model_key(key, entry) is not None and entry.get("isEnabled") is not False
        return ReferenceRequest, _shown(_config(entry)) if known else {}
    request, names = _KEYS[key]
    values = {field: entry[name] for field, name in names.items() if entry.get(name) is not None}
    values["image"] = _name(entry.get("processed_image") or entry.get("image"))
    if entry.get("mask") is not None:
        values["mask"] = _name(entry["mask"])
    union = entry.get("union")
    if isinstance(union, int) and 0 <= union < len(UNION_KINDS):
        values["kind"] = UNION_KINDS[union]
    mode = entry.get("instantx_control_mode")
    if isinstance(mode, int) and mode in FLUX_UNION.values():
        values["kind"] = next(kind for kind, number in FLUX_UNION.items() if number == mode)
    return request, values


def _config(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    config = entry.get("config")
    return config if isinstance(config, Mapping) else {}


def _shown(config: Mapping[str, Any]) -> dict[str, Any]:
    values = {field: config[name] for field, name in _CONFIG.items() if config.get(name) is not None}
    span = config.get("beginEndStepPct")
    if isinstance(span, list | tuple) and len(span) == 2:
        values["begin"], values["end"] = span
    values["image"] = _name(config.get("image"))
    if config.get("mask") is not None:
        values["mask"] = _name(config["mask"])
    return values


def _name(image: Any) -> Any:
    """A picture's name, however it is wrapped; of one that was cut, the piece."""
    for wrapping in ("crop", "original", "image"):
        if isinstance(image, Mapping) and isinstance(image.get(wrapping), Mapping):
            image = image[wrapping]
    return image.get("image_name") if isinstance(image, Mapping) else image
