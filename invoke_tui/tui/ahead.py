"""What is done before somebody asks for it, while nothing else happens, and what the process does without."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import TYPE_CHECKING, Any, Final

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
    libc = _libc()
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)


def clear_away() -> None:
    """Throw away what starting left lying about, which nobody looked for meanwhile. 50 ms for 4 MB."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    libc = _libc()
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _libc() -> Any:
    """The C library of a Linux."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    return ctypes.CDLL(None)


def hash_rules_quickly() -> None:
    """Rules are the same only if they are one. Textual says so in Python, a thousand times for each new widget."""
    RuleSet.__hash__ = object.__hash__  # type: ignore[method-assign]


async def use_the_quiet(app: StudioApp) -> None:
    """Do all that is done ahead, while nobody types."""
    await open_gallery(app)
    await asyncio.sleep(QUIET)
    await _quiet(app)
    clear_away()


async def open_gallery(app: StudioApp) -> None:
    """Make the gallery's screen, with its first pictures, so that going there takes no longer than painting it."""
    await _quiet(app)
    if "gallery" not in app._screen_stacks:
        await app._init_mode("gallery")
        app._screen_stacks["gallery"][0].post_message(events.Resize(app.size, app.size))


async def _quiet(app: StudioApp) -> None:
    """Wait until no key was pressed for a while."""
    while (left := app.last_key + QUIET - time.monotonic()) > 0:
        await asyncio.sleep(left)
