"""What is done before somebody asks for it, while nothing else happens, and what the process does without."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final

from textual import events
from textual.css.model import RuleSet

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp

QUIET: Final = 1.0
"""Seconds without a key before the gallery is opened out of sight."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE: Final = 128 * 1024


def keep_small() -> None:
    """Have glibc give memory back: one heap for all threads, and none of it for what is large. 16 MB less."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)


def hash_rules_quickly() -> None:
    """Rules are the same only if they are one. Textual says so in Python, a thousand times for each new widget."""
    RuleSet.__hash__ = object.__hash__  # type: ignore[method-assign]


async def open_gallery(app: StudioApp) -> None:
    """Make the gallery's screen, with its first pictures, so that going there takes no longer than painting it."""
    while (left := app.last_key + QUIET - time.monotonic()) > 0:
        await asyncio.sleep(left)
    if "gallery" not in app._screen_stacks:
        await app._init_mode("gallery")
        app._screen_stacks["gallery"][0].post_message(events.Resize(app.size, app.size))
