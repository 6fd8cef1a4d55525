"""One device's seat: it keeps at most one worker alive, gives it items, and judges how each attempt ended.

Everything that happens to a seat goes through one mailbox and is handled by one task, so no two handlers ever meet.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import ImageAdded, LogLine
from invoke_tui.domain.protocol import (
    CancelItem,
    EngineSettings,
    Heartbeat,
    ImageMade,
    ItemCanceled,
    ItemDone,
    ItemFailed,
    NodeProgress,
    Ready,
    Report,
    StepPreview,
    WorkerLog,
)
from invoke_tui.domain.running.device import CacheLimits
from invoke_tui.domain.running.queue import MAX_ATTEMPTS, ItemStatus
from invoke_tui.studio.gallery.files import DiskFullError
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.measured import Measured
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.leases import Outcome
from invoke_tui.studio.queue.service import LEASE_SECONDS, Pause, Queue
from invoke_tui.studio.workers.badge import Badge
from invoke_tui.studio.workers.jobs import Jobs
from invoke_tui.studio.workers.link import WorkerLink
from invoke_tui.studio.workers.run import CANCEL_PATIENCE, Run, preview

TICK: Final = 0.5
START_PATIENCE: Final = 600.0
STARTS_LIMIT: Final = 3
"""Starts in a row that may fail before the queue is paused."""
DEATHS_LIMIT: Final = 5 * MAX_ATTEMPTS
"""Deaths in a row, without one item finished, that speak against the device and not against the items any more."""
_CROWD: Final = 32
_BACK_OFF_LIMIT: Final = 60.0
_log = logging.getLogger(__name__)

Mail = tuple[WorkerLink, Report | None, bytes] | int | None
"""A worker's report (None: it hung up), the id of an item to drop, or a nudge to look for work."""


