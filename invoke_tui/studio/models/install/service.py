"""The installer: takes requests, runs jobs beside each other, and finds them again after a restart."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from invoke_tui.config.settings import Settings
from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.events import InstallChanged, InstallProgress, ModelsChanged
from invoke_tui.domain.models.installs import (
    InstallAnswer,
    InstallError,
    InstallJob,
    InstallRequest,
    InstallStatus,
    SourceReading,
    StarterList,
    StarterModel,
)
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.wanted import FoundModel, WantedModel
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.models.install import place, reading, starters
from invoke_tui.studio.models.install.job import Job, Saved, Wish, left_in, now, read_job
from invoke_tui.studio.models.install.sites import sites_from
from invoke_tui.studio.models.install.sources import LocalPath, Source, parse, without_secrets
from invoke_tui.studio.models.install.tokens import collect
from invoke_tui.studio.models.registry import Models

if TYPE_CHECKING:
    from invoke_tui.studio.models.install.run import Runner

FOLDER: Final = ".downloads"
"""In the models folder, so that a finished model is renamed into place and never copied."""
_TELL_EVERY: Final = 0.25
_log = logging.getLogger(__name__)


class Installs:
    """All jobs of one studio. Call ``open`` before the first request and ``close`` at the end."""

    def __init__(
        self, models: Models, hub: Hub, settings: Settings, environment: Mapping[str, str] | None = None
    ) -> None:
        env = os.environ if environment is None else environment
        self.sites = sites_from(env)
        self._models, self._hub = models, hub
        self._folder = models.folder / FOLDER
        self._jobs: dict[str, Job] = {}
        self._told: dict[str, float] = {}
        self._settings, self._environment = settings, env
        self._runner: Runner | None = None
        self._making = asyncio.Lock()

    async def open(self) -> None:
        """Take up what an earlier daemon left: unfinished jobs go on, paused and failed ones are offered again."""
        for folder in await asyncio.to_thread(left_in, self._folder):
            job = await asyncio.to_thread(read_job, folder, self.sites)
            if job is None:
                await asyncio.to_thread(place.discard, folder)
                continue
            self._jobs[job.id] = job
            if job.status in (InstallStatus.CANCELLED, InstallStatus.COMPLETED):
                await asyncio.to_thread(place.discard, folder)
                del self._jobs[job.id]
            elif not (job.status is InstallStatus.PAUSED or job.status.finished):
                self._launch(job)

    async def close(self) -> None:
        """Stop without losing anything; the next daemon goes on."""
        for job in self._jobs.values():
            if job.task is not None and not job.task.done():
                job.wish = "close"
                job.task.cancel()
        await asyncio.gather(*(job.task for job in self._jobs.values() if job.task), return_exceptions=True)
        if self._runner is not None:
            await self._runner.close()

    @property
    def active(self) -> int:
        """How many jobs are at work."""
        return sum(job.task is not None and not job.task.done() for job in self._jobs.values())

    def jobs(self) -> list[InstallJob]:
        """Every job, oldest first."""
        return [job.record() for job in sorted(self._jobs.values(), key=lambda job: job.created_at)]

    def job(self, job_id: str) -> InstallJob:
        """One job. Raises ``NotFoundError``."""
        return self._job(job_id).record()

    async def starter_list(self) -> StarterList:
        """The starter models, and which are here."""
        known = starters.starters()
        here = await asyncio.to_thread(
            lambda: [m.id for m in known.models if place.starter_here(self._models, m, self.sites)]
        )
        return known.model_copy(update={"installed": tuple(here)})

    async def reading(self, request: InstallRequest) -> SourceReading:
        """What a source means. Raises ``StudioError`` for one that cannot be read."""
        return await asyncio.to_thread(reading.read, request, self.sites)

    async def find(self, wanted: WantedModel) -> FoundModel:
        """Where a model is to be had. Raises ``NotFoundError``, or another ``StudioError`` of the site."""
        from invoke_tui.studio.models.install.finding import find

        return await find(wanted, self._models, self.sites, (await self._prepared()).web)

    async def start(self, request: InstallRequest) -> InstallAnswer:
        """Begin to install. Raises ``BadInputError`` for a source that cannot be read; all else is the job's fate."""
        package = starters.bundle(request.source)
        if package is not None:
            members = [model for identity in package.models if (model := starters.by_id(identity))]
            return await self._start_starters(members, request)
        starter = starters.named(request.source, request.base, request.type)
        if starter is not None:
            return await self._start_starters([starter], request)
        return await self._start_one(request)

    async def cancel(self, job_id: str) -> InstallJob:
        """Stop a job and remove what it had."""
        job = self._job(job_id)
        if job.status in (InstallStatus.COMPLETED, InstallStatus.CANCELLED):
            return job.record()
        await self._stop(job, "cancel")
        if job.model is not None:
            return job.record()  # it was too far to be stopped
        job.status, job.error = InstallStatus.CANCELLED, None
        await asyncio.to_thread(place.discard, job.folder)
        self._changed(job)
        return job.record()

    async def pause(self, job_id: str) -> InstallJob:
        """Stop a job and keep what it has."""
        job = self._job(job_id)
        if job.status.finished or job.status is InstallStatus.PAUSED:
            return job.record()
        await self._stop(job, "pause")
        if not job.status.finished:
            job.status, job.note = InstallStatus.PAUSED, ""
            await asyncio.to_thread(job.save)
            self._changed(job)
        return job.record()

    async def resume(self, job_id: str) -> InstallJob:
        """Go on with a paused or failed job where it stopped."""
        job = self._job(job_id)
        if job.status not in (InstallStatus.PAUSED, InstallStatus.ERROR):
            return job.record()
        job.status, job.error = InstallStatus.WAITING, None
        await asyncio.to_thread(job.save)
        self._launch(job)
        return job.record()

    async def prune(self) -> int:
        """Forget the finished jobs, and what failed ones had downloaded; how many."""
        finished = [job for job in self._jobs.values() if job.status.finished]
        for job in finished:
            await asyncio.to_thread(place.discard, job.folder)
            del self._jobs[job.id]
            self._hub.publish(InstallChanged(job=job.record(), removed=True))
        return len(finished)

    # -- starting -------------------------------------------------------------------------------------------------

    async def _start_starters(self, wanted: list[StarterModel], request: InstallRequest) -> InstallAnswer:
        if len(wanted) > 1 and (request.name or request.type or request.base):
            raise BadInputError("A bundle has many models: name, type and base cannot be given for it.")
        jobs: list[InstallJob] = []
        installed: list[ModelRecord] = []
        for model in starters.with_dependencies(wanted):
            here = await asyncio.to_thread(place.starter_here, self._models, model, self.sites)
            if here is not None:
                installed.append(here)
                continue
            own = model is wanted[0] and len(wanted) == 1
            asked = InstallRequest(
                source=model.source,
                name=(request.name if own else None) or model.name,
                description=request.description if own else None,
                use_tokens=request.use_tokens,
            )
            jobs.append(self._enqueue(asked, parse(model.source, self.sites), model.id))
        return InstallAnswer(jobs=jobs, installed=installed)

    async def _start_one(self, request: InstallRequest) -> InstallAnswer:
        source = parse(request.source, self.sites)
        if request.in_place and not isinstance(source, LocalPath):
            raise BadInputError(
                "Only files of this machine can be used in place.",
                hint="Leave --in-place out.",
                code="bad_usage",
            )
        here = await asyncio.to_thread(place.from_source, self._models, str(source))
        if here is not None:
            return InstallAnswer(installed=[here])
        clean = request.model_copy(update={"source": without_secrets(request.source.strip())})
        return InstallAnswer(jobs=[self._enqueue(clean, source)])

    def _enqueue(self, request: InstallRequest, source: Source, starter: str = "") -> InstallJob:
        for job in self._jobs.values():
            if job.source == source and not job.status.finished:
                return job.record()  # asked for twice
        saved = Saved(
            job_id=str(uuid4()),
            request=request,
            status=InstallStatus.WAITING,
            created_at=now(),
            starter=starter,
        )
        job = Job(saved, source, self._folder / saved.job_id)
        self._jobs[job.id] = job
        self._launch(job)
        return job.record()

    # -- running --------------------------------------------------------------------------------------------------

    def _launch(self, job: Job) -> None:
        job.wish = ""
        job.start_over()
        job.task = asyncio.create_task(self._work(job))
        self._changed(job)

    async def _prepared(self) -> Runner:
        async with self._making:
            return await asyncio.to_thread(self._ready)

    def _ready(self) -> Runner:
        """The runner, made for the first job: a daemon that downloads nothing never imports an HTTP client."""
        if self._runner is None:
            from invoke_tui.studio.models.install.run import Runner
            from invoke_tui.studio.models.install.web import Web

            web = Web(
                collect(self._settings, self.sites, self._environment),
                allow_private=self._settings.allow_private_download_urls,
                proxy=self._settings.download_proxy,
            )
            self._runner = Runner(self._models, web, self.sites, self._changed, self._progressed)
        else:  # logins happen meanwhile
            self._runner.web.tokens = collect(self._settings, self.sites, self._environment)
        return self._runner

    async def _work(self, job: Job) -> None:
        """Run a job to its end, whatever that is."""
        others = sum(other.left for other in self._jobs.values() if other is not job and other.task)
        try:
            runner = await self._prepared()
            await runner.run(job, others)
        except asyncio.CancelledError:
            if not job.wish:
                raise
            return
        except StudioError as error:
            self._failed(job, error)
        except Exception as error:
            _log.exception("the job for %s stumbled", job.name)
            self._failed(
                job,
                StudioError(
                    f"The installer stumbled: {type(error).__name__}.",
                    hint="The studio's log has the details.",
                    code="internal",
                ),
            )
        if job.status is InstallStatus.ERROR:
            await asyncio.to_thread(_save_if_possible, job)
        else:
            await asyncio.to_thread(place.discard, job.folder)
        self._changed(job)
        if job.status is InstallStatus.COMPLETED and not job.note:
            self._hub.publish(ModelsChanged())

    def _failed(self, job: Job, error: StudioError) -> None:
        job.status, job.error, job.note = InstallStatus.ERROR, InstallError.of(error), ""
        _log.warning("not installed: %s: %s", job.name, error.message)

    async def _stop(self, job: Job, wish: Wish) -> None:
        if job.task is None or job.task.done():
            return
        job.wish = wish
        job.task.cancel()
        await asyncio.gather(job.task, return_exceptions=True)

    def _job(self, job_id: str) -> Job:
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFoundError(
                "There is no such job.", hint="invoke-tui models jobs lists them.", code="job_not_found"
            )
        return job

    def _changed(self, job: Job) -> None:
        self._hub.publish(InstallChanged(job=job.record()))

    def _progressed(self, job: Job) -> None:
        moment = asyncio.get_running_loop().time()
        if moment - self._told.get(job.id, 0) < _TELL_EVERY:
            return
        self._told[job.id] = moment
        now_ = job.record()
        self._hub.publish(
            InstallProgress(
                job_id=job.id,
                bytes_done=now_.bytes_done,
                bytes_total=now_.bytes_total,
                rate=now_.rate,
                eta=now_.eta,
                file=job.latest,
            )
        )


def _save_if_possible(job: Job) -> None:
    try:
        job.save()
    except OSError as error:  # a full disk, most likely: the job is on the list, a restart forgets it
        _log.warning("the job for %s could not be stored: %s", job.name, error.strerror)
