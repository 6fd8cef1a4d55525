"""One import: files are looked at one by one, and kept some at a time, each batch wholly or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, or_, select

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import FORMATS
from invoke_tui.domain.gallery.importing import MOST_TOLD, ImportJob, SkippedFile
from invoke_tui.domain.text import safe_text
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import SHELVES, images
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.files import subfolder, write_whole
from invoke_tui.studio.gallery.importing import journal
from invoke_tui.studio.gallery.importing.looking import Seen, digest_of, look_at, with_words
from invoke_tui.studio.gallery.importing.placing import Placing, base_of
from invoke_tui.studio.gallery.importing.source import Source, Wanted
from invoke_tui.studio.gallery.importing.sources import open_source
from invoke_tui.studio.gallery.store import Gallery

_BATCH: Final = 32
_BATCH_BYTES: Final = 16 * 2**20
_AHEAD: Final = 64
"""Entries of a list or database that are read at a time."""

Kept = tuple[Wanted, Seen]
Told = Callable[[list[str]], None]
"""Hears the names of pictures that were taken in just now."""
Place = tuple[Path, str]
"""The pictures' folder, and the strategy of its subfolders."""


class Import:
    """Takes in what an order says. ``stop`` ends it after the file at hand."""

    def __init__(
        self, job: ImportJob, database: Database, gallery: Gallery, place: Place, told: Told
    ) -> None:
        self._job, self._database, self._gallery, self._told = job, database, gallery, told
        self._folder, self._strategy = place[0].resolve(), place[1]
        self._began = time.monotonic()
        self._stop = asyncio.Event()
        self._strays: list[Wanted] = []  # InvokeAI's pictures that this studio found without knowing more

    @property
    def job(self) -> ImportJob:
        """How far it is."""
        seconds = time.monotonic() - self._began
        done = self._job.done
        return self._job.model_copy(update={"rate": done / seconds if done and seconds > 0 else None})

    @property
    def stopped(self) -> bool:
        """Whether somebody ended it."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End soon; what was taken stays."""
        self._stop.set()

    async def run(self) -> None:
        """All of it. Raises ``StudioError`` where the order cannot be, or the disk is full."""
        order = self._job.order
        self._began = time.monotonic()
        source = await asyncio.to_thread(open_source, order)
        try:
            self._note(kind=source.kind, total=source.total, notes=source.notes)
            placing = Placing(order, source, await base_of(order, self._gallery.boards))
            if source.boards:
                await self._write(placing, lambda c: placing.bring(c))
            await self._take_all(source, placing)
            await self._write(placing, lambda c: self._adopt(c, placing))
        finally:
            await asyncio.to_thread(source.close)

    async def _take_all(self, source: Source, placing: Placing) -> None:
        batch: list[Kept] = []
        while not self._stop.is_set():
            ahead = await asyncio.to_thread(lambda: list(islice(source.wanted, _AHEAD)))
            await self._database.write(lambda c: journal.write(c, self._job))
            for one in ahead:
                if self._stop.is_set():
                    break
                if isinstance(one, SkippedFile):
                    self._skip(one)
                elif (kept := await self._look(one, batch)) is not None:
                    batch.append(kept)
                if len(batch) >= _BATCH or sum(seen.held for _, seen in batch) > _BATCH_BYTES:
                    await self._keep(batch, placing)
                    batch = []
            if not ahead:
                break
        await self._keep(batch, placing)

    async def _look(self, wanted: Wanted, batch: list[Kept]) -> Kept | None:
        """A file that is to be kept; None where it is known or no picture, which is counted."""
        asked = wanted
        for row in await self._database.read(lambda c: _by_file(c, asked)):
            if await asyncio.to_thread(_still, asked, row, self._folder):
                if row["session_id"] is None and row["item_id"] is None and asked.values.get("session_id"):
                    self._strays.append(asked)
                self._known(row["deleted_at"], asked)
                return None
            if await asyncio.to_thread((self._folder / row["file"]).is_file):
                wanted = asked.without_name()  # another picture is called so
        try:
            seen = await asyncio.to_thread(look_at, wanted.path)
        except StudioError as error:
            reason = safe_text(error.message, limit=300).removeprefix(f"{safe_text(wanted.path.name)} ")
            self._skip(SkippedFile(path=safe_text(wanted.path), reason=reason))
            return None
        if any(seen.digest == other.digest for _, other in batch):
            self._known()
            return None
        alike = await self._database.read(lambda c: _alike(c, seen))
        for row in await asyncio.to_thread(_same, seen, alike, self._folder):
            self._known(row["deleted_at"], asked)
            return None
        return wanted, await asyncio.to_thread(with_words, seen, wanted.metadata)

    async def _keep(self, batch: list[Kept], placing: Placing) -> None:
        """Files first, then their rows in one transaction; files without rows do not stay, whatever happens."""
        if not batch:
            return
        batch = await asyncio.to_thread(lambda: [(self._named(*kept), kept[1]) for kept in batch])
        values = [self._values(wanted, seen) for wanted, seen in batch]
        copies = {
            value["file"]: seen.data
            for value, (wanted, seen) in zip(values, batch, strict=True)
            if not self._stays(wanted, seen)
        }
        assets = sum(value["image_category"] != "general" for value in values)
        counted = {"added": self._job.added + len(batch), "assets": self._job.assets + assets}
        after = self._job.model_copy(update=counted)

        def commit(connection: Connection) -> None:
            for value, (wanted, seen) in zip(values, batch, strict=True):
                if rows.file_of(connection, value["image_name"]) is None:
                    value["board_id"] = placing.board(connection, wanted)
                rows.keep(
                    connection, value, seen.metadata, program=seen.program, called=safe_text(wanted.path.stem)
                )
            journal.write(connection, after.model_copy(update={"boards": placing.made}))

        async with self._gallery.lists.files:
            if copies:
                await self._database.write(lambda c: journal.write(c, self._job, list(copies)))
            try:
                for file, data in copies.items():
                    await asyncio.to_thread(write_whole, self._folder / file, data)
                await self._write(placing, commit)
            except Exception:
                await journal.undo(self._database, self._folder)
                raise
        faults.pass_by("after-row")
        self._note(**counted)
        self._told([str(value["image_name"]) for value in values])

    def _adopt(self, connection: Connection, placing: Placing) -> None:
        """Give strays what InvokeAI knows of them, and boards their covers."""
        for wanted in self._strays:
            known = {name: value for name, value in wanted.values.items() if name != "image_name"}
            board = {"board_id": placing.board(connection, wanted)}
            rows.change(connection, [wanted.values["image_name"]], known | board)
        placing.covers(connection)

    async def _write(self, placing: Placing, work: Callable[[Connection], None]) -> None:
        try:
            await self._gallery.lists.write(work)
        except BaseException:
            placing.forget()
            raise
        self._note(boards=placing.made)

    def _values(self, wanted: Wanted, seen: Seen) -> dict[str, Any]:
        """The row's columns, but for the board."""
        made_with = seen.metadata is not None or seen.program is not None
        category = self._job.order.category or ("general" if made_with else "user")
        values = {
            "image_name": seen.image_name,
            "image_origin": "external",
            "image_category": category,
            "is_intermediate": False,
            "has_workflow": seen.has_workflow,
            "created_at": seen.changed_at,
            **wanted.values,
            "width": seen.width,
            "height": seen.height,
            "file_size": seen.size,
        }
        if self._stays(wanted, seen):
            mine = wanted.path.is_relative_to(self._folder)
            return values | {"file": str(wanted.path.relative_to(self._folder) if mine else wanted.path)}
        made = datetime.fromisoformat(values["created_at"])
        name = values["image_name"]
        return values | {
            "file": str(Path(subfolder(self._strategy, name, values["image_category"], made), name))
        }

    def _named(self, wanted: Wanted, seen: Seen) -> Wanted:
        """Called by its content where a file that holds something else has the place of its name."""
        if self._stays(wanted, seen):
            return wanted
        path = self._folder / self._values(wanted, seen)["file"]
        copy = seen.digest if isinstance(seen.data, Path) else hashlib.sha256(seen.data).hexdigest()
        return wanted if digest_of(path) in (None, copy) else wanted.without_name()

    def _stays(self, wanted: Wanted, seen: Seen) -> bool:
        """Whether the file is kept where it lies: as ordered, or as it lies in the gallery's own folder."""
        mine = wanted.path.is_relative_to(self._folder)
        return seen.keepable and (self._job.order.in_place or mine)

    def _known(self, deleted_at: str | None = None, wanted: Wanted | None = None) -> None:
        self._note(known=self._job.known + 1)
        if deleted_at is not None and wanted is not None:
            reason = "is in the gallery's trash; restore it there"
            self._tell(SkippedFile(path=safe_text(wanted.path), reason=reason))

    def _skip(self, skipped: SkippedFile) -> None:
        self._note(skipped=self._job.skipped + 1)
        self._tell(skipped)

    def _tell(self, skipped: SkippedFile) -> None:
        if len(self._job.told) < MOST_TOLD:
            self._note(told=(*self._job.told, skipped))

    def _note(self, **changes: Any) -> None:
        self._job = self._job.model_copy(update=changes)


