"""A worker that computes on the CPU leaves the keyboard its turn."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

NICENESS: Final = 10


def step_back() -> None:
    """Let whoever waits for a person go first: this thread and those it starts, against all others of the machine.

    Linux weighs sessions before it weighs threads (autogroups), and a worker has a session of its own: niceness alone
    would change nothing between it and a terminal.
    """
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")
