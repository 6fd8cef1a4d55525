"""What this terminal can show, and what tmux lets through."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from invoke_tui.cli.checks.base import Check

_SMALLEST: Final = (80, 24)


def checks(*, ask: bool) -> Iterator[Check]:
    """Yield the checks of the terminal; ``ask`` lets it be asked what it can do."""
    if not sys.stdout.isatty() or not ask:
        yield Check("terminal", "ok", "not looked at: output is no terminal")
        return
    yield _size()
    yield from _graphics()
    if os.environ.get("TMUX"):
        yield from tmux_checks()


def _size() -> Check:
    columns, rows = shutil.get_terminal_size()
    name = os.environ.get("TERM", "unset")
    detail = f"{columns}x{rows}, TERM={name}"
    if name in ("dumb", "unset", ""):
        return Check("terminal", "warning", detail, "The screen needs a terminal; the verbs work without.")
    if columns < _SMALLEST[0] or rows < _SMALLEST[1]:
        return Check("terminal", "warning", detail, "80x24 is the smallest comfortable size.")
    return Check("terminal", "ok", detail)


def _graphics() -> Iterator[Check]:
    from invoke_tui.tui.pictures.detect import detect

    graphics = detect()
    yield Check("pictures", "ok", f"{graphics.protocol}: {graphics.reason}")
    if os.environ.get("NO_COLOR"):
        yield Check("colours", "ok", "none, as NO_COLOR asks")
    elif graphics.truecolor:
        yield Check("colours", "ok", "true colour")
    else:
        remedy = "If the terminal knows true colour, set COLORTERM=truecolor."
        yield Check("colours", "warning", "256 or fewer", remedy)


def tmux_checks() -> Iterator[Check]:
    """Yield what tmux's options mean for pictures and colours."""
    passthrough = _tmux("show", "-gv", "allow-passthrough")
    if passthrough in ("on", "all"):
        yield Check("tmux pictures", "ok", f"allow-passthrough is {passthrough}")
    else:
        remedy = "For sharp pictures: tmux set -g allow-passthrough on (and the same line in ~/.tmux.conf)."
        yield Check("tmux pictures", "warning", f"allow-passthrough is {passthrough or 'off'}", remedy)
    features = _tmux("display", "-p", "#{client_termfeatures}")
    overrides = _tmux("show", "-gv", "terminal-overrides")
    if "RGB" in features or "Tc" in overrides or "RGB" in overrides:
        yield Check("tmux colours", "ok", "true colour passes")
    else:
        remedy = (
            "tmux set -as terminal-features ',*:RGB' (and the same line in ~/.tmux.conf), then attach again."
        )
        yield Check("tmux colours", "warning", "tmux reduces colours", remedy)


def _tmux(*arguments: str) -> str:
    try:
        done = subprocess.run(["tmux", *arguments], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
