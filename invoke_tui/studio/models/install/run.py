"""What a job does: find out what to get, get it, put it in its place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.installs import InstallStatus
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.studio.models.install import place, starters
from invoke_tui.studio.models.install.download import Download
from invoke_tui.studio.models.install.errors import CutError, DownloadError, NoSpaceError, free_bytes
from invoke_tui.studio.models.install.job import Job
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.resolve import resolve
from invoke_tui.studio.models.install.sites import Sites
from invoke_tui.studio.models.install.web import Web
from invoke_tui.studio.models.registry import Models

AT_ONCE: Final = 4
"""Files that are downloaded at the same time, of all jobs together."""
RESERVE: Final = 512 * 2**20
"""Bytes that stay free: the queue's pictures and the database need room too."""
_PICTURE_LIMIT: Final = 8 * 2**20
_PICTURE_SECONDS: Final = 20
_log = logging.getLogger(__name__)


class Runner:
    """Runs jobs. ``changed`` is called when a job's status or note is another one, ``progressed`` while bytes come."""

    def __init__(
        self,
        models: Models,
        web: Web,
        sites: Sites,
        changed: Callable[[Job], None],
        progressed: Callable[[Job], None],
    ) -> None:
        self.web = web
        self._models, self._sites = models, sites
        self._changed, self._progressed = changed, progressed
        self._lanes = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """Close the connections."""
        await self.web.close()

    async def run(self, job: Job, others: int) -> None:
        """Bring a job to its end; ``others`` are the bytes that other jobs will still need."""
        job.status = InstallStatus.DOWNLOADING
        await asyncio.to_thread(_save, job)
        self._changed(job)
        if job.plan is None:
            job.plan = await resolve(
                job.source, self._sites, self.web, folder=job.files, use_token=job.request.use_tokens
            )
            job.note = job.plan.note
            await asyncio.to_thread(_save, job)
            self._changed(job)
        plan, hint = job.plan, _hint(job)
        if job.request.in_place:
            job.status = InstallStatus.RUNNING
            self._finish(job, *await place.settle_in_place(self._models, plan, job.request, hint))
            return
        known = await asyncio.to_thread(self._already, plan)
        if known is not None:
            self._finish(job, known, False)
            return
        if not (self._models.folder / job.id).exists():
            await self._get(job, plan, others)
        job.status, job.note = InstallStatus.RUNNING, ""
        await asyncio.to_thread(_save, job)
        self._changed(job)
        # not to be stopped half-way: it is short, and the end of it is one rename and one transaction
        settling = asyncio.create_task(place.settle(self._models, plan, job.request, job.files, job.id, hint))
        try:
            record, new = await asyncio.shield(settling)
        except asyncio.CancelledError:
            record, new = await settling
        self._finish(job, record, new)

    def _finish(self, job: Job, record: ModelRecord, new: bool) -> None:
        job.model, job.status = record, InstallStatus.COMPLETED
        job.note = "" if new else f"already installed as {record.name}"
        _log.info("%s: %s", job.note or "installed", record.name)

    def _already(self, plan: Plan) -> ModelRecord | None:
        """The model, when it is here: from the same source, with the same content, or with the hash the site states."""
        found = place.from_source(self._models, plan.source)
        if found is not None:
            return found
        if plan.source_type == "path":
            return place.same_content(self._models, Path(plan.source))
        stated = {
            f"blake3:{wanted.blake3}" for wanted in plan.files if wanted.blake3 and len(plan.files) == 1
        }
        return next((m for m in self._models.all() if m.hash in stated and Path(m.path).exists()), None)

    async def _get(self, job: Job, plan: Plan, others: int) -> None:
        """All files of a job, several at once; the first failure stops the rest."""
        await asyncio.to_thread(job.files.mkdir, parents=True, exist_ok=True)
        for wanted in plan.files:
            here = await asyncio.to_thread(_bytes_here, job.files / wanted.path)
            if here:
                job.progress(wanted.path, here, wanted.size)
        linked = sum(wanted.size or 0 for wanted in plan.files if wanted.url and wanted.local)
        needed = max(0, job.left - linked) + others + RESERVE
        free = await asyncio.to_thread(free_bytes, job.folder)
        if needed > free:
            raise NoSpaceError(self._models.folder, needed, free)
        tasks = [asyncio.create_task(self._one(job, wanted)) for wanted in plan.files]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(place.lay_card, job.files, plan, await self._picture(plan))

    async def _one(self, job: Job, wanted: Wanted) -> None:
        def progress(done: int, size: int | None) -> None:
            job.progress(wanted.path, done, size)
            self._progressed(job)

        def say(note: str) -> None:
            job.note = note
            self._changed(job)

        target = job.files / wanted.path
        async with self._lanes:
            if wanted.local and await place.fetch_local(wanted, target, progress):
                return
            token = getattr(job.source, "token", None)
            use = job.request.use_tokens
            await Download(self.web, wanted, target, progress, token=token, use_token=use, say=say).run()

    async def _picture(self, plan: Plan) -> bytes:
        """The page's picture; a model without one is fine."""
        if not plan.preview:
            return b""
        with contextlib.suppress(StudioError, CutError, TimeoutError):
            async with asyncio.timeout(_PICTURE_SECONDS):
                return (await self.web.body(plan.preview, limit=_PICTURE_LIMIT, use_token=False))[0]
        return b""


def _hint(job: Job) -> place.Hint | None:
    starter = starters.by_id(job.starter) if job.starter else None
    return place.Hint(starter.type, starter.base) if starter else None


def _bytes_here(target: Path) -> int:
    for path in (target, target.with_name(f"{target.name}.part")):
        with contextlib.suppress(OSError):
            return path.stat().st_size
    return 0


def _save(job: Job) -> None:
    try:
        job.save()
    except OSError as error:
        raise DownloadError(
            f"The job could not be stored in {job.folder.parent}: {error.strerror}.",
            hint="Check that models_dir can be written and has room.",
            code="not_written",
        ) from error
