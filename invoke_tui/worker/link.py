"""The worker's end of the socket to the daemon.

Everything is written by one thread, so that neither a denoise loop nor the heart-beat ever waits for a daemon that
is slow to read, and frames never interleave. Previews are dropped while much is unsent.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator

from invoke_tui.domain.base import Record
from invoke_tui.domain.protocol import COMMAND, Command, FrameReader, WorkerLog, encode_frame
from invoke_tui.domain.text import safe_text
from invoke_tui.worker.facade import LogLevel

RECEIVE_BYTES = 1 << 16
LOG_LIMIT = 2000
BACKLOG_LIMIT = 8
"""Unsent frames from which on droppable messages are dropped."""


class Link:
    """Sends reports and yields commands; ``lost`` is called once when the daemon is gone."""

    def __init__(self, sock: socket.socket, lost: Callable[[], None]) -> None:
        self._sock = sock
        self._lost = lost
        self._outbox: queue.Queue[bytes | None] = queue.Queue()
        self._writer = threading.Thread(target=self._write, name="link-writer", daemon=True)
        self._writer.start()

    def send(self, message: Record, blob: bytes = b"") -> None:
        """Queue a message; it arrives, in order, unless the daemon is gone."""
        self._outbox.put(encode_frame(message, blob))

    def send_droppable(self, message: Record, blob: bytes = b"") -> bool:
        """Queue a message unless the daemon lags behind; tells whether it was queued."""
        if self._outbox.qsize() >= BACKLOG_LIMIT:
            return False
        self.send(message, blob)
        return True

    def log(self, level: LogLevel, message: str, item_id: int | None = None) -> None:
        """A line for people; it is in the log file as well."""
        text = safe_text(message, limit=LOG_LIMIT)
        with contextlib.suppress(OSError):  # a log nobody keeps must not stop the work
            print(f"{level}: {text}", flush=True)
        self.send(WorkerLog(level=level, message=text, item_id=item_id))

    def close(self, timeout: float = 10.0) -> None:
        """Send what is queued, then stop writing."""
        self._outbox.put(None)
        self._writer.join(timeout)

    def commands(self) -> Iterator[Command]:
        """Yield the daemon's commands until it is gone; a frame that is no command ends the link as well."""
        reader = FrameReader()
        try:
            while data := self._sock.recv(RECEIVE_BYTES):
                for text, _blob in reader.feed(data):
                    yield COMMAND.validate_json(text)
        except OSError:
            return

    def _write(self) -> None:
        while (frame := self._outbox.get()) is not None:
            try:
                self._sock.sendall(frame)
            except OSError:
                self._lost()
                return
