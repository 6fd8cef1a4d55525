"""One work on the gallery's files at a time, told as it goes. Hanging up ends it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import Settings
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.keeping import (
    FINDINGS,
    ArrangeOrder,
    ArrangePlan,
    ArrangeReport,
    BackupReport,
    CheckReport,
    FindingKind,
    MoveReport,
    RebuildReport,
    SpaceReport,
    Step,
    ThumbnailReport,
)
from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.database.tables import images
from invoke_tui.studio.gallery.importing import journal
from invoke_tui.studio.gallery.importing.service import Imports
from invoke_tui.studio.gallery.keeping.arranging import Arranging
from invoke_tui.studio.gallery.keeping.checks import Checked, check
from invoke_tui.studio.gallery.keeping.moving import move_folder, settle
from invoke_tui.studio.gallery.keeping.rebuilding import is_begun, rebuild
from invoke_tui.studio.gallery.keeping.repairs import Repairs
from invoke_tui.studio.gallery.keeping.space import measure
from invoke_tui.studio.gallery.recovery import recover
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.queue.service import Queue

_LEAVING: Final = "brought to another folder"


class Keeping:
    """Looks after the files of one gallery."""

    def __init__(
        self,
        database: Database,
        paths: StudioPaths,
        gallery: Gallery,
        queue: Queue,
        imports: Imports,
        stop: Callable[[str], None],
    ) -> None:
        self._database = database
        self._paths = paths
        self._gallery = gallery
        self._queue = queue
        self._imports = imports
        self._stop = stop
        self._at_work = ""
        self._left = False
        self._begun: ArrangeOrder | None = None
        self._arranging = Arranging(database, gallery.lists, gallery.places, paths.images_dir)

    async def finish_begun(self) -> None:
        """After a crash, before anything looks at the files: end or undo what was begun and half done."""
        await settle(self._database, self._paths)
        self._begun = await self._arranging.resume()
        await self._gallery.trash.finish()
        await journal.undo(self._database, self._paths.images_dir)
        await recover(self._database, self._paths)
        await self._imports.open()

    async def go_on(self) -> None:
        """Do the rest of what was begun, while the daemon serves; the queue need not wait."""
        if self._begun is not None:
            async with self._alone("moved"), aclosing(self._arranging.arrange(self._begun)) as arranging:
                async for _ in arranging:
                    pass
        if await self._database.read(is_begun):
            async with aclosing(self.rebuild()) as rebuilding:
                async for _ in rebuilding:
                    pass

    def require_folder(self) -> None:
        """Raise ``StudioError`` while the folder is being left: who writes into it now would write into the old one."""
        if self._at_work == _LEAVING:
            raise StudioError(
                "The pictures are being moved to another folder.", hint="Try again after that.", code="busy"
            )

    async def check(
        self, *, repair: bool, kinds: Collection[FindingKind] = FINDINGS
    ) -> AsyncGenerator[Step | CheckReport]:
        """Find what is wrong with files and rows, and mend ``kinds`` of it where that is asked for."""
        async with self._alone("checked"):
            checked = Checked()
            async with aclosing(check(self._database, self._gallery.lists, self._paths)) as checking:
                async for told in checking:
                    if isinstance(told, Step):
                        yield told
                    else:
                        checked = told
            if not repair:
                yield CheckReport(pictures=checked.pictures, files=checked.files, findings=checked.findings)
                return
            repairs = Repairs(self._database, self._gallery.lists, self._paths)
            async with aclosing(repairs.mend(checked, kinds)) as mending:
                async for said in mending:
                    yield said

    async def rebuild(self) -> AsyncGenerator[Step | RebuildReport]:
        """List pictures anew from what their files say."""
        reading = rebuild(self._database, self._gallery.lists, self._paths)
        async with self._alone("listed anew"), aclosing(reading):
            async for told in reading:
                yield told

    async def plan(self, order: ArrangeOrder) -> ArrangePlan:
        """What ``arrange`` would do."""
        return await self._arranging.plan(order)

    async def arrange(self, order: ArrangeOrder) -> AsyncGenerator[Step | ArrangeReport]:
        """Move pictures within the folder. Refused while the queue runs."""
        async with self._alone("moved"):
            await self._require_rest()
            try:
                async with aclosing(self._arranging.arrange(order)) as arranging:
                    async for told in arranging:
                        yield told
            except (asyncio.CancelledError, GeneratorExit):
                await self._arranging.give_up()
                raise

    async def move(self, outputs_dir: str) -> AsyncGenerator[Step | MoveReport]:
        """Move the folder, and end the daemon, whose settings are those of before. Refused while the queue or an import
        runs, which is refused meanwhile."""
        target = Path(outputs_dir)
        if not target.is_absolute():
            raise BadInputError("The new folder needs its whole path.", code="bad_folder")
        async with self._alone(_LEAVING):
            await self._require_rest()
            self._require_no_import()
            files = self._gallery.lists.files
            await files.acquire()
            moved = asyncio.Event()
            try:
                await self._gallery.keep_thumbnails(False)
                async with aclosing(move_folder(self._database, self._paths, target, moved.set)) as moving:
                    async for told in moving:
                        yield told
            finally:
                if moved.is_set():  # and nothing is written any more: this daemon knows the old folder
                    self._left = True
                    self._stop(f"the pictures are in {target} now")
                else:
                    await self._gallery.keep_thumbnails(True)
                    files.release()

    async def thumbnails(self) -> AsyncGenerator[Step | ThumbnailReport]:
        """Make every thumbnail anew."""
        async with self._alone("given new thumbnails"):
            chosen = select(images.c.image_name).where(images.c.shelf >= 0).order_by(images.c.id.desc())
            names = await self._database.read(lambda c: list(c.scalars(chosen)))
            failed = 0
            for number, name in enumerate(names):
                if number % 10 == 0:
                    yield Step(doing="making thumbnails", done=number, total=len(names))
                try:
                    await self._gallery.thumbnail(name, anew=True)
                except StudioError:
                    failed += 1
            yield ThumbnailReport(made=len(names) - failed, failed=failed)

    async def space(self, settings: Settings) -> SpaceReport:
        """What the gallery takes on the disk."""
        return await measure(self._database, self._paths, settings)

    async def back_up(self, file: str | None) -> BackupReport:
        """Copy the database, to its backups or to a file."""
        target = None if file is None else Path(file)
        if target is not None and (not target.is_absolute() or await asyncio.to_thread(target.is_dir)):
            raise BadInputError("A backup needs the whole path of a file.", code="bad_output")
        try:
            path = await asyncio.to_thread(migrate.back_up, self._database.path, target)
        except (OSError, sqlite3.Error) as error:
            where = target or self._database.path.parent
            raise StudioError(f"{where} could not be written: {error}.", code="not_written") from error
        count = await self._database.read(_count)
        return BackupReport(path=str(path), size=path.stat().st_size, pictures=count)

    @asynccontextmanager
    async def _alone(self, doing: str) -> AsyncIterator[None]:
        if self._at_work:
            raise StudioError(
                f"The gallery's files are being {self._at_work}.",
                hint="Wait until that is done.",
                code="busy",
            )
        self._at_work = doing
        try:
            yield
        finally:
            if not self._left:
                self._at_work = ""

    async def _require_rest(self) -> None:
        counts = await self._queue.counts()
        if counts.in_progress or (counts.pending and self._queue.pause_state is None):
            raise StudioError(
                "The queue is at work: pictures are about to be written.",
                hint="Pause it and wait for the running item: invoke-tui queue pause.",
                code="queue_running",
            )

    def _require_no_import(self) -> None:
        if self._imports.active:
            raise StudioError(
                "An import is at work: pictures are about to be written.",
                hint="Wait for its end, or end it: 'invoke-tui gallery imports' lists it.",
                code="import_running",
            )


def _count(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(images)) or 0
