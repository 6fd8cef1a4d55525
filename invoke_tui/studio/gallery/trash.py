"""The trash: a mark on the row, so that putting a picture there, and back, is one transaction and moves no file.

Purging removes the file first and the row after it. A crash in between leaves a row of the trash without a file,
which ``finish`` removes at the next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.images import TrashRecord
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import image_texts, images, now
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.thumbnails import Thumbnails

_AT_ONCE = 100


class Trash:
    """What was deleted and can still be had back."""

    def __init__(self, database: Database, paths: StudioPaths, lists: Lists, thumbnails: Thumbnails) -> None:
        self._database = database
        self._folder = paths.images_dir
        self._lists = lists
        self._thumbnails = thumbnails

    async def put(self, names: list[str]) -> int:
        """Delete pictures so that they can be had back; how many."""
        return await self._lists.change(names, {"deleted_at": now()})

    async def restore(self, names: list[str]) -> int:
        """Have pictures back, on the boards where they were; how many."""
        return await self._lists.change(names, {"deleted_at": None})

    async def holds(self) -> TrashRecord:
        """How many pictures there are, and the space that purging frees."""
        total = select(func.count(), func.coalesce(func.sum(images.c.file_size), 0))
        chosen = total.where(images.c.deleted_at.is_not(None))
        count, size = await self._database.read(lambda c: tuple(c.execute(chosen).one()))
        return TrashRecord(count=count, size=size)

    async def purge(self, names: list[str] | None = None) -> TrashRecord:
        """Delete for good: pictures of the trash, or all of it. Files that lie elsewhere are left there.

        How many went and the bytes that were freed.
        """
        count = size = 0
        while True:
            async with self._lists.files:
                waiting = await self._database.read(lambda c: _some(c, names))
                if not waiting:
                    return TrashRecord(count=count, size=size)
                freed = await asyncio.to_thread(self._remove, waiting)
                await self._lists.write(lambda c, gone=list(waiting): _forget(c, gone))  # type: ignore[misc]
            count, size = count + len(waiting), size + freed

    async def finish(self) -> int:
        """Remove the rows of a purge that was cut short; how many. Runs when the daemon starts."""
        marked = select(images.c.image_name, images.c.file).where(images.c.deleted_at.is_not(None))
        rows_ = await self._database.read(lambda c: [tuple(row) for row in c.execute(marked)])
        gone = [
            name
            for name, file in rows_
            if not Path(file).is_absolute() and not (self._folder / file).exists()
        ]
        if gone:
            await self._lists.write(lambda c: _forget(c, gone))
        return len(gone)

    def _remove(self, waiting: dict[str, str]) -> int:
        freed = 0
        for name, file in waiting.items():
            if not Path(file).is_absolute():
                path = self._folder / file
                try:
                    freed += path.stat().st_size
                    path.unlink()
                except FileNotFoundError:
                    pass
            faults.pass_by("during-purge")
            self._thumbnails.forget(name)
        return freed


def _some(connection: Connection, names: list[str] | None) -> dict[str, str]:
    chosen = select(images.c.image_name, images.c.file).where(images.c.deleted_at.is_not(None))
    if names is None:
        return _pairs(connection.execute(chosen.limit(_AT_ONCE)))
    found: dict[str, str] = {}
    for start in range(0, len(names), 500):
        few = chosen.where(images.c.image_name.in_(names[start : start + 500])).limit(_AT_ONCE)
        found |= _pairs(connection.execute(few))
        if len(found) >= _AT_ONCE:
            break
    return found


def _pairs(found: Iterable[Any]) -> dict[str, str]:
    return {row[0]: row[1] for row in found}


def _forget(connection: Connection, names: list[str]) -> None:
    chosen = select(images.c.id).where(images.c.image_name.in_(names))
    # by hand and not by cascade: the triggers of the search need it so
    connection.execute(delete(image_texts).where(image_texts.c.id.in_(chosen)))
    connection.execute(delete(images).where(images.c.image_name.in_(names)))
