"""A preset as this screen can ask for it, as values of the form, and in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from textual.content import Content

from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.parameters import LORA_WEIGHT, GenerationRequest, LoRARequest
from invoke_tui.domain.request.pictures import Outpaint
from invoke_tui.domain.request.presets import difference
from invoke_tui.domain.schedulers import SCHEDULER_LABELS
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.form_spec import LABELS
from invoke_tui.tui.prompts.options import PromptOptions
from invoke_tui.tui.steering.values import requested
from invoke_tui.tui.widgets.advanced_form import ROLES
from invoke_tui.tui.widgets.refinement_form import freeu_values

PROMPTS: Final = ("positive_prompt", "negative_prompt")
_MODELS: Final = ("model", *ROLES, "refiner_model", "hrf_model")
_WIDEST: Final = 16
_SHOWN: Final = 300


def meant(
    preset: GenerationRequest, now: GenerationRequest, models: Sequence[ModelRecord]
) -> GenerationRequest:
    """What the screen is to ask for: models by key, LoRAs with weights; without prompts those that stand there."""
    update: dict[str, Any] = {"loras": tuple(_lora(one, models) for one in preset.loras)}
    for name in _MODELS:
        if (given := getattr(preset, name)) is not None:
            update[name] = _key(given, models)
    for name in ("controls", "references"):
        shown = getattr(preset, name)
        update[name] = tuple(one.model_copy(update={"model": _key(one.model, models)}) for one in shown)
    if preset.model is None:
        update["model"] = now.model
    if not any(getattr(preset, name).strip() for name in PROMPTS):
        update |= {name: getattr(now, name) for name in PROMPTS}
    return preset.model_copy(update=update)


def form_values(request: GenerationRequest) -> dict[str, Any]:
    """What ``SettingsForm.restore`` takes: every field, empty where it has its default."""
    values: dict[str, Any] = {}
    for name, field in GenerationRequest.model_fields.items():
        if name in (*PROMPTS, "loras") or name in PromptOptions.model_fields:
            continue
        value = getattr(request, name)
        if isinstance(value, bool):
            values[name] = value
        elif value is None or isinstance(value, str | int | float):
            values[name] = (
                "" if value == field.default else f"{value:.10g}" if isinstance(value, float) else str(value)
            )
    values |= freeu_values(request.freeu) | requested(request)
    values["outpaint"] = str(request.outpaint)
    values["random_seed"] = request.seed is None
    values["loras"] = json.dumps([[one.model, one.weight, True] for one in request.loras])
    return values


def options(request: GenerationRequest) -> PromptOptions:
    """How the prompts are read."""
    return PromptOptions(**{name: getattr(request, name) for name in PromptOptions.model_fields})


def changes(now: GenerationRequest, then: GenerationRequest, models: Sequence[ModelRecord]) -> Content:
    """Field, what it is, what it becomes."""
    parts: list[tuple[str, str]] = []
    for name, (before, after) in difference(now, then).items():
        parts += [
            (f"{label(name):<{_WIDEST}} ", "$text-muted"),
            (word(name, before, models), "$text-muted"),
            (" → ", "$text-muted"),
            (f"{word(name, after, models)}\n", "bold $text-accent"),
        ]
    return Content.assemble(*parts)


def label(name: str) -> str:
    """A setting as people call it."""
    if name in PROMPTS:
        return "Prompt" if name == PROMPTS[0] else "Negative prompt"
    return LABELS.get(name) or name.removesuffix("_model").replace("_", " ").capitalize()


def word(name: str, value: Any, models: Sequence[ModelRecord]) -> str:
    """A setting's value, as JSON has it, in words."""
    if value is None:
        return {"seed": "random", "template": "none", "freeu": "off"}.get(name, "as usual")
    if value == "":
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == "outpaint":
        return str(Outpaint.model_validate(value)) or "nothing"
    if name == "freeu":
        return " ".join(f"{factor} {strength:g}" for factor, strength in value.items())
    if name == "loras":
        each = [f"{model_name(one['model'], models)} {one['weight']:g}" for one in value]
        return ", ".join(each) or "none"
    if name in ("controls", "references"):
        return ", ".join(model_name(one["model"], models) for one in value) or "none"
    if name == "regions":
        said = (one["positive_prompt"] or f"no {one['negative_prompt']}" for one in value)
        return _text(", ".join(said)) or "none"
    if name in _MODELS:
        return model_name(value, models)
    return SCHEDULER_LABELS.get(value, _text(value)) if "scheduler" in name else _text(value)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else safe_text(value, limit=_SHOWN)


def model_name(key: str, models: Sequence[ModelRecord]) -> str:
    """What a model is called."""
    found = next((model.name for model in models if model.key == key), None)
    return safe_text(found, limit=80) if found else f"{safe_text(key, limit=80)} (not installed)"


def _key(given: str, models: Sequence[ModelRecord]) -> str:
    """The key of a model that is named by key or name; what is not installed stays as it is."""
    lower = given.lower()
    by_key = next((model.key for model in models if model.key == given), None)
    return by_key or next((model.key for model in models if model.name.lower() == lower), given)


def _lora(one: LoRARequest, models: Sequence[ModelRecord]) -> LoRARequest:
    key = _key(one.model, [model for model in models if model.type is ModelType.LORA])
    usual = next((model.default_settings.weight for model in models if model.key == key), None)
    weight = next(weight for weight in (one.weight, usual, LORA_WEIGHT) if weight is not None)
    return LoRARequest(model=key, weight=weight)