Row = dict[str, Any]
_COLUMNS: Final = (
    images.c.image_name,
    images.c.file,
    images.c.file_size,
    images.c.deleted_at,
    images.c.session_id,
    images.c.item_id,
)


def _by_file(connection: Connection, wanted: Wanted) -> list[Row]:
    """The rows of a file that lies where it lay when it was taken in place, and of InvokeAI's name."""
    same = images.c.file == str(wanted.path)
    if name := wanted.values.get("image_name"):
        same = or_(same, images.c.image_name == name)
    return [dict(row) for row in connection.execute(select(*_COLUMNS).where(same)).mappings()]


def _still(wanted: Wanted, known: Row, folder: Path) -> bool:
    """Whether a row stands for a file as it is now: nothing needs to be read then."""
    try:
        same: bool = wanted.path.stat().st_size == known["file_size"]
        return same and (folder / known["file"]).is_file()
    except OSError:
        return False


def _alike(connection: Connection, seen: Seen) -> list[Row]:
    """The rows that may have the same content: by name, or by size."""
    sized = images.c.shelf.in_(SHELVES.values()) & (images.c.file_size == seen.size)
    chosen = select(*_COLUMNS).where(or_(images.c.image_name.in_(_names(seen)), sized))
    return [dict(row) for row in connection.execute(chosen).mappings()]


def _same(seen: Seen, alike: list[Row], folder: Path) -> list[Row]:
    """The first row whose file holds the same; one whose file is gone is no obstacle."""
    for row in alike:
        digest = digest_of(folder / row["file"])
        if digest is not None and (digest == seen.digest or row["image_name"] in _names(seen)):
            return [row]
    return []


def _names(seen: Seen) -> list[str]:
    """What this content is called, as it is or as a PNG that was made of it."""
    return [Path(seen.image_name).stem + suffix for suffix in FORMATS]
