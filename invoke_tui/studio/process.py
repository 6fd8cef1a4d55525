"""Being a daemon: the lock, the detachment, the socket, the log, and the word to whoever started it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import logging.handlers
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import StudioError

_LOG_BYTES: Final = 2 * 2**20


class AlreadyRunning(Exception):
    """Another daemon holds the lock."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"a studio runs already (pid {pid})")
        self.pid = pid


class Starter:
    """The pipe to the process that waits for this daemon: one word is said, or it closes by itself in a crash."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)

    def say(self, word: dict[str, Any]) -> None:
        """Say how starting went, once."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.write(descriptor, json.dumps(word).encode())
            os.close(descriptor)

    def failed(self, error: StudioError) -> None:
        """Say why it cannot start."""
        self.say({"error": error.as_json(), "exit_code": int(error.exit_code)})


def detach() -> None:
    """Leave the starter behind: a child of nobody who waits, in a session of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os._exit(0)
    with contextlib.suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@contextlib.contextmanager
def lock(path: Path, *, patience: float = 0.0) -> Iterator[None]:
    """Be the only daemon of the root while inside. The kernel drops the lock when the process ends, however it ends.

    The file is never removed: two processes must not lock two files of one name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise AlreadyRunning(_pid_in(descriptor)) from None
                time.sleep(0.05)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def listen(path: Path) -> socket.socket:
    """The socket, for this user alone from the moment it exists. Call it with the lock held: a file left is stale."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise StudioError(f"The socket {path} could not be made: {error.strerror}.") from error
    finally:
        os.umask(mask)
    listening.listen(512)
    listening.setblocking(False)
    return listening


def start_logging(folder: Path, level: str, *, echo: bool) -> None:
    """Log into a file that rotates; ``echo`` prints as well."""
    file = logging.handlers.RotatingFileHandler(
        folder / "daemon.log", maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8"
    )
    handlers: list[logging.Handler] = [file, *([logging.StreamHandler()] if echo else [])]
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        handlers=handlers,
        force=True,
    )
    for name in ("uvicorn.access", "alembic", "asyncio", "PIL"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _pid_in(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else 0
