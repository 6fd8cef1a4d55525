"""A picture's metadata as values of the settings form. Metadata is outside text: every value is checked."""

from __future__ import annotations

from typing import Any, Final

from invoke_tui.domain.text import safe_text

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
    for name in ("seamless_x", "seamless_y"):
        if isinstance(value := found.get(name), bool):
            values[name] = value
    return values


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
