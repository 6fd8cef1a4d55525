"""A studio for tests: a root with a tiny model, and a real daemon with a real worker around the fake engine."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from PIL import Image

from invoke_tui.client import StudioClient
from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import load
from invoke_tui.domain.errors import UnreachableError
from invoke_tui.domain.events import Event
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from tests.studio.nursery import Nursery

T = TypeVar("T")
PATIENCE = 150.0
"""Seconds a condition may take on a slow, busy machine."""


def plant_model(
    models_dir: Path, name: str = "tiny", *, dimension: int = 768, prediction: str = "epsilon"
) -> Path:
    """A diffusers folder that the registry recognises; the fake engine reads no weights."""
    folder = models_dir / name
    files = {
        "model_index.json": {"_class_name": "StableDiffusionPipeline"},
        "unet/config.json": {"cross_attention_dim": dimension, "sample_size": 8, "in_channels": 4},
        "scheduler/scheduler_config.json": {"prediction_type": prediction},
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(content))
    return folder


class StudioHarness:
    """Starts, kills and watches the daemon of one root."""

    def __init__(self, root: Path, environment: pytest.MonkeyPatch, nursery: Nursery | None = None) -> None:
        self.root = root
        self._nursery = nursery
        self._environment = environment
        self.set(
            INVOKE_TUI_ENGINE="tests.support.fake_engine:FakeEngine",
            INVOKE_TUI_DEFAULT_MODEL="tiny",
            FAKE_STEP_SECONDS="0.01",
            FAKE_START_SECONDS="0",
        )
        self.paths: StudioPaths = load(root).paths
        plant_model(self.paths.models_dir)
        self.client: StudioClient | None = None

    def set(self, **variables: str) -> None:
        """Variables that the next daemon will see."""
        for name, value in variables.items():
            self._environment.setenv(name, value)

    def unset(self, *names: str) -> None:
        """Variables that the next daemon will not see."""
        for name in names:
            self._environment.delenv(name, raising=False)

    async def start(self) -> StudioClient:
        """Start a daemon, which must not run yet, and attach."""
        if self.client is not None:
            await self.client.close()
            self.client = None
        if self._nursery is None:
            self.client = await StudioClient.connect(self.paths, timeout=PATIENCE)
            return self.client
        pid = self._nursery.daemon(self.root)

        async def attached() -> StudioClient | None:
            assert alive(pid), (self.paths.logs_dir / "daemon.log").read_text()
            try:
                return await StudioClient.connect(self.paths, start=False)
            except UnreachableError:
                return None

        self.client = await until(attached)
        return self.client

    def pid(self) -> int:
        """The daemon's process."""
        return int(self.paths.lock_file.read_text())

    def kill(self) -> None:
        """kill -9, and wait until the process is gone."""
        pid = self.pid()
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        wait_gone(pid)

    def relocate(self) -> None:
        """Look anew where the settings say that things are."""
        self.paths = load(self.root).paths

    async def end(self) -> None:
        """Leave nothing running."""
        if self.client is not None:
            await self.client.close()
        if self.paths.lock_file.exists() and self.paths.lock_file.read_text().strip():
            children: list[psutil.Process] = []
            with suppress(psutil.NoSuchProcess):  # it may be ending by itself
                children = psutil.Process(self.pid()).children(recursive=True)
            self.kill()
            for child in children:
                if child.is_running():
                    child.kill()

    async def run(self, prompt: str, *, count: int = 1, steps: int = 3, seed: int = 1) -> list[QueueItem]:
        """Enqueue and wait for the end."""
        ids = await self.ask(prompt, count=count, steps=steps, seed=seed)
        return await self.finished(ids)

    async def ask(
        self, prompt: str, *, count: int = 1, steps: int = 3, seed: int = 1, front: bool = False
    ) -> list[int]:
        """Enqueue."""
        assert self.client is not None
        request = GenerationRequest(positive_prompt=prompt, count=count, steps=steps, seed=seed)
        return (await self.client.enqueue(request, front=front)).item_ids

    async def finished(self, ids: list[int]) -> list[QueueItem]:
        """Wait until the items are finished."""

        async def done() -> list[QueueItem] | None:
            assert self.client is not None
            items = [await self.client.item(item_id) for item_id in ids]
            return items if all(item.status.finished for item in items) else None

        return await until(done)

    async def running(self, item_id: int, attempt: int = 1) -> int:
        """Wait until the item is being denoised; the worker's pid."""
        assert self.client is not None
        async for event in self.client.events():
            states = [event, *getattr(event, "progress", [])]
            for state in states:
                if (
                    state.event == "progress"
                    and (state.item_id, state.attempt) == (item_id, attempt)
                    and state.step
                ):
                    return next(w.pid for w in (await self.client.status()).workers if w.state == "busy")
        raise AssertionError("the events ended")

    async def order(self) -> list[int]:
        """Pending items in the order they will be made."""
        assert self.client is not None
        page = await self.client.queue(status=ItemStatus.PENDING, limit=1000)
        return [i.item_id for i in sorted(page.items, key=lambda i: (-i.priority, i.position, i.item_id))]

    def check_pictures(self) -> list[Path]:
        """Every file in the gallery is a whole picture, and nothing else lies there."""
        pictures = sorted(self.paths.images_dir.glob("*.png"))
        for path in pictures:
            with Image.open(path) as image:
                image.load()
        rest = [p for p in self.paths.images_dir.iterdir() if p.is_file() and p.suffix != ".png"]
        assert rest == []
        return pictures


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_gone(pid: int) -> None:
    """Wait for the end of a process that is nobody's child here."""
    import time

    deadline = time.monotonic() + PATIENCE
    while alive(pid):
        assert time.monotonic() < deadline, f"process {pid} does not end"
        time.sleep(0.01)


async def until(condition: Callable[[], Awaitable[T | None]]) -> T:
    """Wait for a condition; what it found."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await condition()):
            await asyncio.sleep(0.03)
        return found


async def collect(
    client: StudioClient, last: Callable[[Event], bool], ready: asyncio.Event | None = None
) -> list[Event]:
    """Events up to the one that is ``last``."""
    seen: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        async for event in client.events():
            seen.append(event)
            if ready is not None:
                ready.set()
            if last(event):
                return seen
    raise AssertionError("the events ended")
