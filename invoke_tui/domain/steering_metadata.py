"""Control and reference pictures as InvokeAI's metadata has them, as fields of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from invoke_tui.domain.controls import FLUX_UNION, UNION_KINDS, ControlRequest, ReferenceRequest

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
STEERING_KEYS: Final = tuple(_KEYS)


def steering_values(
    key: str, entry: Mapping[str, Any]
) -> tuple[type[ControlRequest | ReferenceRequest], dict[str, Any]]:
    """What an entry under ``key`` becomes, and its fields as they stand there, unchecked."""
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


def _name(image: Any) -> Any:
    """A picture's name, however it is wrapped."""
    return image.get("image_name") if isinstance(image, Mapping) else image
