"""Keeping what workers make: temp → fsync → rename → row, and only under the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.images import ImageCategory, ImageRecord
from invoke_tui.domain.protocol import ImageMade
from invoke_tui.domain.queue import QueueItem
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.boards import Boards, board_for
from invoke_tui.studio.gallery.files import checked_name, subfolder, write_whole
from invoke_tui.studio.gallery.intake import Look, as_png, look, taken_name
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.png import DamagedPictureError, inspect
from invoke_tui.studio.gallery.thumbnails import Thumbnails
from invoke_tui.studio.gallery.trash import Trash
from invoke_tui.studio.queue.rows import Lease, holds

PREVIEW: Final = "control_preview"
"""Destination of items whose picture goes to whoever waits for it, and not into the gallery."""


class Gallery:
    """The pictures of one root."""

    def __init__(self, database: Database, paths: StudioPaths, strategy: str = "flat") -> None:
        self._database = database
        self._folder = paths.images_dir
        self._strategy = strategy
        self._thumbnails = Thumbnails(paths.thumbnails_dir)
        self._expected: dict[int, asyncio.Future[bytes]] = {}
        self._unpacking = asyncio.Semaphore()
        self.lists = Lists(database, self._folder)
        self.boards = Boards(database, self.lists)
        self.trash = Trash(database, paths, self.lists, self._thumbnails)

    async def keep(self, item: QueueItem, lease: Lease, made: ImageMade, data: bytes) -> ImageRecord | None:
        """Write a worker's picture; None when the lease is lost, and then nothing of it stays.

        The name is the same for the same work, so an attempt that comes after a crash overwrites what was there.
        """
        if item.destination == PREVIEW:
            if (waiting := self._expected.get(item.item_id)) is not None and not waiting.done():
                waiting.set_result(data)
            return None
        name = checked_name(made.image_name)
        facts = inspect(data)
        if (facts.width, facts.height) != (made.width, made.height):
            raise DamagedPictureError(
                f"The worker announced {made.width}x{made.height} pixels and sent {facts.width}x{facts.height}."
            )
        held, kept_in = await self._database.read(lambda c: (_held(c, lease), rows.file_of(c, name)))
        if not held:
            return None
        below = kept_in or self._place(name, made.image_category, item.created_at)
        path = self._folder / below
        await asyncio.to_thread(write_whole, path, data)
        values = {
            "image_name": name,
            "image_origin": "internal",
            "image_category": made.image_category,
            "width": made.width,
            "height": made.height,
            "item_id": item.item_id,
            "session_id": item.session_id,
            "node_id": made.node_id,
            "is_intermediate": made.is_intermediate,
            "has_workflow": facts.has_workflow,
            "file": below,
            "file_size": len(data),
        }

        def commit(connection: Connection) -> ImageRecord | None:
            if not _held(connection, lease):
                return None
            board = {"board_id": board_for(connection, made.board_id)} if kept_in is None else {}
            rows.keep(connection, values | board, made.metadata)
            return rows.find(connection, name, self._folder)

        record = await self.lists.write(commit)
        faults.pass_by("after-row")
        if record is None and kept_in is None:
            path.unlink(missing_ok=True)
        self._thumbnails.forget(name)
        return record

    @contextmanager
    def handed_over(self, item_id: int) -> Iterator[asyncio.Future[bytes]]:
        """The picture of an item whose destination is ``PREVIEW``, once it is made. It is kept nowhere."""
        waiting = self._expected[item_id] = asyncio.get_running_loop().create_future()
        try:
            yield waiting
        finally:
            del self._expected[item_id]

    async def take(self, data: bytes, *, category: ImageCategory, called: str) -> ImageRecord:
        """Take a picture in that a person brings; the same file twice is one picture.

        Whatever kind of file it is, a PNG is kept; one that is a plain PNG stays as it is, metadata included.
        """
        name = taken_name(data)
        known = await self._database.read(lambda c: rows.find(c, name, self._folder))
        if known is not None and await asyncio.to_thread(Path(known.path).is_file):
            return known
        # the largest that are taken need more than a gigabyte while they are read
        async with self._unpacking:
            whole = await asyncio.to_thread(as_png, data, called)
        facts = inspect(whole)
        below = self._place(name, category, datetime.now(UTC))
        await asyncio.to_thread(write_whole, self._folder / below, whole)
        values = {
            "image_name": name,
            "image_origin": "external",
            "image_category": category,
            "width": facts.width,
            "height": facts.height,
            "is_intermediate": False,
            "has_workflow": facts.has_workflow,
            "file": below,
            "file_size": len(whole),
        }

        def commit(connection: Connection) -> ImageRecord | None:
            rows.keep(connection, values, facts.metadata)
            return rows.find(connection, name, self._folder)

        record = await self.lists.write(commit)
        assert record is not None, "it was written just now"
        return record

    async def look(self, name: str) -> Look:
        """What a picture's pixels say: its size, how much shows through, how light it is."""
        return await asyncio.to_thread(look, await self.file(name))

    async def record(self, name: str) -> ImageRecord:
        """One picture's record. Only names the database knows are ever turned into paths."""
        found = await self._database.read(lambda c: rows.find(c, checked_name(name), self._folder))
        if found is None:
            raise NotFoundError(f"There is no picture {name}.", hint="`invoke-tui gallery list` shows them.")
        return found

    async def file(self, name: str) -> Path:
        """Where a picture lies."""
        path = Path((await self.record(name)).path)
        if not await asyncio.to_thread(path.is_file):
            raise NotFoundError(f"The file of {name} is gone: {path}.", code="file_missing")
        return path

    async def thumbnail(self, name: str) -> bytes:
        """A small WebP of a picture, made on first use."""
        return await self._thumbnails.get(name, await self.file(name))

    async def paths_of(self, image_names: set[str]) -> dict[str, str]:
        """The paths of pictures a graph names."""
        return {name: str(await self.file(name)) for name in sorted(image_names)}

    def _place(self, name: str, category: str, made: datetime) -> str:
        """The file of a new picture, below the folder."""
        return str(Path(subfolder(self._strategy, name, category, made), name))


def _held(connection: Connection, lease: Lease) -> bool:
    return bool(connection.scalar(select(func.count()).where(holds(lease))))
