"""The trash: a mark on the row, so that putting a picture there, and back, is one transaction and moves no file.

Purging writes down which pictures go, removes their files and then their rows, a few at a time. After a crash what
was begun is done to its end at the next start: nobody ever sees a row whose file is gone.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import TrashRecord
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database, state
from invoke_tui.studio.database.tables import image_texts, images, now
from invoke_tui.studio.gallery.files import sync_folder
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.thumbnails import Thumbnails
from invoke_tui.studio.gallery.whole import to_its_end

_AT_ONCE: Final = 100
_JOURNAL: Final = state.BEGUN + "purge"
_log = logging.getLogger(__name__)


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
        async with self._lists.files:  # not what is being purged
            return await self._lists.change(names, {"deleted_at": None})

    async def holds(self) -> TrashRecord:
        """How many pictures there are, and the space that purging frees."""
        total = select(func.count(), func.coalesce(func.sum(images.c.file_size), 0))
        chosen = total.where(images.c.deleted_at.is_not(None))
        count, size = await self._database.read(lambda c: tuple(c.execute(chosen).one()))
        return TrashRecord(count=count, size=size)

    async def purge(self, names: list[str] | None = None) -> TrashRecord:
        """Delete for good: pictures of the trash, or all of it. Files that lie elsewhere are left there.

        How many went and the bytes that were freed. Raises ``StudioError`` where a file cannot be removed.
        """
        count = size = 0
        while True:
            async with self._lists.files:
                gone, freed = await to_its_end(self._purge_some(names))
            if not gone:
                return TrashRecord(count=count, size=size)
            count, size = count + gone, size + freed

    async def finish(self) -> int:
        """Do the rest of a purge that was cut short; how many pictures went. Runs before the daemon serves."""
        text = await self._database.read(lambda c: state.get(c, _JOURNAL))
        waiting: dict[str, str] = json.loads(text) if text else {}
        if not waiting:
            return 0
        try:
            await self._go_on(waiting)
        except StudioError as error:
            _log.warning("%s It is in the trash still.", error.message)
            return 0
        _log.info("%d pictures that were being purged when the studio ended are gone", len(waiting))
        return len(waiting)

    async def _purge_some(self, names: list[str] | None) -> tuple[int, int]:
        waiting = await self._database.write(lambda c: _begin(c, names))
        return len(waiting), await self._go_on(waiting) if waiting else 0

    async def _go_on(self, waiting: dict[str, str]) -> int:
        """The files go, then the rows of those that went; bytes that were freed."""
        gone: list[str] = []
        freed, trouble = await asyncio.to_thread(self._remove, waiting, gone)
        await self._lists.write(lambda c: _forget(c, gone))
        if trouble is not None:
            raise StudioError(
                f"{trouble.filename} could not be removed: {trouble.strerror}.",
                hint="Check its folder's permissions.",
                code="not_removed",
            ) from trouble
        return freed

    def _remove(self, waiting: dict[str, str], gone: list[str]) -> tuple[int, OSError | None]:
        freed = 0
        left: set[Path] = set()
        try:
            for name, file in waiting.items():
                path = self._folder / file
                if not Path(file).is_absolute() and path.exists():
                    freed += path.stat().st_size
                    path.unlink()
                    left.add(path.parent)
                faults.pass_by("during-purge")
                self._thumbnails.forget(name)
                gone.append(name)
            for folder in left:
                sync_folder(folder)
        except OSError as error:
            return freed, error
        return freed, None


def _begin(connection: Connection, names: list[str] | None) -> dict[str, str]:
    """Some pictures that go now, written down; nothing is written down when there are none."""
    some = _some(connection, names)
    if some:
        state.put(connection, _JOURNAL, json.dumps(some))
    return some


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
    state.drop(connection, _JOURNAL)
