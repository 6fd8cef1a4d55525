"""One worker process and the socket to it: started, listened to, told, ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from invoke_tui.domain.base import Record
from invoke_tui.domain.protocol import REPORT, EngineSettings, FrameReader, Report, Shutdown, encode_frame
from invoke_tui.domain.text import safe_text

_CHUNK: Final = 1 << 18
_TAIL: Final = 12
_LOG_BYTES: Final = 2 * 2**20
_STOP_GRACE: Final = 8.0
_HANG_UP_GRACE: Final = 2.0
_log = logging.getLogger(__name__)

Deliver = Callable[["WorkerLink", Report | None, bytes], None]
"""Takes every report and, at the end, None."""


class WorkerLink:
    """A running worker. ``token`` is its name in leases; ``last_heard`` moves with every byte it sends."""

    def __init__(
        self, process: asyncio.subprocess.Process, connection: socket.socket, device: str, log: logging.Logger
    ) -> None:
        self.process = process
        self.device = device
        self.token = f"{device}/{process.pid}/{uuid4().hex[:8]}"
        self.last_heard = time.monotonic()
        self.started = self.last_heard
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self._socket = connection
        self._log = log
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(
        cls,
        device: str,
        settings: EngineSettings,
        *,
        environment: dict[str, str],
        logs: Path,
        engine: str | None,
        deliver: Deliver,
        crowded: Callable[[], bool],
    ) -> Self:
        """Start the process; its reports go to ``deliver``, and wait in the socket while it is ``crowded``."""
        ours, theirs = socket.socketpair()
        command = ["-P", "-m", "invoke_tui.worker", "--fd", str(theirs.fileno())]
        command += ["--settings", settings.model_dump_json(), *(["--engine", engine] if engine else [])]
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *command,
                    pass_fds=[theirs.fileno()],
                    env=environment,
                    cwd="/",
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        link = cls(process, ours, device, _log_file(logs, device))
        reader, link._writer = await asyncio.open_connection(sock=ours, limit=_CHUNK)
        link._tasks = [
            asyncio.create_task(link._listen(reader, deliver, crowded)),
            asyncio.create_task(link._keep_log()),
        ]
        return link

    @property
    def pid(self) -> int:
        """The process."""
        return self.process.pid

    async def send(self, command: Record) -> None:
        """Send a command; a worker that is gone is noticed elsewhere."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.write(encode_frame(command))
                await self._writer.drain()

    def kill(self) -> None:
        """End the process now, whatever it does.

        Not with ``Process.kill``: that polls first, and takes the exit status away from asyncio's own waiting.
        """
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Ask the process to leave, and insist after a while."""
        await self.send(Shutdown())
        await self.ended(_STOP_GRACE)

    async def ended(self, grace: float = _HANG_UP_GRACE) -> str:
        """Wait for the end, insist after ``grace`` seconds, and say how it was."""
        try:
            code = await asyncio.wait_for(self.process.wait(), grace)
        except TimeoutError:
            self.kill()
            code = await self.process.wait()
        if self._writer is not None:
            self._writer.close()
        for task in self._tasks:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(task, 5)
        if code >= 0:
            return f"it exited with code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return f"it was killed by {name}"

    def last_words(self) -> str:
        """The end of its output."""
        return "\n".join(self.tail)

    async def _listen(
        self, reader: asyncio.StreamReader, deliver: Deliver, crowded: Callable[[], bool]
    ) -> None:
        frames = FrameReader()
        try:
            while data := await reader.read(_CHUNK):
                self.last_heard = time.monotonic()
                for text, blob in frames.feed(data):
                    deliver(self, REPORT.validate_json(text), blob)
                while crowded():
                    await asyncio.sleep(0.01)
                    self.last_heard = time.monotonic()
        except OSError as error:
            _log.info("the socket of worker %d broke: %s", self.pid, error)
        except ValueError as error:
            _log.error("worker %d speaks another language and is ended: %s", self.pid, error)
            self.kill()
        finally:
            deliver(self, None, b"")

    async def _keep_log(self) -> None:
        """Worker output into a file that rotates, line by line, and its end into memory."""
        output = self.process.stdout
        assert output is not None
        rest = b""
        while data := await output.read(1 << 16):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._write_line(line)
            if len(rest) > 1 << 16:
                self._write_line(rest)
                rest = b""
        if rest:
            self._write_line(rest)

    def _write_line(self, line: bytes) -> None:
        text = safe_text(line.decode(errors="replace"))
        self.tail.append(text)
        self._log.info("%d %s", self.pid, text)


def _log_file(logs: Path, device: str) -> logging.Logger:
    name = "".join(char if char.isalnum() else "-" for char in device)
    log = logging.getLogger(f"invoke_tui.worker-log.{logs}/{name}")
    if not log.handlers:
        log.propagate = False
        log.setLevel(logging.INFO)
        handler = logging.handlers.RotatingFileHandler(
            logs / f"worker-{name}.log", maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8"
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        log.addHandler(handler)
    return log
