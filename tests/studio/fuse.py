"""A fuse in a daemon: it counts file operations and SQL statements, and kills the process at a number of them.

A kill by the clock seldom hits the instant between a rename and the row that tells of it; one by the count hits every
instant alike, and the same one again. The count lies in a file that both processes map, so that it is lit from outside.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
import sys
from pathlib import Path
from typing import Any, Final

VARIABLE: Final = "INVOKE_TUI_TEST_FUSE"
_EVENTS: Final = frozenset({"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir"})
_TWO: Final = struct.Struct("QQ")


class Fuse:
    """The count, and the number at which the process dies (0 = never)."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_TWO.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _TWO.size)

    @property
    def count(self) -> int:
        """Operations so far."""
        return int(_TWO.unpack(self._map)[0])

    def light(self, after: int) -> None:
        """Die after so many more operations; 0 puts it out."""
        self._map[8:] = struct.pack("Q", self.count + after if after else 0)

    def burn(self, *_: Any) -> None:
        """One operation is about to be done."""
        count, end = _TWO.unpack(self._map)
        self._map[:8] = struct.pack("Q", count + 1)
        if end and count + 1 >= end:
            os.kill(os.getpid(), signal.SIGKILL)


def install(path: Path) -> None:
    """Let this process, a daemon, burn the fuse; its forks do not."""
    from sqlalchemy import Engine, event

    fuse = Fuse(path)
    flush = os.fsync
    daemon = os.getpid()

    def flushed(descriptor: Any) -> None:
        if os.getpid() == daemon:
            fuse.burn()
        flush(descriptor)

    def heard(name: str, _: Any) -> None:
        if name in _EVENTS and os.getpid() == daemon:
            fuse.burn()

    os.fsync = flushed  # type: ignore[assignment]
    event.listen(Engine, "before_cursor_execute", fuse.burn)
    event.listen(Engine, "commit", fuse.burn)
    sys.addaudithook(heard)
