"""The worker's life: connect, beat, import the engine, serve items, leave.

Threads: the main thread runs graphs; ``link-reader`` receives commands, so that a cancel acts within a step;
``link-writer`` sends; ``heartbeat`` beats from the first moment, long before torch is imported; ``signals`` waits
for SIGTERM, which a main thread deep inside a kernel launch could not answer.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import queue
import signal
import socket
import threading
import traceback
from collections.abc import Callable

import psutil

from invoke_tui.domain.garbage import without_collection
from invoke_tui.domain.protocol import (
    CancelItem,
    ClearCache,
    EngineSettings,
    Heartbeat,
    Ready,
    RunItem,
    SetLimits,
    Shutdown,
    UnloadComponent,
)
from invoke_tui.domain.running.device import MemoryUse
from invoke_tui.nodes.registry import node_types
from invoke_tui.worker.facade import EngineFacade, LogLevel
from invoke_tui.worker.link import Link
from invoke_tui.worker.priority import step_back
from invoke_tui.worker.session import SessionRunner

DEFAULT_ENGINE = "invoke_tui.engine.engine:Engine"
MemoryCommand = UnloadComponent | ClearCache | SetLimits

EXIT_STARTUP = 69
"""The engine could not be imported or found no device to run on; a ``WorkerLog`` says why."""
EXIT_FATAL = 70
"""The device is broken; the item was reported as failed with ``fatal`` and a fresh process may succeed."""
EXIT_ORPHANED = 71
"""The daemon went away."""

STUCK_SECONDS = 300.0
"""After so long without a beat the process ends itself, even where a C call never gives Python a turn again. A
daemon that is alive has replaced it by then; without one, nobody else would free the device."""

SHUTDOWN_GRACE = 5.0
"""Seconds a running item gets to notice a shutdown before the process simply ends."""


def load_factory(name: str) -> Callable[..., EngineFacade]:
    """Import ``module:attribute``."""
    module, _, attribute = name.partition(":")
    factory: Callable[..., EngineFacade] = getattr(importlib.import_module(module), attribute)
    return factory


class Worker:
    """One engine process; ``run`` returns the exit code."""

    def __init__(self, fd: int, settings: EngineSettings, engine: str = DEFAULT_ENGINE) -> None:
        self._settings = settings
        self._engine_name = engine
        self._engine: EngineFacade | None = None
        self._inbox: queue.Queue[RunItem | None] = queue.Queue()
        self._memory_inbox: queue.Queue[MemoryCommand] = queue.Queue()
        self._canceled: set[int] = set()
        self._running: int | None = None
        self._stopping = threading.Event()
        self._listen_for_signals()  # before any other thread: they inherit the mask
        sock = socket.socket(fileno=fd)
        sock.set_inheritable(False)
        self._link = Link(sock, lost=self._orphaned)

    def run(self) -> int:
        """Serve until told to stop."""
        self._thread("heartbeat", self._beat)
        self._thread("link-reader", self._receive)
        try:
            with without_collection():
                self._engine = load_factory(self._engine_name)(self._settings, self.log)
        except Exception as error:
            traceback.print_exc()
            self.log("error", f"the engine cannot start: {type(error).__name__}: {error}")
            self._link.close()
            return EXIT_STARTUP
        if self._engine.choice.kind == "cpu":
            step_back()
        runner = SessionRunner(
            self._engine,
            self._settings,
            self._link,
            must_stop=lambda item_id: self._stopping.is_set() or item_id in self._canceled,
            was_canceled=lambda item_id: item_id in self._canceled,
        )
        self._thread("memory", self._tend_memory)
        self._link.send(Ready(pid=os.getpid(), choice=self._engine.choice, versions=self._engine.versions))
        self._warm_up(self._engine)
        code = self._serve(runner)
        runner.close()
        self._link.close()
        return code

    def log(self, level: LogLevel, message: str) -> None:
        """A line for people, about the item that runs."""
        self._link.log(level, message, self._running)

    def _warm_up(self, engine: EngineFacade) -> None:
        """Spend the time until the first item on imports it will need; an item that is there waits no longer."""
        try:
            with without_collection():
                node_types()
                engine.warm_up()
        except Exception as error:
            traceback.print_exc()
            self.log("warning", f"warming up failed, the first picture will tell why: {error}")

    def _serve(self, runner: SessionRunner) -> int:
        while (item := self._inbox.get()) is not None and not self._stopping.is_set():
            self._running = item.item_id
            try:
                fatal = runner.run(item)
            finally:
                self._running = None
                self._canceled.discard(item.item_id)
            if fatal:
                return EXIT_FATAL
        return 0

    def _receive(self) -> None:
        try:
            for command in self._link.commands():
                match command:
                    case RunItem():
                        self._canceled.discard(command.item_id)
                        self._inbox.put(command)
                    case CancelItem():
                        self._canceled.add(command.item_id)
                    case UnloadComponent() | ClearCache() | SetLimits():
                        self._memory_inbox.put(command)
                    case Shutdown():
                        self._stop()
        except ValueError as error:
            traceback.print_exc()
            self.log("error", f"the daemon speaks another language: {error}")
            self._link.close(timeout=1.0)
        self._orphaned()

    def _orphaned(self) -> None:
        os._exit(0 if self._stopping.is_set() else EXIT_ORPHANED)

    def _stop(self) -> None:
        """Leave soon, whatever the main thread is doing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._inbox.put(None)
        timer = threading.Timer(SHUTDOWN_GRACE, os._exit, args=(0,))
        timer.daemon = True
        timer.start()

    def _tend_memory(self) -> None:
        """Carry out what people ask of the model cache; it may have to wait while a model is loaded."""
        assert self._engine is not None
        while True:
            command = self._memory_inbox.get()
            try:
                match command:
                    case UnloadComponent():
                        self._engine.unload(command.key)
                    case ClearCache():
                        self._engine.clear_cache()
                    case SetLimits():
                        self._engine.set_limits(command.limits)
                self._link.send_droppable(self._heartbeat())
            except Exception as error:  # whatever it is, the item that runs is not to suffer
                traceback.print_exc()
                self.log("warning", f"the model cache could not be changed: {error}")

    def _beat(self) -> None:
        while True:
            faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
            self._link.send_droppable(self._heartbeat())
            if self._stopping.wait(self._settings.heartbeat_seconds):
                return

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(memory=self._memory(), item_id=self._running)

    def _memory(self) -> MemoryUse:
        if self._engine is not None:
            try:
                return self._engine.memory()
            except Exception:  # a broken device must not silence the heart-beat; the item will report it
                traceback.print_exc()
        machine = psutil.virtual_memory()
        return MemoryUse(
            ram_used=machine.total - machine.available,
            ram_total=machine.total,
            process_rss=psutil.Process().memory_info().rss,
        )

    def _listen_for_signals(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the front end
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

        def wait() -> None:
            signal.sigwait({signal.SIGTERM})
            self._stop()

        self._thread("signals", wait)

    def _thread(self, name: str, target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=name, daemon=True).start()
