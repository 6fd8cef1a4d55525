"""Follow the jobs of one call to their end, whatever happens to the daemon meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from invoke_tui.cli.persist import follow_until
from invoke_tui.domain import events
from invoke_tui.domain.errors import CanceledError, StudioError
from invoke_tui.domain.models.installs import InstallJob, InstallStatus

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.paths import StudioPaths

Listener = Callable[[InstallJob], None]
"""Called with a job whenever it changed or got further."""


class InstallWait:
    """The jobs of one call and what is known about each."""

    def __init__(self, jobs: list[InstallJob], listener: Listener) -> None:
        self.jobs = {job.job_id: job for job in jobs}
        self._listener = listener

    @property
    def open(self) -> list[InstallJob]:
        """Jobs that are at work. A paused one waits for a person and is not waited for."""
        return [
            job
            for job in self.jobs.values()
            if not job.status.finished and job.status is not InstallStatus.PAUSED
        ]

    async def until_done(self, client: StudioClient, paths: StudioPaths) -> None:
        """Return when no job is at work. A daemon that went away is started again and goes on with them."""
        await follow_until(lambda: not self.open, self._follow, client, paths)

    def check(self) -> None:
        """Raise the error of the first job that failed, saying how many others did."""
        left = [job for job in self.jobs.values() if job.status is not InstallStatus.COMPLETED]
        for job in left:
            if job.error is not None:
                error = job.error.as_error()
                if len(self.jobs) > 1:
                    more = (
                        f" {len(left)} of {len(self.jobs)} models are not installed." if len(left) > 1 else ""
                    )
                    error.message = f"{job.name}: {error.message}{more}"
                raise error
        for job in left:
            paused = job.status is InstallStatus.PAUSED
            raise CanceledError(
                f"{job.name} was {'paused' if paused else 'canceled'}.",
                hint=f"'invoke-tui models jobs --resume {job.job_id}' goes on." if paused else "",
            )

    async def _follow(self, client: StudioClient) -> None:
        async for event in client.events():
            match event:
                case events.Snapshot():
                    await self._refresh(client)
                case events.InstallChanged():
                    self._take(event.job)
                case events.InstallProgress():
                    self._further(event)
            if not self.open:
                return

    async def _refresh(self, client: StudioClient) -> None:
        known = {job.job_id: job for job in await client.install_jobs()}
        installed = {model.key: model for model in await client.models()}
        for job in self.open:
            now = known.get(job.job_id)
            if now is not None:
                self._take(now)
            elif job.job_id in installed:  # finished while nobody listened; the key of a model is its job's
                status = {"status": InstallStatus.COMPLETED, "model": installed[job.job_id]}
                self._take(job.model_copy(update=status))
            else:
                self._take(job.model_copy(update={"status": InstallStatus.CANCELLED}))

    def _take(self, job: InstallJob) -> None:
        if job.job_id in self.jobs:
            self.jobs[job.job_id] = job
            self._listener(job)

    def _further(self, event: events.InstallProgress) -> None:
        job = self.jobs.get(event.job_id)
        if job is not None and not job.status.finished:
            self._take(
                job.model_copy(
                    update={
                        "bytes_done": event.bytes_done,
                        "bytes_total": event.bytes_total,
                        "rate": event.rate,
                        "eta": event.eta,
                    }
                )
            )


def not_started() -> StudioError:
    """A request that brought neither a job nor a model."""
    return StudioError("There was nothing to install.", code="nothing_to_install")
