"""Getting sequences through tmux, and asking it what is outside."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

ESC = "\x1b"


def inside(environ: Mapping[str, str]) -> bool:
    """Whether we run in a tmux pane."""
    return bool(environ.get("TMUX"))


def wrap(sequence: str) -> str:
    """``sequence`` so that tmux hands it to the terminal outside."""
    return f"{ESC}Ptmux;{sequence.replace(ESC, ESC * 2)}{ESC}\\"


def ask(*command: str) -> str:
    """The answer of one tmux command, or nothing."""
    try:
        done = subprocess.run(["tmux", *command], capture_output=True, text=True, timeout=1, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def client_terminal() -> str:
    """``TERM`` of the terminal the session is attached to."""
    return ask("display-message", "-p", "#{client_termname}")


def passes_through() -> bool:
    """Whether this pane lets wrapped sequences out (``allow-passthrough``, off by default since tmux 3.3)."""
    answer = ask("show-options", "-p", "-A", "-v", "allow-passthrough")
    return answer in ("on", "all")


def takes_clipboard() -> bool:
    """Whether programs inside may set the clipboard (``set-clipboard``; the default lets tmux alone do so)."""
    return ask("show-options", "-s", "-v", "set-clipboard") == "on"