class Seat:
    """Runs the items of one device."""

    def __init__(
        self,
        device: str,
        *,
        settings: EngineSettings,
        timeout: float,
        environment: dict[str, str],
        engine: str | None,
        logs: Path,
        queue: Queue,
        gallery: Gallery,
        jobs: Jobs,
        models: Models,
        measured: Measured,
        hub: Hub,
        workers_changed: Callable[[], None],
    ) -> None:
        self.device = device
        self.link: WorkerLink | None = None
        self.badge = Badge(hub, device)
        self._settings = settings.model_copy(update={"device": device})
        self._timeout = timeout
        self._environment = environment
        self._engine = engine
        self._logs = logs
        self._queue = queue
        self._gallery = gallery
        self._jobs = jobs
        self._models = models
        self._measured = measured
        self._hub = hub
        self._workers_changed = workers_changed
        self._mail: asyncio.Queue[Mail] = asyncio.Queue()
        self._run: Run | None = None
        self._look = True
        self._leaving = False
        self._failed_starts = 0
        self._deaths = 0
        self._not_before = 0.0
        self._checked = 0.0
        self._why_killed = ""

    def nudge(self) -> None:
        """There may be work."""
        self._mail.put_nowait(None)

    def drop(self, item_id: int) -> None:
        """An item is not wanted any more."""
        self._mail.put_nowait(item_id)

    def set_limits(self, limits: CacheLimits) -> None:
        """Start the next worker with other limits of its model cache."""
        self._settings = self._settings.model_copy(update=limits.model_dump())

    async def work(self) -> None:
        """The seat's life."""
        while not self._leaving:
            try:
                await self._advance()
                async with asyncio.timeout(TICK if self.link is not None or self._look else None):
                    mail = await self._mail.get()
                await self._handle(mail)
                await self._check()
            except TimeoutError:
                await self._check()
            except Exception:
                _log.exception("the seat of %s stumbled; its worker is replaced", self.device)
                if self.link is not None:
                    self._kill("the studio stumbled over it")
                await asyncio.sleep(1)

    def ask_to_leave(self) -> None:
        """Let ``work`` return after what it is doing now."""
        self._leaving = True
        self.nudge()

    async def leave(self) -> None:
        """The daemon stops: the running item goes back unharmed, then the worker is sent home."""
        if self._run is not None:
            await self._queue.hand_back(self._run.claimed.lease)
            self._run = None
        if self.link is not None:
            await self.link.stop()
            self.link = None

    # -- giving work ----------------------------------------------------------------------------------------------

    async def _advance(self) -> None:
        """Start a worker, or give the idle one an item, when there is something to do."""
        if self._leaving or self._run is not None or not self._look or time.monotonic() < self._not_before:
            return
        if self.link is None:
            self._look = await self._queue.has_pending()
            if self._look:
                await self._start()
        elif self.badge.ready:
            claimed = await self._queue.claim(self.device, self.link.token)
            self._look = claimed is not None
            if claimed is None:
                return
            self._run = Run(claimed)
            try:
                command = await self._jobs.prepare(claimed)
            except StudioError as error:
                await self._end(Outcome(ItemStatus.FAILED, error.code, error.message, error.hint))
                return
            self.badge.say("busy", item_id=claimed.item.item_id)
            await self.link.send(command)

    async def _start(self) -> None:
        try:
            self.link = await WorkerLink.start(
                self.device,
                self._settings,
                environment=self._environment,
                logs=self._logs,
                engine=self._engine,
                deliver=lambda link, report, blob: self._mail.put_nowait((link, report, blob)),
                crowded=lambda: self._mail.qsize() > _CROWD,
            )
        except OSError as error:
            await self._start_failed(f"the process could not be started: {error}")
            return
        self._why_killed = ""
        self._workers_changed()
        self.badge.started(self.link.pid)

    async def _start_failed(self, reason: str) -> None:
        self._failed_starts += 1
        pause = min(2.0 ** (self._failed_starts - 1), _BACK_OFF_LIMIT)
        self._not_before = time.monotonic() + pause
        _log.error("the worker on %s did not start (%d): %s", self.device, self._failed_starts, reason)
        if self._failed_starts >= STARTS_LIMIT:
            self._failed_starts = 0
            await self._queue.pause(
                Pause(f"The engine cannot start on {self.device}: {reason}. Resume the queue to try again.")
            )

    # -- hearing from the worker ----------------------------------------------------------------------------------

    async def _handle(self, mail: Mail) -> None:
        if mail is None:
            self._look = True
        elif isinstance(mail, int):
            await self._unwanted(mail)
        else:
            link, report, blob = mail
            if link is not self.link:
                return
            if report is None:
                await self._worker_gone()
            else:
                await self._hear(report, blob)

    async def _hear(self, report: Report, blob: bytes) -> None:
        match report:
            case Ready():
                self._failed_starts, self._look = 0, True
                self.badge.say("idle", choice=report.choice)
                _log.info("worker %d is ready on %s %s", report.pid, report.choice.device, report.versions)
            case Heartbeat():
                self.badge.beat(report.memory)
            case WorkerLog(level="debug"):
                _log.debug("worker %s: %s", self.device, report.message)
            case WorkerLog():
                line = LogLine(
                    level=report.level,
                    source=f"worker {self.device}",
                    message=report.message,
                    item_id=report.item_id,
                )
                self._hub.publish(line)
            case _:
                run = self._run
                if run is None or (run.item_id, run.claimed.lease.attempt) != (
                    report.item_id,
                    report.attempt,
                ):
                    return
                await self._hear_of_item(run, report, blob)

    async def _hear_of_item(self, run: Run, report: Report, blob: bytes) -> None:
        run.moved = time.monotonic()
        match report:
            case NodeProgress():
                progress = run.progress(report)
                if run.unwanted_since is None:
                    self._hub.publish(progress)
            case StepPreview() if run.unwanted_since is None:
                self._hub.publish(preview(report, blob))
            case ImageMade() if run.unwanted_since is None:
                await self._keep(run, report, blob)
            case ItemDone():
                await self._end(Outcome(ItemStatus.COMPLETED))
                self._deaths = 0
                await self._remember(run)
            case ItemCanceled():
                await self._end(Outcome(ItemStatus.CANCELED))
            case ItemFailed(fatal=True):
                self._kill(f"the device failed: {report.message}")
            case ItemFailed():
                failed = Outcome(
                    ItemStatus.FAILED,
                    report.error_type,
                    report.message,
                    report.hint or None,
                    report.traceback,
                )
                await self._end(failed)
                self._deaths = 0

    async def _keep(self, run: Run, report: ImageMade, blob: bytes) -> None:
        try:
            record = await self._gallery.keep(run.claimed.item, run.claimed.lease, report, blob)
        except StudioError as error:
            await self._queue_safely(run, Outcome(ItemStatus.FAILED, error.code, error.message, error.hint))
            if isinstance(error, DiskFullError):
                await self._queue.pause(Pause(error.message, str(error.folder), error.needed))
            await self._unwanted(run.item_id)
            return
        if record is not None:
            self._hub.publish(ImageAdded(image=record))

    async def _end(self, outcome: Outcome) -> None:
        """The attempt is over and the worker is free."""
        run, self._run = self._run, None
        self._look = True
        if run is not None:
            self._hub.forget(run.item_id)
            await self._queue_safely(run, outcome)
        self.badge.say("idle")

    async def _remember(self, run: Run) -> None:
        """Keep how long things took, for forecasts."""
        run.finish(run.moved)
        request, status = run.claimed.item.request, self.badge.status
        model = self._models.by_key(request.model) if request is not None else None
        try:
            await self._measured.keep_run(run, status, model)
        except StudioError as error:  # a forecast is not worth a failure
            _log.warning("the time of item %d could not be kept: %s", run.item_id, error)

    async def _queue_safely(self, run: Run, outcome: Outcome) -> None:
        """Record an outcome, however long the database cannot be written: an item must not stay in progress."""
        while not self._leaving:
            try:
                await self._queue.finish(run.claimed.lease, outcome)
                return
            except StudioError as error:
                _log.error("the end of item %d could not be recorded, trying again: %s", run.item_id, error)
                self._hub.publish(LogLine(level="error", source="studio", message=str(error)))
                await asyncio.sleep(2)

    async def _unwanted(self, item_id: int) -> None:
        """Tell the worker to stop an item; the database has let go of it already."""
        if self._run is not None and self._run.item_id == item_id and self.link is not None:
            if self._run.unwanted_since is None:
                self._run.unwanted_since = time.monotonic()
            await self.link.send(CancelItem(item_id=item_id))

    # -- watching it ----------------------------------------------------------------------------------------------

    async def _check(self) -> None:
        """Renew the lease; notice silence, standstill and disobedience. Mail that waits is a sign of life."""
        now = time.monotonic()
        if self.link is None or self._why_killed or now - self._checked < TICK / 2:
            return
        stalled, self._checked = now - self._checked > 10 * TICK, now
        run = self._run
        if stalled:  # the daemon was asleep, or its disk was: that says nothing about the worker
            self.link.last_heard = now
            if run is not None:
                run.moved = now
        if run is not None and run.unwanted_since is None and now - run.renewed > LEASE_SECONDS / 3:
            run.renewed = now
            if not await self._queue.renew(run.claimed.lease):
                await self._unwanted(run.item_id)
        if not self._mail.empty():
            return
        if now - self.link.last_heard > self._timeout:
            self._kill(f"it gave no sign of life for {self._timeout:.0f} s")
        elif not self.badge.ready and now - self.link.started > START_PATIENCE:
            self._kill(f"it was not ready after {START_PATIENCE:.0f} s")
        elif run is not None and run.unwanted_since and now - run.unwanted_since > CANCEL_PATIENCE:
            self._kill("it did not obey a cancel")
        elif run is not None and now - run.moved > run.patience(self._timeout):
            self._kill(f"it made no progress for {now - run.moved:.0f} s")

    def _kill(self, why: str) -> None:
        """End the worker; the rest happens when it has hung up."""
        if self.link is not None:
            _log.warning("worker %d on %s is ended: %s", self.link.pid, self.device, why)
            self._why_killed = self._why_killed or why
            self.link.kill()

    async def _worker_gone(self) -> None:
        assert self.link is not None
        link, self.link = self.link, None
        self._look = True
        how = await link.ended()
        reason = self._why_killed or how
        _log.warning("worker %d on %s is gone: %s", link.pid, self.device, reason)
        ready = self.badge.ready
        self.badge.say("dead", note=f"the engine on {self.device} is gone: {reason}", choice=None)
        self._workers_changed()
        run, self._run = self._run, None
        if run is not None:
            self._hub.forget(run.item_id)
            if run.unwanted_since is None:
                await self._interrupted(run, reason)
        elif not ready:
            words = link.last_words()
            await self._start_failed(f"{reason}\n{words}" if words else reason)

    async def _interrupted(self, run: Run, reason: str) -> None:
        self._deaths += 1
        while not self._leaving:
            try:
                await self._queue.interrupted(run.claimed.lease, f"the engine stopped: {reason}")
                break
            except StudioError as error:
                _log.error("item %d could not be put back, trying again: %s", run.item_id, error)
                await asyncio.sleep(2)
        if self._deaths >= DEATHS_LIMIT:
            self._deaths = 0
            await self._queue.pause(
                Pause(
                    f"The engine on {self.device} stopped {DEATHS_LIMIT} times in a row; the last time {reason}."
                )
            )
