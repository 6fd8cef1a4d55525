"""The settings as people and scripts may see them: without secrets."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from invoke_tui.config.problems import MASK, without_userinfo
from invoke_tui.config.settings import Settings


def shown_settings(settings: Settings) -> dict[str, Any]:
    """Return every setting as JSON data; secrets, and the passwords inside addresses, are masked."""
    return {key: _shown(value) for key, value in settings.model_dump(mode="python").items()}


def _shown(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return without_userinfo(str(value))
