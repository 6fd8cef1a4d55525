"""The two things of a picture's metadata that need no studio. Metadata is outside text: every value is checked."""

from __future__ import annotations

from typing import Any


def prompts(metadata: dict[str, Any] | None) -> tuple[str, str] | None:
    """Prompt and negative prompt, or None where none was recorded."""
    found = metadata or {}
    positive, negative = found.get("positive_prompt"), found.get("negative_prompt")
    if not isinstance(positive, str):
        return None
    return positive, negative if isinstance(negative, str) else ""


def seed_of(metadata: dict[str, Any] | None) -> int | None:
    """The seed, where it is one."""
    value = (metadata or {}).get("seed")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 else None
