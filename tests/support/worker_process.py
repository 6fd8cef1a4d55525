"""A real worker process at the other end of a socket pair, for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from invoke_tui.domain.base import Record
from invoke_tui.domain.protocol import REPORT, EngineSettings, FrameReader, Heartbeat, Report, encode_frame

ROOT = Path(__file__).parents[2]
FAKE = "tests.support.fake_engine:FakeEngine"


class WorkerProcess:
    """Starts a worker with the fake engine and talks to it as the daemon does."""

    def __init__(
        self,
        settings: EngineSettings | None = None,
        *,
        step_seconds: float = 0.001,
        start_seconds: float = 0,
        engine: str = FAKE,
    ) -> None:
        ours, theirs = socket.socketpair()
        settings = settings or EngineSettings(heartbeat_seconds=0.1)
        environment = os.environ | {
            "FAKE_STEP_SECONDS": str(step_seconds),
            "FAKE_START_SECONDS": str(start_seconds),
            "PYTHONPATH": str(ROOT),
        }
        self.process = subprocess.Popen(
            [
                *[sys.executable, "-m", "invoke_tui.worker", "--fd", str(theirs.fileno())],
                *["--settings", settings.model_dump_json(), "--engine", engine],
            ],
            pass_fds=[theirs.fileno()],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        theirs.close()
        self.socket = ours
        self._reader = FrameReader()
        self._pending: list[tuple[Report, bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def send(self, command: Record) -> None:
        self.socket.sendall(encode_frame(command))

    def reports(self, timeout: float = 20.0) -> Iterator[tuple[Report, bytes]]:
        """Reports as they come, until the worker hangs up; ``TimeoutError`` after ``timeout`` seconds in all."""
        deadline = time.monotonic() + timeout
        while True:
            while self._pending:
                yield self._pending.pop(0)
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                return
            if not data:
                return
            self._pending.extend((REPORT.validate_json(text), blob) for text, blob in self._reader.feed(data))

    def until(self, *kinds: type[Record], timeout: float = 20.0) -> list[tuple[Report, bytes]]:
        """Everything up to and with the first report of one of ``kinds``."""
        seen: list[tuple[Report, bytes]] = []
        for report, blob in self.reports(timeout):
            seen.append((report, blob))
            if isinstance(report, kinds):
                return seen
        said = [report for report, _ in seen if not isinstance(report, Heartbeat)]
        raise AssertionError(f"the worker hung up after {len(seen)} reports: {said}")
