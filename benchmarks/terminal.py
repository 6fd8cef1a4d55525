"""A terminal without a window: a pseudo-terminal that answers queries and says when something was painted."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import pyte

ANSWERS = {b"\x1b[c": b"\x1b[?62;22c", b"\x1b[6n": b"\x1b[1;1R"}
"""Device attributes of a plain colour terminal, and the cursor's position, which paces pictures."""
_QUERY = re.compile(rb"\x1b\[(?:c|6n)")
_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*\$?[a-gi-km-zA-Z]|\x1b[PX^_\]][^\x07\x1b]*(?:\x07|\x1b\\)"
)
_INCOMPLETE = re.compile(rb"\x1b(?:\[[0-9;?<>=$]*|[PX^_\]][^\x07\x1b]*\x1b?)?\Z")


class Terminal:
    """Runs ``command`` in a pseudo-terminal of ``columns`` x ``rows`` and keeps what it painted.

    ``screen`` False leaves out the emulation, for timing against the raw output.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 120,
        rows: int = 36,
        screen: bool = True,
    ) -> None:
        self.screen = pyte.Screen(columns, rows) if screen else None
        self._stream = pyte.ByteStream(self.screen) if self.screen else None
        self.output = bytearray()
        self.heard = 0.0
        """When the latest output came, before it was emulated."""
        self.arrivals: list[tuple[float, bytes]] = []
        """Output with the time it came, while ``recording``."""
        self.recording = False
        self._tail = b""
        env = {**environment, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        self.started = time.monotonic()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            try:
                size = struct.pack("HHHH", rows, columns, columns * 9, rows * 18)
                fcntl.ioctl(0, termios.TIOCSWINSZ, size)
                os.execvpe(command[0], list(command), env)
            finally:
                os._exit(127)
        self.status: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self.wait(3) is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait(5)

    def send(self, data: str | bytes) -> None:
        """Press keys."""
        os.write(self._fd, data.encode() if isinstance(data, str) else data)

    def read(self, timeout: float) -> bytes:
        """What the program writes next; empty when it wrote nothing in ``timeout`` seconds or hung up."""
        if self._fd < 0 or not select.select([self._fd], [], [], max(timeout, 0))[0]:
            return b""
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return b""
        self.heard = time.monotonic()
        for query in _QUERY.findall(data):
            with contextlib.suppress(OSError):
                os.write(self._fd, ANSWERS[query])
        self.output += data
        if self.recording:
            self.arrivals.append((self.heard, data))
        self._paint(data)
        return data

    def _paint(self, data: bytes) -> None:
        if self._stream is None:
            return
        data = self._tail + data
        cut = _INCOMPLETE.search(data)
        self._tail = data[cut.start() :] if cut else b""
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data[: cut.start()] if cut else data))

    @property
    def text(self) -> str:
        """The screen as lines of text."""
        return "\n".join(line.rstrip() for line in self.screen.display) if self.screen else ""

    def wait_until(self, seen: Callable[[], bool], timeout: float) -> float:
        """The time at which ``seen`` became true; ``TimeoutError`` with the screen where it does not."""
        deadline = time.monotonic() + timeout
        while not seen():
            left = deadline - time.monotonic()
            if left <= 0 or self.wait(0) is not None:
                raise TimeoutError(f"not seen in {timeout:.0f} s on this screen:\n{self.text}")
            self.read(min(left, 0.5))
        return self.heard

    def wait_for(self, text: str, timeout: float = 20) -> float:
        """The time at which ``text`` stood on the screen."""
        return self.wait_until(lambda: text in self.text, timeout)

    def wait_for_output(self, data: bytes, timeout: float = 5) -> float:
        """The time at which ``data`` was written, counted from now on."""
        start = max(len(self.output) - len(data), 0)
        return self.wait_until(lambda: self.output.find(data, start) >= 0, timeout)

    def settle(self, quiet: float = 0.3, timeout: float = 10) -> None:
        """Wait until nothing was painted for ``quiet`` seconds."""
        deadline = time.monotonic() + timeout
        while self.read(quiet) and time.monotonic() < deadline:
            pass

    def close(self) -> None:
        """Close the window: the program gets a hang-up."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def wait(self, timeout: float) -> int | None:
        """The exit code, or None when the program still runs after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= deadline:
                break
            else:
                self.read(0.02)
        return self.status


def cpu_seconds(pid: int) -> float:
    """The processor time a process has used so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def maps(pid: int, library: str) -> bool:
    """Whether a process has a library loaded."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as file:
        return library in file.read()
