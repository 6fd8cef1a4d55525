"""The daemon put together: what is made in which order, how it ends, and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final

import uvicorn
from sqlalchemy import Connection

from invoke_tui.config.settings import Studio
from invoke_tui.config.wildcards import wildcard_folders
from invoke_tui.domain.events import ModelsChanged, StudioStopping
from invoke_tui.studio import api
from invoke_tui.studio.database import Database, migrate, state
from invoke_tui.studio.gallery.catching_up import catch_up
from invoke_tui.studio.gallery.importing.service import Imports
from invoke_tui.studio.gallery.keeping.service import Keeping
from invoke_tui.studio.gallery.keeping.works import Works
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.library.history import PromptHistory
from invoke_tui.studio.library.library import Library
from invoke_tui.studio.measured import Measured
from invoke_tui.studio.models.install.service import Installs
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.scans import Scans
from invoke_tui.studio.process import Starter, listen
from invoke_tui.studio.queue.service import Queue
from invoke_tui.studio.services import Services
from invoke_tui.studio.workers.jobs import Jobs
from invoke_tui.studio.workers.supervisor import Supervisor

ENGINE_VARIABLE: Final = "INVOKE_TUI_ENGINE"
"""Another engine for the workers, ``module:factory``; for tests and experiments."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_IDLE_ROUND: Final = 15.0
_FAREWELL: Final = 0.2
_LOOK: Final = 1.0
_log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the daemon has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone."""
        yield


class Daemon:
    """One daemon, from its lock to its last word."""

    def __init__(self, studio: Studio, starter: Starter) -> None:
        self._studio = studio
        self._starter = starter
        self._stopping = asyncio.Event()
        self._reason = ""
        self._beside: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Serve until told to stop."""
        paths = self._studio.paths
        self._listen_for_signals()
        await asyncio.to_thread(migrate.prepare, paths.database)
        database = Database(paths.database)
        try:
            services = await self._compose(database)
            await self._serve(services, listen(paths.socket))
        finally:
            for task in self._beside:
                task.cancel()
            await asyncio.gather(*self._beside, return_exceptions=True)
            await asyncio.to_thread(database.close)
            paths.socket.unlink(missing_ok=True)  # last: its absence says that everything is put away
        _log.info("stopped: %s", self._reason)

    def stop(self, reason: str) -> None:
        """Begin the end."""
        self._reason = self._reason or reason
        self._stopping.set()

    async def _compose(self, database: Database) -> Services:
        """Make the parts and repair what an earlier end left, before anybody can look at it."""
        settings, paths = self._studio.settings, self._studio.paths
        hub = Hub()
        queue = Queue(database, hub, limit=settings.max_queue_size)
        await queue.open(
            machine_went_down=await _machine_went_down(database),
            clear=settings.clear_queue_on_startup,
            history=settings.max_queue_history,
        )
        models = Models(database, paths.models_dir, settings.default_model)
        await self._look_for_models(models, hub)
        gallery = Gallery(database, paths, settings.image_subfolder_strategy, settings.image_name_template)
        imports = Imports(database, gallery, hub, (paths.images_dir, settings.image_subfolder_strategy))
        keeping = Keeping(database, paths, gallery, queue, imports, self.stop)
        await keeping.finish_begun()
        self._beside.add(asyncio.create_task(catch_up(database, gallery.lists, paths.images_dir)))
        self._beside.add(asyncio.create_task(keeping.go_on()))
        measured = Measured(database)
        supervisor = Supervisor(
            settings,
            paths,
            queue=queue,
            gallery=gallery,
            jobs=Jobs(models, gallery),
            models=models,
            measured=measured,
            hub=hub,
            engine=os.environ.get(ENGINE_VARIABLE),
        )
        return Services(
            settings,
            paths,
            hub,
            queue,
            gallery,
            models,
            Scans(database, models),
            supervisor,
            self.stop,
            Installs(models, hub, settings),
            imports,
            measured,
            Library(database, wildcard_folders(settings, paths)),
            PromptHistory(database, on=settings.prompt_history),
            keeping,
            Works(hub),
        )

    async def _look_for_models(self, models: Models, hub: Hub) -> None:
        """Know the models before anybody asks; a folder of thousands that are new is read on while we serve."""
        before = models.revision
        looking = asyncio.create_task(models.refresh())
        self._beside.add(looking)
        if looking in (await asyncio.wait({looking}, timeout=_LOOK))[0]:
            looking.result()
            return

        def ready(task: asyncio.Task[bool]) -> None:
            if not task.cancelled() and models.revision != before:
                hub.publish(ModelsChanged())

        looking.add_done_callback(ready)

    async def _serve(self, services: Services, listening: socket.socket) -> None:
        app = api.create(services)
        server = Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_ping_interval=None,  # a front end that was stopped with Ctrl-Z is still there
                timeout_graceful_shutdown=3,
                server_header=False,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await services.supervisor.start()
        await services.installs.open()
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        self._starter.say({"pid": os.getpid()})
        _log.info("serving on %s", services.paths.socket)
        idle = asyncio.create_task(self._stop_when_idle(services, lambda: float(app.state.last_request)))
        backup = asyncio.create_task(asyncio.to_thread(migrate.back_up_daily, services.paths.database))
        try:
            await asyncio.wait(
                {asyncio.create_task(self._stopping.wait()), serving}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            idle.cancel()
            services.hub.publish(StudioStopping(reason=self._reason))
            await services.installs.close()
            await services.imports.close()
            await services.works.close()
            await services.supervisor.stop()
            await asyncio.sleep(_FAREWELL)  # the last events are on their way
            server.should_exit = True
            await serving
            await asyncio.wait({backup})

    async def _stop_when_idle(self, services: Services, last_request: Callable[[], float]) -> None:
        """Stop after a while in which nobody listened or asked and nothing was to be done."""
        limit = services.settings.idle_stop_minutes * 60
        busy = time.monotonic()
        while limit:
            await asyncio.sleep(min(_IDLE_ROUND, limit / 4))
            counts = await services.queue.counts()
            if services.hub.readers or counts.pending or counts.in_progress:
                busy = time.monotonic()
            if services.installs.active or services.imports.active or services.works.active:
                busy = time.monotonic()
            if time.monotonic() - max(busy, last_request()) > limit:
                self.stop(f"idle for {services.settings.idle_stop_minutes:g} minutes")
                return

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop, signal.Signals(number).name)


async def _machine_went_down(database: Database) -> bool:
    """Whether the machine was started anew since the last daemon ran on it."""
    try:
        boot = await asyncio.to_thread(_BOOT_ID.read_text)
    except OSError:
        return False

    def remember(connection: Connection) -> bool:
        before = state.get(connection, "boot_id")
        state.put(connection, "boot_id", boot.strip())
        return before is not None and before != boot.strip()

    return await database.write(remember)
