"""What the first frame does not need, and what therefore comes after it.

The frame needs Textual, the prompt of the last session and a place for the picture. The records (pydantic), the
settings, the client and the form would double its price. So nothing that the app imports at its top may import them:
they are imported in ``fetch``, which runs in a thread once the frame is painted, and all that the app and its screens
know of them until then are their types. A test holds that line.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from textual.message import Message

    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.tui.gallery.screen import GalleryScreen
    from invoke_tui.tui.link import Connect, Link
    from invoke_tui.tui.screens.models import ModelsScreen
    from invoke_tui.tui.screens.monitor import MonitorScreen
    from invoke_tui.tui.screens.queue import QueueScreen
    from invoke_tui.tui.state import StudioState

STYLES: Final = (
    "form",
    "queue",
    "models",
    "monitor",
    "dialogs",
    "prompts",
    "prompts_tools",
    "prompts_dialogs",
    "viewer",
    "gallery",
)
"""Style sheets of what is not in the first frame."""


@dataclass(frozen=True)
class Late:
    """Everything the app waits for."""

    studio: Studio
    state: StudioState
    link: Link
    gallery: type[GalleryScreen]
    models: type[ModelsScreen]
    queue: type[QueueScreen]
    monitor: type[MonitorScreen]


def fetch(
    root: Path | None,
    flags: Mapping[str, Any],
    post: Callable[[Message], object],
    connect: Connect | None,
) -> Late:
    """Read the settings and import the rest. Raises ``StudioError`` for settings that cannot be used."""
    from invoke_tui.config.settings import load

    studio = load(root, **flags)

    from invoke_tui.tui.gallery.screen import GalleryScreen
    from invoke_tui.tui.link import Link
    from invoke_tui.tui.screens.models import ModelsScreen
    from invoke_tui.tui.screens.monitor import MonitorScreen
    from invoke_tui.tui.screens.queue import QueueScreen
    from invoke_tui.tui.state import StudioState

    importlib.import_module("invoke_tui.tui.screens.desk")  # with which the first screen furnishes itself

    async def to_the_daemon() -> StudioClient:
        client = await asyncio.to_thread(importlib.import_module, "invoke_tui.client")
        return cast("StudioClient", await client.StudioClient.connect(studio.paths))

    link = Link(connect or to_the_daemon, post)
    return Late(studio, StudioState(), link, GalleryScreen, ModelsScreen, QueueScreen, MonitorScreen)
