"""Keeping what workers make: temp → fsync → rename → row, and only under the lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.gallery.images import ImageCategory, ImageRecord, Thumbnail
from invoke_tui.domain.protocol import ImageMade
from invoke_tui.domain.running.queue import QueueItem
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import stamp
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.boards import Boards, board_for
from invoke_tui.studio.gallery.files import checked_name, write_whole
from invoke_tui.studio.gallery.formats import facts_of
from invoke_tui.studio.gallery.intake import Look, as_png, look, taken_name
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.naming import Naming, Places, board_name, values_of
from invoke_tui.studio.gallery.png import DamagedPictureError, PictureFacts
from invoke_tui.studio.gallery.thumbnails import Thumbnails
from invoke_tui.studio.gallery.trash import Trash
from invoke_tui.studio.queue.rows import Lease, holds

PREVIEW: Final = "control_preview"
"""Destination of items whose picture goes to whoever waits for it, and not into the gallery."""


class Gallery:
    """The pictures of one root."""

    def __init__(
        self, database: Database, paths: StudioPaths, strategy: str = "flat", template: str = ""
    ) -> None:
        self._database = database
        self._folder = paths.images_dir
        self._naming = Naming(strategy, template)
        self.places = Places(database, self._folder)
        self._thumbnails = Thumbnails(paths.thumbnails_dir)
        self._expected: dict[int, asyncio.Future[bytes]] = {}
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
        checked_name(made.image_name)
        facts = facts_of(data)
        if (facts.width, facts.height) != (made.width, made.height):
            raise DamagedPictureError(
                f"The worker announced {made.width}x{made.height} pixels and sent {facts.width}x{facts.height}."
            )
        async with self.lists.files:
            return await self._keep(item, lease, made, data, facts)

    async def _keep(
        self, item: QueueItem, lease: Lease, made: ImageMade, data: bytes, facts: PictureFacts
    ) -> ImageRecord | None:
        name = made.image_name
        known = await self._database.read(lambda c: _known(c, lease, name, made.board_id))
        if known is None:
            return None
        kept_in, board = known
        at = datetime.now(UTC)
        said = values_of(
            made.metadata, width=made.width, height=made.height, item_id=item.item_id, board=board
        )
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
            "file_size": len(data),
            "created_at": stamp(at),
        }
        if kept_in is not None:
            return await self._write(data, values | {"file": kept_in}, made, lease, new=False)
        async with self.places.free([self._naming.path(name, made.image_category, at, said)]) as [below]:
            return await self._write(data, values | {"file": below}, made, lease, new=True)

    async def _write(
        self, data: bytes, values: dict[str, Any], made: ImageMade, lease: Lease, *, new: bool
    ) -> ImageRecord | None:
        """The file, then its row; a new file goes again when the lease was lost meanwhile."""
        path, name = self._folder / values["file"], values["image_name"]
        await asyncio.to_thread(write_whole, path, data)

        def commit(connection: Connection) -> ImageRecord | None:
            if not _held(connection, lease):
                return None
            board = {"board_id": board_for(connection, made.board_id)} if new else {}
            rows.keep(connection, values | board, made.metadata)
            return rows.find(connection, name, self._folder)

        record = await self.lists.write(commit)
        faults.pass_by("after-row")
        if record is None and new:
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
        whole = await asyncio.to_thread(as_png, data, called)
        facts = facts_of(whole)
        below = self._place(name, category, datetime.now(UTC))
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

        async with self.lists.files:
            await asyncio.to_thread(write_whole, self._folder / below, whole)
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

    async def beginning(self, start: str) -> list[str]:
        """Names of pictures that begin so, twenty at most."""
        return await self._database.read(lambda c: rows.beginning(c, start))

    async def file(self, name: str) -> Path:
        """Where a picture lies."""
        path = Path((await self.record(name)).path)
        if not await asyncio.to_thread(path.is_file):
            raise NotFoundError(f"The file of {name} is gone: {path}.", code="file_missing")
        return path

    async def thumbnail(self, name: str, *, anew: bool = False) -> bytes:
        """A small WebP of a picture, made on first use, or ``anew``."""
        if anew:
            self._thumbnails.forget(checked_name(name))
        return await self._thumbnails.get(name, await self.file(name))

    async def keep_thumbnails(self, kept: bool) -> None:
        """Whether new ones are kept, from the end of this on: their folder may be about to move."""
        await self._thumbnails.keep(kept)

    async def thumbnails(self, names: Sequence[str]) -> AsyncGenerator[Thumbnail]:
        """Small WebPs in the order of the names, each as soon as it is there."""
        files = await self._database.read(lambda c: rows.files_of(c, names))
        for name in names:
            file = files.get(name)
            yield (
                await self._thumbnails.told(name, self._folder / file)
                if file is not None
                else Thumbnail(image_name=name, problem="missing")
            )

    async def paths_of(self, image_names: set[str]) -> dict[str, str]:
        """The paths of pictures a graph names."""
        return {name: str(await self.file(name)) for name in sorted(image_names)}

    def _place(self, name: str, category: str, made: datetime) -> str:
        """The file of a picture that is brought, below the folder: templates are for those that are made."""
        return Naming(self._naming.strategy).path(name, category, made, {})


def _held(connection: Connection, lease: Lease) -> bool:
    return bool(connection.scalar(select(func.count()).where(holds(lease))))


def _known(
    connection: Connection, lease: Lease, name: str, board_id: str | None
) -> tuple[str | None, str | None] | None:
    """Where the picture lies already, and the name of the board for it; None when the lease is lost."""
    if not _held(connection, lease):
        return None
    return rows.file_of(connection, name), board_name(connection, board_for(connection, board_id))
