"""Keeps one seat per device, routes nudges and cancels to them, and clears up after a daemon that was killed."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from pathlib import Path
from typing import Final

import psutil

from invoke_tui.config.atomic import write_private
from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import Settings
from invoke_tui.domain.base import Record
from invoke_tui.domain.protocol import SetLimits
from invoke_tui.domain.running.device import CacheLimits, WorkerStatus
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.measured import Measured
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.queue.service import Pause, Queue
from invoke_tui.studio.workers.environment import worker_environment
from invoke_tui.studio.workers.jobs import Jobs
from invoke_tui.studio.workers.seat import Seat

_ROUND: Final = 10.0
_LOOK: Final = 1.0
"""Seconds between two looks at a disk that was full."""
_STOP_PATIENCE: Final = 10.0
_MARGIN: Final = 64 * 2**20
"""Bytes to be free beyond what was missing before a queue paused by a full disk goes on."""
_log = logging.getLogger(__name__)


class Supervisor:
    """All workers of one daemon."""

    def __init__(
        self,
        settings: Settings,
        paths: StudioPaths,
        *,
        queue: Queue,
        gallery: Gallery,
        jobs: Jobs,
        models: Models,
        measured: Measured,
        hub: Hub,
        engine: str | None,
    ) -> None:
        self._queue = queue
        self._pids = paths.state_dir / "workers.json"
        chosen = settings.generation_devices
        devices = [settings.device] if isinstance(chosen, str) else chosen
        self._seats = [
            Seat(
                device,
                settings=settings.engine_settings().model_copy(
                    update={"convert_cache": str(paths.models_dir / ".convert_cache")}
                ),
                timeout=settings.worker_timeout_seconds,
                environment=worker_environment(settings.pytorch_cuda_alloc_conf),
                engine=engine,
                logs=paths.logs_dir,
                queue=queue,
                gallery=gallery,
                jobs=jobs,
                models=models,
                measured=measured,
                hub=hub,
                workers_changed=self._remember_pids,
            )
            for device in devices
        ]
        self._tasks: list[asyncio.Task[None]] = []
        queue.on_work = self._nudge
        queue.on_dropped = self._drop

    @property
    def workers(self) -> list[WorkerStatus]:
        """The workers that have been started."""
        return [status for seat in self._seats if (status := seat.badge.status) is not None]

    async def tell(self, command: Record, device: str = "") -> int:
        """Send a command to the workers that run, or to the one on ``device``; how many there were."""
        links = [seat.link for seat in self._seats if seat.link is not None and device in ("", seat.device)]
        await asyncio.gather(*(link.send(command) for link in links))
        return len(links)

    async def set_limits(self, limits: CacheLimits, device: str = "") -> int:
        """Change the limits of the model caches, of the workers to come as well; how many of them run."""
        for seat in self._seats:
            if device in ("", seat.device):
                seat.set_limits(limits)
        return await self.tell(SetLimits(limits=limits), device)

    async def start(self) -> None:
        """End what a killed daemon left running, then begin to look for work."""
        await asyncio.to_thread(_end_leftovers, self._pids)
        self._tasks = [asyncio.create_task(seat.work()) for seat in self._seats]
        self._tasks += [asyncio.create_task(self._rounds()), asyncio.create_task(self._watch_the_disk())]

    async def stop(self) -> None:
        """Give running items back and send every worker home."""
        for seat in self._seats:
            seat.ask_to_leave()
        seats, rounds = self._tasks[: len(self._seats)], self._tasks[len(self._seats) :]
        for task in rounds:
            task.cancel()
        await asyncio.wait(seats, timeout=_STOP_PATIENCE)
        for task in seats:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(seat.leave() for seat in self._seats))
        self._pids.unlink(missing_ok=True)

    def _nudge(self) -> None:
        for seat in self._seats:
            seat.nudge()

    def _drop(self, item_id: int) -> None:
        for seat in self._seats:
            seat.drop(item_id)

    async def _rounds(self) -> None:
        """Now and then: take back leases that ran out."""
        while True:
            try:
                live = {seat.link.token for seat in self._seats if seat.link is not None}
                await self._queue.return_expired(live)
            except Exception:
                _log.exception("the supervisor's round failed")
            await asyncio.sleep(_ROUND)

    async def _watch_the_disk(self) -> None:
        """Go on soon after a full disk has room again."""
        while True:
            await asyncio.sleep(_LOOK)
            try:
                pause = self._queue.pause_state
                if pause is not None and pause.folder and _has_room(pause):
                    _log.info("there is room again in %s; the queue goes on", pause.folder)
                    await self._queue.resume()
            except Exception:
                _log.exception("the queue could not go on although there is room again")

    def _remember_pids(self) -> None:
        """Write down who runs, so that the next daemon can end a worker that survives a kill of this one."""
        found = []
        for seat in self._seats:
            if seat.link is not None:
                try:
                    found.append([seat.link.pid, psutil.Process(seat.link.pid).create_time()])
                except psutil.Error:
                    continue
        try:
            write_private(self._pids, json.dumps(found))
        except Exception as error:  # a full disk must not stop the work
            _log.warning("the workers' ids could not be written: %s", error)


def _has_room(pause: Pause) -> bool:
    return shutil.disk_usage(pause.folder).free > 2 * pause.needed + _MARGIN


def _end_leftovers(file: Path) -> None:
    """A worker leaves by itself when its daemon is gone, unless it hangs; two on one device would starve each other."""
    try:
        listed = json.loads(file.read_text())
    except (OSError, ValueError):
        return
    for pid, created in listed:
        try:
            process = psutil.Process(int(pid))
            if abs(process.create_time() - float(created)) < 1:
                process.kill()
                process.wait(10)
                _log.warning("ended worker %d, which a daemon before this one had left", pid)
        except (psutil.Error, ValueError, TypeError):
            continue
    file.unlink(missing_ok=True)
