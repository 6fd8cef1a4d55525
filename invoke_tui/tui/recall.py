"""A picture's metadata as values of the settings form. Metadata is outside text: every value is checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.images import PICTURE_NAME
from invoke_tui.domain.parameters import MOST_LORAS, GenerationRequest
from invoke_tui.domain.pictures import Outpaint, PictureRequest
from invoke_tui.domain.refinement import FreeU, RefinementRequest
from invoke_tui.domain.replay import Difference
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.steering.values import recalled
from invoke_tui.tui.widgets.advanced_form import ROLES
from invoke_tui.tui.widgets.refinement_form import freeu_values

MOST_TOLD: Final = 4
"""Differences that are told when settings are put back."""
_NUMBERS: Final = ("width", "height", "steps", "cfg_scale", "cfg_rescale_multiplier", "clip_skip")


def form_values(metadata: dict[str, Any] | None) -> dict[str, Any]:
    """What ``SettingsForm.restore`` takes; what was not recorded is left out."""
    found = metadata or {}
    values: dict[str, Any] = {}
    for name in _NUMBERS:
        value = found.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12:
            values[name] = f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(scheduler := found.get("scheduler"), str):
        values["scheduler"] = safe_text(scheduler, limit=40)
    model = found.get("model")
    if isinstance(model, dict):
        key = model.get("key") or model.get("name")
        if isinstance(key, str):
            values["model"] = key[:500]
    loras = found.get("loras", [] if "model" in found else None)
    if isinstance(loras, list):  # a picture that was drawn without them is drawn without them again
        values["loras"] = json.dumps([entry for one in loras[:MOST_LORAS] if (entry := _lora(one))])
    for name in ("seamless_x", "seamless_y"):
        if isinstance(value := found.get(name), bool):
            values[name] = value
    return values | (_picture(found) | _refinement(found) | recalled(found) if "model" in found else {})


def _picture(found: dict[str, Any]) -> dict[str, Any]:
    """The picture to start from and how it was treated; what was not recorded is as usual."""
    values = _settings(found, PictureRequest)
    for name in ("init_image", "mask_image"):
        named = found.get(name)
        values[name] = named if isinstance(named, str) and PICTURE_NAME.fullmatch(named) else ""
    values["outpaint"] = _sides(found.get("outpaint"))
    return values


def _refinement(found: dict[str, Any]) -> dict[str, Any]:
    """Two passes, FreeU, the span of guidance; what was not recorded is off."""
    model = found.get("hrf_model")
    key = model.get("key") if isinstance(model, dict) else None
    try:
        freeu = FreeU.model_validate(found["freeu"]) if found.get("freeu") is not None else None
    except ValidationError:
        freeu = None
    upscaler = key[:500] if isinstance(key, str) else ""
    return _settings(found, RefinementRequest) | {"hrf_model": upscaler} | freeu_values(freeu)


def _settings(found: dict[str, Any], record: type[Record]) -> dict[str, Any]:
    """The plain fields of a record; what was not recorded, or cannot be, is as usual."""
    values: dict[str, Any] = {}
    for name, field in record.model_fields.items():
        value = found.get(name, field.default)
        if isinstance(value, bool):
            values[name] = value
        elif isinstance(value, int | float) and abs(value) < 1e12:
            values[name] = "" if value == field.default else f"{value:g}"
        else:
            values[name] = (
                safe_text(value, limit=40) if isinstance(value, str) and value != field.default else ""
            )
    return values


def _sides(recorded: Any) -> str:
    try:
        return str(Outpaint.model_validate(recorded or {}))
    except ValidationError:
        return ""


def _lora(entry: Any) -> list[Any] | None:
    """Key, weight and that it is on, as the form's list of LoRAs takes them."""
    model, weight = (entry.get("model"), entry.get("weight")) if isinstance(entry, dict) else (None, None)
    key = model.get("key") if isinstance(model, dict) else None
    if not isinstance(key, str) or isinstance(weight, bool) or not isinstance(weight, int | float):
        return None
    return [key[:500], weight, True] if abs(weight) <= 10 else None


def models_found(metadata: dict[str, Any], request: GenerationRequest) -> dict[str, Any]:
    """The models that are here, as values of the form: the daemon knows them by content and name as well."""
    named = ("model", *ROLES, "hrf_model", "refiner_model")
    values: dict[str, Any] = {name: key for name in named if (key := getattr(request, name, None))}
    if "loras" in metadata:
        values["loras"] = json.dumps([[one.model, one.weight, True] for one in request.loras])
    return values


def not_as_it_was(differences: Sequence[Difference]) -> str:
    """What could not be put back, in one line; empty where everything was."""
    told = [one.message for one in differences if one.kind not in ("named", "unsure")]
    more = f" · and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"Not as it was: {' · '.join(told[:MOST_TOLD])}{more}" if told else ""


def prompts(metadata: dict[str, Any] | None) -> tuple[str, str] | None:
    """Prompt and negative prompt, or None where none was recorded."""
    found = metadata or {}
    positive, negative = found.get("positive_prompt"), found.get("negative_prompt")
    if not isinstance(positive, str):
        return None
    return positive, negative if isinstance(negative, str) else ""


def seed(metadata: dict[str, Any] | None) -> int | None:
    """The seed, where it is one."""
    value = (metadata or {}).get("seed")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 else None
