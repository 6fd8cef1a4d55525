"""Places where the tests make the daemon die or the disk fill: ``INVOKE_TUI_FAULTS="after-rename=kill:3"``.

A promise about a crash between two instructions can only be kept if a crash can be put there. Without the variable a
place costs one dictionary look-up.
"""

from __future__ import annotations

import errno
import os
import signal
from typing import Final, Literal

Place = Literal[
    "before-claim",
    "after-claim",
    "during-write",
    "before-rename",
    "after-rename",
    "after-row",
    "before-finish",
    "during-purge",
    "after-plan",
    "during-move",
    "after-move",
    "after-copy",
    "during-leave",
]
VARIABLE: Final = "INVOKE_TUI_FAULTS"


def _read(text: str) -> dict[str, tuple[str, int]]:
    """``place=kind[:n]`` pairs: the fault strikes the n-th time the place is passed."""
    faults = {}
    for part in filter(None, text.split(",")):
        place, _, kind = part.partition("=")
        kind, _, number = kind.partition(":")
        faults[place] = (kind, int(number or 1))
    return faults


_faults = _read(os.environ.get(VARIABLE, ""))


def pass_by(place: Place) -> None:
    """Strike here if a test asked for it: die as by ``kill -9``, or find the disk full."""
    if place not in _faults:
        return
    kind, left = _faults[place]
    _faults[place] = (kind, left - 1)
    if left != 1:
        return
    if kind == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
