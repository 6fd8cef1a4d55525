"""What of a model can be edited: its fields, and the settings a kind of model may ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from invoke_tui.domain.models.records import ModelDefaults, ModelRecord, ModelType
from invoke_tui.tui.form_spec import FieldSpec, Kind

_MAIN: Final = ("steps", "cfg_scale", "cfg_rescale_multiplier", "guidance", "width", "height")
_LORA: Final = ("weight",)
_LORAS: Final = (ModelType.LORA, ModelType.CONTROL_LORA)
_LABELS: Final = {
    "steps": "Steps",
    "cfg_scale": "CFG",
    "cfg_rescale_multiplier": "CFG rescale",
    "guidance": "Guidance",
    "width": "Width",
    "height": "Height",
    "weight": "Weight",
}
_HELP: Final = {
    "steps": "Denoising steps it asks for",
    "cfg_scale": "How strongly the prompt counts",
    "cfg_rescale_multiplier": "Takes back what a high CFG burns; for v-prediction models",
    "guidance": "Distilled guidance of FLUX.1",
    "width": "Width of the pictures it draws best",
    "height": "Height of the pictures it draws best",
    "weight": "How strongly it is applied; below zero it works the other way round",
}
_STEPS: Final = {
    "width": 64.0, "height": 64.0, "cfg_scale": 0.5, "guidance": 0.5, "cfg_rescale_multiplier": 0.05, "weight": 0.05,
}  # fmt: skip


def numbers_of(type_: ModelType) -> tuple[str, ...]:
    """The numbers among the settings that a model of this type may ask for."""
    return _MAIN if type_ is ModelType.MAIN else _LORA if type_ in _LORAS else ()


def number_spec(name: str) -> FieldSpec:
    """One number of ``ModelDefaults``, with the bounds that are declared there."""
    field = ModelDefaults.model_fields[name]
    bounds: dict[str, Any] = {}
    for rule in field.metadata:
        for key in ("ge", "gt", "lt", "multiple_of"):
            if (value := getattr(rule, key, None)) is not None:
                bounds[key] = value
    whole: Kind = "integer" if field.annotation == (int | None) else "decimal"
    return FieldSpec(
        name=name,
        label=_LABELS[name],
        kind=whole,
        help=_HELP[name],
        step=_STEPS.get(name, 1),
        minimum=bounds["gt"] + 1 if "gt" in bounds else bounds.get("ge"),
        below=bounds.get("lt"),
        multiple=bounds.get("multiple_of"),
    )


def changes(model: ModelRecord, values: dict[str, Any]) -> dict[str, Any]:
    """Of ``values`` (raw, by field; settings by their own names) what is another than in ``model``, as the studio
    takes it."""
    settings = set(ModelDefaults.model_fields)
    plain = {name: value for name, value in values.items() if name not in settings}
    asked = {name: _number(name, value) for name, value in values.items() if name in settings}
    changed = {name: value for name, value in plain.items() if value != _READ[name](model)}
    before = model.default_settings.model_dump()
    if other := {name: value for name, value in asked.items() if value != before[name]}:
        changed["default_settings"] = other
    if "trigger_phrases" in changed:
        changed["trigger_phrases"] = [
            part for part in map(str.strip, changed["trigger_phrases"].split(",")) if part
        ]
    return changed


_READ: Final[dict[str, Callable[[ModelRecord], Any]]] = {
    "name": lambda model: model.name,
    "description": lambda model: model.description,
    "trigger_phrases": lambda model: ", ".join(model.trigger_phrases),
    "type": lambda model: model.type.value,
    "base": lambda model: model.base.value,
    "format": lambda model: model.format.value,
    "variant": lambda model: model.variant or "",
}


def _number(name: str, value: Any) -> Any:
    """Raw text of a field as the setting it is; empty means that the model does not ask."""
    if value in ("", None, False):
        return None
    if name in (*_MAIN, *_LORA):
        return int(value) if number_spec(name).kind == "integer" else float(value)
    return value
