"""What a picture was made with, in lines for people. Metadata is outside text: all of it is made safe to show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from invoke_tui.domain.text import safe_text

PROMPTS: Final = {"positive_prompt": "prompt", "negative_prompt": "negative prompt"}
_FIRST: Final = ("model", "seed", "steps", "cfg_scale", "scheduler", "width", "height", "loras", "strength")
_LONGEST: Final = 2_000


def settings(metadata: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Names and values: prompts, what matters most, then the rest as it was recorded; what is empty is left out."""
    found = metadata or {}
    names = [*PROMPTS, *_FIRST, *(name for name in found if name not in _FIRST and name not in PROMPTS)]
    told = [(PROMPTS.get(name, name), _told(found[name])) for name in names if name in found]
    return [(safe_text(name, limit=80), value) for name, value in told if value]


def _told(value: Any) -> str:
    """A value; models and LoRAs by their names."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, str):
        return safe_text(value, limit=_LONGEST * 10, multiline=True)
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        return safe_text(value["name"], limit=300)
    if isinstance(value, list) and all(isinstance(one, dict) and "model" in one for one in value):
        return ", ".join(f"{_told(one['model'])} {_told(one.get('weight'))}".strip() for one in value)
    return safe_text(json.dumps(value, ensure_ascii=False, default=str), limit=_LONGEST)
