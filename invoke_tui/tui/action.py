"""What an action is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal[
    "app", "generate", "prompt", "entry", "control", "strip",
    "queue", "models", "list", "details", "jobs", "dialog", "edit",
    "scan", "folders", "install",
    "monitor", "log",
    "pick", "history", "templates", "presets",
    "dynamic", "wildcards", "import", "convert", "extract",
    "gallery", "grid", "boards", "viewer", "recall",
]  # fmt: skip
"""Where an action belongs to."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do."""

    id: str
    where: Place
    keys: str
    """Default keys, comma separated. The first is the one shown."""
    do: str
    """Textual's action string."""
    label: str
    """A word for the footer."""
    title: str
    """``Area: Verb`` for the palette; empty for actions that make no sense there."""
    help: str
    """One sentence."""
    footer: bool = False
    priority: bool = False
    """Works while a text field has the focus, before the field sees the key."""
