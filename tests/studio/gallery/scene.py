"""A gallery whose daemon dies at any moment, and what must be true when the next one serves."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import CanceledError, StudioError, UnreachableError
from invoke_tui.domain.gallery.images import ImageRecord, Listing, Selection
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder
from invoke_tui.domain.gallery.keeping import CheckReport
from tests.studio.fuse import VARIABLE, Fuse
from tests.studio.harness import StudioHarness, until, wait_gone

Way = Literal["clock", "fuse", "term", "hang up"]
"""kill -9 after a time, or at an operation; SIGTERM; the front end goes."""
WAYS: tuple[Way, ...] = ("clock", "fuse", "clock", "fuse", "term")
Work = Callable[[], Awaitable[object]]


class Scene:
    """One root. ``contents`` are the digests of all pictures there ever were, ``repaired`` what checks had to mend."""

    def __init__(self, studio: StudioHarness, room: Path, empty: Path, seed: int) -> None:
        self.studio, self.room, self.chance = studio, room, random.Random(seed)
        self.contents: set[str] = set()
        self.repaired: Counter[str] = Counter()
        self.client: StudioClient
        self._fuse = Fuse(room / "fuse")
        self._lengths: dict[str, tuple[int, float]] = {}
        studio.set(**{VARIABLE: str(room / "fuse")})
        studio.paths.prepare()
        shutil.copyfile(empty, room / "empty.db")
        shutil.copyfile(empty, studio.paths.database)

    async def start(self) -> None:
        """A daemon that serves and has ended what the last one began."""
        self.studio.relocate()
        self.client = await self.studio.start()

        async def settled() -> bool:
            return not self.begun("arrange", "rebuild")

        await until(settled)

    async def die(self, work: Work, *ways: Way, kind: str = "") -> None:
        """Do the work while the daemon dies in one of these ways; the next one serves afterwards.

        The first time that this ``kind`` of work is done nobody dies: it is measured how long it takes.
        """
        if kind not in self._lengths:
            count, began = self._fuse.count, time.monotonic()
            await work()
            self._lengths[kind] = self._fuse.count - count, time.monotonic() - began
        else:
            await self._cut_off(work, self.chance.choice(ways or WAYS), *self._lengths[kind])
        if not self.studio.paths.socket.exists() or not await self._serves():
            await self.start()

    async def _cut_off(self, work: Work, way: Way, operations: int, seconds: float) -> None:
        pid = self.studio.pid()
        if way == "fuse":
            self._fuse.light(self.chance.randint(1, operations))
        task = asyncio.ensure_future(work())
        if way != "fuse":
            await asyncio.wait({task}, timeout=self.chance.uniform(0, seconds))
        if way == "hang up":
            task.cancel()
        elif way == "clock":
            self.studio.kill()
        elif way == "term":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        with contextlib.suppress(UnreachableError, CanceledError, asyncio.CancelledError):
            await task
        if way != "hang up":
            if way != "term":
                self.studio.kill()
            wait_gone(pid)
        self._fuse.light(0)

    async def _serves(self) -> bool:
        try:
            await self.client.status()
        except UnreachableError:
            return False
        return True

    async def sound(self) -> dict[str, ImageRecord]:
        """Everything agrees, after a repair if need be; every picture by the digest of its file."""
        report = await self.verified()
        if report.findings:
            mended = await self.verified(repair=True)
            assert mended.left == 0, mended.findings
            self.repaired.update(f"{one.kind}: {one.repair.split()[0]}" for one in mended.findings)
            assert (again := await self.verified()).findings == [], again.findings
        records = await self.records()
        pictures = self.studio.paths.images_dir
        files = {path for path in pictures.rglob("*") if path.is_file() and path.parent.name != "thumbnails"}
        assert files == {Path(one.path) for one in records if Path(one.path).is_relative_to(pictures)}
        assert [path for path in self.room.rglob(".*") if not path.name.endswith("lock")] == []
        assert set(self.begun()) <= {"import"}
        present = {digest(Path(one.path)): one for one in records}
        assert len(present) == len(records), "each content once"
        assert present.keys() <= self.contents, "no other content"
        return present

    async def verified(self, *, repair: bool = False) -> CheckReport:
        """What a check says, once what a crash left is done."""
        while True:
            try:
                return await self.client.verify_gallery(repair=repair)
            except UnreachableError:  # a daemon that had moved the folder and was ending
                wait_gone(self.studio.pid())
                await self.start()
            except StudioError as error:
                if error.code != "busy":
                    raise
                await asyncio.sleep(0.02)

    async def records(self, *, trash: bool | None = None) -> list[ImageRecord]:
        """Every picture, in the trash and not."""
        wanted = (False, True) if trash is None else (trash,)
        pages = [await self.client.images(Listing(view="all", trash=one), limit=1000) for one in wanted]
        return [image for page in pages for image in page.images]

    async def bring(self, path: Path, **order: Any) -> ImportJob:
        """Import to the end."""
        job = await self.client.start_import(ImportOrder(path=str(path), **order))
        while not job.status.finished:
            await asyncio.sleep(0.01)
            job = await self.client.import_job(job.job_id)
        return job

    async def clear(self) -> None:
        """Have no picture left."""
        await self.client.delete_images(Selection(listing=Listing(view="all")))
        await self.client.purge_images()

    def begun(self, *kinds: str) -> list[str]:
        """Works that are to be ended, says the database."""
        with closing(sqlite3.connect(self.studio.paths.database)) as connection:
            found = connection.execute("SELECT name, value FROM state WHERE name LIKE 'begun:%'").fetchall()
        works = [name.split(":")[1] for name, value in found if value != "lost"]
        return [work for work in works if not kinds or work in kinds]


def digest(path: Path) -> str:
    """What a file holds."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
