"""A terminal for tests: a pty whose far end keeps every byte and answers what terminals answer."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Terminal:
    """Runs a command; ``size`` is columns, rows."""

    def __init__(self, *command: str, size: tuple[int, int] = (100, 30), **environ: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(*size, tell=False)
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environ}
        for name in ("TMUX", "NO_COLOR", "INVOKE_TUI_ROOT", "COLUMNS", "LINES"):
            if name not in environ:
                env.pop(name, None)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT, env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(slave)
        self.output = b""
        self.answering = True
        self._answered = 0

    def resize(self, columns: int, rows: int, *, tell: bool = True) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            os.killpg(self.process.pid, signal.SIGWINCH)

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode("utf-8", "surrogateescape"))

    def read(self, seconds: float) -> bytes:
        """Take in what comes for so long; returns what was new."""
        start = len(self.output)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self._read_once(left):
                break
        return self.output[start:]

    def until(self, found: Callable[[bytes], object] | str, seconds: float = 20.0) -> float:
        """Read until the output has it; the seconds it took."""
        start = time.monotonic()
        test = (lambda data: found.encode() in data) if isinstance(found, str) else found
        while not test(self.output):
            left = start + seconds - time.monotonic()
            assert left > 0, f"not seen in time: {found!r}; the end was {self.output[-2000:]!r}"
            if not self._read_once(left):
                break
        return time.monotonic() - start

    def _read_once(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], min(seconds, 0.2))[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        if not data:
            return False
        self.output += data
        asked = self.output.count(b"\x1b[6n")
        if self.answering and asked > self._answered:
            os.write(self.master, b"\x1b[5;5R" * (asked - self._answered))
            self._answered = asked
        return True

    def wait(self, seconds: float = 30.0) -> int:
        """Read until the program has ended by itself; its exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, "it did not end"
            self._read_once(0.1)
        return self.process.returncode

    def close(self) -> int:
        """End the program, by force if it must be."""
        try:
            os.close(self.master)
        except OSError:
            pass
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()
