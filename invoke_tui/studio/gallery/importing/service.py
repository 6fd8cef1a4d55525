"""All imports of a daemon: one is at work at a time, others wait; they go on when the terminal is gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.events import GalleryChanged, ImportChanged, ImportProgress
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder, ImportStatus
from invoke_tui.domain.models.installs import InstallError as JobError
from invoke_tui.studio.database import Database
from invoke_tui.studio.gallery.importing import journal
from invoke_tui.studio.gallery.importing.run import Import, Place
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub

_KEPT: Final = 50
"""Jobs that are remembered."""
_TELL_EVERY: Final = 0.25
_CHANGED_EVERY: Final = 1.0
_FEW: Final = 200
_log = logging.getLogger(__name__)


class Imports:
    """Starts, shows and ends imports."""

    def __init__(self, database: Database, gallery: Gallery, hub: Hub, place: Place) -> None:
        self._database, self._gallery, self._hub, self._place = database, gallery, hub, place
        self._running: dict[str, Import] = {}
        self._jobs: dict[str, ImportJob] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        self._ending = False

    async def open(self) -> None:
        """Know the imports that the end of the last daemon interrupted."""
        self._jobs = {job.job_id: job for job in await journal.unfinished(self._database)}

    @property
    def active(self) -> int:
        """How many are at work or wait."""
        return len(self._running)

    def start(self, order: ImportOrder) -> ImportJob:
        """Begin; the same order again while it runs is the same job. An interrupted one of the path is settled."""
        for one in self._running.values():
            if one.job.order == order and not one.stopped:
                return one.job
        job = ImportJob(job_id=uuid4().hex, order=order, created_at=datetime.now(UTC))
        begun_again = [one.job_id for one in self._interrupted() if one.order.path == order.path]
        for job_id in begun_again:
            del self._jobs[job_id]
        names: list[str] = []
        made = Import(job, self._database, self._gallery, self._place, names.extend)
        self._running[job.job_id], self._jobs[job.job_id] = made, job
        self._tasks[job.job_id] = asyncio.create_task(self._work(made, names, begun_again))
        return job

    def jobs(self) -> list[ImportJob]:
        """Those at work and those that ended lately, oldest first."""
        return [self.job(job_id) for job_id in self._jobs]

    def job(self, job_id: str) -> ImportJob:
        """One job. Raises ``NotFoundError``."""
        if (running := self._running.get(job_id)) is not None:
            return running.job
        if (job := self._jobs.get(job_id)) is None:
            raise NotFoundError("There is no such import.", code="import_not_found")
        return job

    async def cancel(self, job_id: str) -> ImportJob:
        """End an import, or give up one that was interrupted; what it took stays."""
        job = self.job(job_id)
        if (running := self._running.get(job_id)) is not None:
            running.stop()
            await asyncio.wait({self._tasks[job_id]})
        elif job.status is ImportStatus.INTERRUPTED:
            await self._database.write(lambda c: journal.close(c, job_id))
            self._jobs[job_id] = job.model_copy(update={"status": ImportStatus.CANCELLED, "error": None})
        return self.job(job_id)

    async def close(self) -> None:
        """Interrupt all: the next daemon tells of them."""
        self._ending = True
        for running in self._running.values():
            running.stop()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _work(self, made: Import, names: list[str], begun_again: list[str]) -> None:
        job_id = made.job.job_id
        telling = asyncio.create_task(self._tell(made, names))
        error: JobError | None = None
        try:
            error = await self._run(made, begun_again)
            if not self._cut_off(made):
                with contextlib.suppress(StudioError):  # a full disk
                    await self._database.write(lambda c: journal.close(c, job_id))
        finally:
            telling.cancel()
            self._jobs[job_id] = self._ended(made, error)
            del self._running[job_id], self._tasks[job_id]
            self._forget_old()
            self._hub.publish(ImportChanged(job=self._jobs[job_id]))
            self._changed(names)

    async def _run(self, made: Import, begun_again: list[str]) -> JobError | None:
        try:
            await self._database.write(lambda c: _begin(c, made.job, begun_again))
            async with self._turn:
                if not made.stopped:
                    await made.run()
        except StudioError as failed:
            told = JobError.of(failed)
            full = {"hint": f"Free some space. {made.job.hint}"} if failed.code == "disk_full" else {}
            return told.model_copy(update=full)
        except Exception as failed:  # whatever it is, front ends that wait must hear of an end
            _log.exception("an import failed")
            return JobError(
                code="failed", message=f"The import failed: {type(failed).__name__}.", hint="See the log."
            )
        return None

    def _cut_off(self, made: Import) -> bool:
        return self._ending and made.stopped

    def _ended(self, made: Import, error: JobError | None) -> ImportJob:
        if error is None and self._cut_off(made):
            return made.job.interrupted()
        ended = ImportStatus.ERROR if error else ImportStatus.COMPLETED
        status = ImportStatus.CANCELLED if made.stopped and not error else ended
        return made.job.model_copy(update={"status": status, "error": error})

    def _interrupted(self) -> list[ImportJob]:
        return [job for job in self._jobs.values() if job.status is ImportStatus.INTERRUPTED]

    async def _tell(self, made: Import, names: list[str]) -> None:
        self._hub.publish(ImportChanged(job=made.job))
        before, told = made.job, time.monotonic()
        while True:
            await asyncio.sleep(_TELL_EVERY)
            if (job := made.job).done != before.done or job.total != before.total:
                before = job
                self._hub.publish(ImportProgress(job=job.model_copy(update={"told": ()})))
            if names and time.monotonic() - told > _CHANGED_EVERY:
                self._changed(names)
                told = time.monotonic()

    def _changed(self, names: list[str]) -> None:
        """Pictures came: front ends look again, but not with each one."""
        self._hub.publish(GalleryChanged(names=list(names) if len(names) <= _FEW else []))
        names.clear()

    def _forget_old(self) -> None:
        ended = [job_id for job_id in self._jobs if job_id not in self._running]
        for job_id in ended[:-_KEPT]:
            del self._jobs[job_id]


def _begin(connection: Connection, job: ImportJob, instead_of: list[str]) -> None:
    journal.write(connection, job)
    for job_id in instead_of:
        journal.close(connection, job_id)
