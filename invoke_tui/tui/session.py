"""What the last session left, so that the next one starts there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from invoke_tui.config.atomic import write_private

MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass
class Session:
    """A person's place in the studio."""

    screen: str = "generate"
    theme: str = ""
    """Empty: what the configuration says."""
    prompt: str = ""
    negative: str = ""
    beside: bool = False
    """The prompts stand side by side where there is room."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Raw values of the settings form by field name."""
    prompt_options: dict[str, Any] = field(default_factory=dict)
    """How the prompts are read, by field name."""
    gallery: dict[str, Any] = field(default_factory=dict)
    """Where one was in the gallery, as ``gallery.whereabouts`` writes and reads it."""


def load(path: Path) -> Session:
    """The session of ``path``; a file that is missing, broken or strange is an empty session."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return Session()
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Session()
    if not isinstance(data, dict):
        return Session()
    session = Session()
    for name in ("screen", "theme", "prompt", "negative"):
        if isinstance(value := data.get(name), str):
            setattr(session, name, value)
    session.beside = data.get("beside") is True
    session.settings = _plain(data.get("settings"))
    session.prompt_options = _plain(data.get("prompt_options"))
    session.gallery = kept if isinstance(kept := data.get("gallery"), dict) else {}
    return session


def _plain(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        return {}
    return {str(key): value for key, value in values.items() if isinstance(value, str | bool | int)}


def save(path: Path, session: Session) -> None:
    """Write the session whole or not at all. A disk that refuses costs the session, never the studio."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(path, json.dumps(asdict(session), ensure_ascii=True, indent=1))
    except OSError:
        return
