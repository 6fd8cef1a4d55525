"""InvokeAI's metadata as the text that A1111 writes below its pictures, for programs that read only that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from invoke_tui.domain.schedulers import SCHEDULER_LABELS
from invoke_tui.prompt.convert.a1111 import to_a1111

PROGRAM: Final = "invoke-tui"
_LABELS: Final = {str(name): label for name, label in SCHEDULER_LABELS.items()}


def infotext_of(metadata: Mapping[str, Any]) -> str:
    """Prompt, negative prompt and a line of settings; values that are not of their type are left out."""
    loras = "".join(f" <lora:{name}:{weight:g}>" for name, weight in _loras(metadata.get("loras")))
    lines = [_prompt(metadata.get("positive_prompt")) + loras]
    if negative := _prompt(metadata.get("negative_prompt")):
        lines.append(f"Negative prompt: {negative}")
    return "\n".join([*lines, ", ".join(f"{name}: {value}" for name, value in _settings(metadata))])


def _settings(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    def number(key: str) -> str | None:
        value = metadata.get(key)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return f"{value:.10g}" if plain and isinstance(value, float) else str(value) if plain else None

    scheduler = metadata.get("scheduler")
    width, height, skip = number("width"), number("height"), metadata.get("clip_skip")
    said = {
        "Steps": number("steps"),
        "Sampler": _LABELS.get(scheduler, scheduler).replace("Ancestral", "a")
        if isinstance(scheduler, str)
        else None,
        "CFG scale": number("cfg_scale"),
        "Distilled CFG Scale": number("guidance"),
        "Seed": number("seed"),
        "Size": f"{width}x{height}" if width and height else None,
        "Model": _name(metadata.get("model")),
        "VAE": _name(metadata.get("vae")),
        "Denoising strength": number("strength"),
        "Clip skip": str(skip + 1) if isinstance(skip, int) and skip > 0 else None,
        "Version": PROGRAM,
    }
    for name, value in said.items():
        if value is not None:
            yield name, _quoted(value)


def _prompt(text: Any) -> str:
    """In A1111's syntax, where that can say it."""
    return to_a1111(text).text.strip() if isinstance(text, str) else ""


def _loras(listed: Any) -> Iterator[tuple[str, float]]:
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and (name := _name(one.get("model") or one.get("lora"))):
            weight = one.get("weight")
            yield name, float(weight) if isinstance(weight, int | float) else 1.0


def _name(model: Any) -> str | None:
    name = model.get("name") if isinstance(model, Mapping) else None
    return " ".join(name[:300].split()) if isinstance(name, str) and name.strip() else None


def _quoted(value: str) -> str:
    """A value with a comma or colon stands in quotes."""
    if not any(mark in value for mark in ',:"\n'):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
