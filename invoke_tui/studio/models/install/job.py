"""One job: what is asked for, how far it is, and what of it survives the daemon."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.installs import (
    InstallError,
    InstallFile,
    InstallJob,
    InstallRequest,
    InstallStatus,
)
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install.plan import Plan
from invoke_tui.studio.models.install.sites import Sites
from invoke_tui.studio.models.install.sources import Source, parse

JOB_FILE: Final = "job.json"
_WINDOW: Final = 6.0
"""Seconds over which the rate is taken."""

Wish = Literal["", "pause", "cancel", "close"]


class Saved(Record):
    """What is kept on disk of a job, beside its files. No secret is ever in it."""

    job_id: str
    request: InstallRequest
    status: InstallStatus
    created_at: datetime
    starter: str = ""
    plan: Plan | None = None
    error: InstallError | None = None


class Job:
    """A job as it runs. Changed by the event loop's thread only."""

    def __init__(self, saved: Saved, source: Source, folder: Path) -> None:
        self.id = saved.job_id
        self.request = saved.request
        self.created_at = saved.created_at
        self.starter = saved.starter
        self.plan = saved.plan
        self.status = saved.status
        self.error = saved.error
        self.source = source
        self.folder = folder
        self.model: ModelRecord | None = None
        self.note = ""
        self.wish: Wish = ""
        self.task: asyncio.Task[None] | None = None
        self.latest = ""
        self._done: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._samples: deque[tuple[float, int]] = deque()

    @property
    def files(self) -> Path:
        """Where the files are put while they are not all here."""
        return self.folder / "files"

    @property
    def name(self) -> str:
        """What people call it, as far as is known."""
        planned = self.plan.name if self.plan else ""
        return safe_text(self.request.name or planned or self.request.source, limit=200)

    @property
    def done(self) -> int:
        """Bytes that are here."""
        return sum(self._done.values())

    @property
    def left(self) -> int:
        """Bytes that are still to come, as far as is known."""
        if self.plan is None:
            return 0
        sizes = ((wanted.path, self._sizes.get(wanted.path, wanted.size)) for wanted in self.plan.files)
        return sum(max(0, size - self._done.get(path, 0)) for path, size in sizes if size)

    def progress(self, path: str, done: int, size: int | None) -> None:
        """Take how far one file is."""
        self._done[path] = done
        self.latest = path
        if size is not None:
            self._sizes[path] = size
        now = time.monotonic()
        self._samples.append((now, self.done))
        while self._samples and self._samples[0][0] < now - _WINDOW:
            self._samples.popleft()

    def start_over(self) -> None:
        """Forget the rate: a pause is no slowness."""
        self._samples.clear()

    @property
    def rate(self) -> float | None:
        """Bytes per second of late."""
        if self.status is not InstallStatus.DOWNLOADING or len(self._samples) < 2:
            return None
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return max(0.0, (after - before) / (end - start)) if end > start else None

    def record(self) -> InstallJob:
        """The job as front ends see it."""
        files = tuple(
            InstallFile(
                path=safe_text(wanted.path, limit=400),
                done=self._done.get(wanted.path, 0),
                size=self._sizes.get(wanted.path, wanted.size),
            )
            for wanted in (self.plan.files if self.plan else ())
        )
        sizes = [file.size for file in files]
        total = sum(size for size in sizes if size) if sizes and None not in sizes else None
        rate = self.rate
        return InstallJob(
            job_id=self.id,
            source=safe_text(self.plan.source if self.plan else self.request.source),
            source_type=self.source.type,
            status=self.status,
            name=self.name,
            files=files,
            bytes_done=self.done,
            bytes_total=total,
            rate=rate,
            eta=(total - self.done) / rate if rate and total is not None else None,
            note=self.note,
            error=self.error,
            model=self.model,
            created_at=self.created_at,
        )

    def save(self) -> None:
        """Keep what a later daemon needs to go on. Written whole or not at all."""
        saved = Saved(
            job_id=self.id,
            request=self.request,
            status=self.status,
            created_at=self.created_at,
            starter=self.starter,
            plan=self.plan,
            error=self.error,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        part = self.folder / f".{JOB_FILE}.part"
        with open(part, "w", encoding="utf-8") as file:
            file.write(saved.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / JOB_FILE)


def left_in(folder: Path) -> list[Path]:
    """The folders of the jobs of an earlier daemon."""
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def read_job(folder: Path, sites: Sites) -> Job | None:
    """The job in a folder; None when nothing there can be used any more."""
    try:
        saved = Saved.model_validate_json((folder / JOB_FILE).read_text(encoding="utf-8"))
        return Job(saved, parse(saved.request.source, sites), folder)
    except (OSError, ValidationError, StudioError, UnicodeDecodeError):
        return None


def now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)
