"""Imports at work are written down: what was asked for, how far they are, and the files that are about to be written.

After a crash files without a row are removed. Such a file is a copy: taken in as what a worker made, as other files
without a row are, it would lose its board and star, and the import that is begun again would think it known.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from sqlalchemy import Connection, select

from invoke_tui.domain.base import Record
from invoke_tui.domain.gallery.importing import ImportJob
from invoke_tui.studio.database import Database, state
from invoke_tui.studio.database.tables import images
from invoke_tui.studio.gallery.files import sync_folder

_PREFIX: Final = state.BEGUN + "import:"
_log = logging.getLogger(__name__)


class Entry(Record):
    """An import that has not ended. ``files``, below the pictures' folder, are to be written."""

    job: ImportJob
    files: tuple[str, ...] = ()


def write(connection: Connection, job: ImportJob, files: Sequence[str] = ()) -> None:
    """How far a job is, and what it is going to write; without ``files`` they all have their rows."""
    entry = Entry(job=job.model_copy(update={"told": ()}), files=tuple(files))
    state.put(connection, _PREFIX + job.job_id, entry.model_dump_json())


def close(connection: Connection, job_id: str) -> None:
    """The job came to an end, or is given up."""
    state.drop(connection, _PREFIX + job_id)


async def unfinished(database: Database) -> list[ImportJob]:
    """The jobs that were at work when the last daemon ended, oldest first."""
    jobs = [entry.job.interrupted() for entry in await database.read(_entries)]
    return sorted(jobs, key=lambda job: job.created_at)


async def undo(database: Database, folder: Path) -> int:
    """Remove files that were to be written and have no row; how many. No import may be writing."""
    entries = [entry for entry in await database.read(_entries) if entry.files]
    files = await database.read(lambda c: _without_row(c, {file for one in entries for file in one.files}))
    gone = await asyncio.to_thread(_remove, folder, files)
    if entries:
        await database.write(lambda c: _settle(c, entries))
    if gone:
        _log.info("removed %d copies of an import that was cut off; begin it again", gone)
    return gone


def _entries(connection: Connection) -> list[Entry]:
    found = []
    for name, text in state.below(connection, _PREFIX).items():
        try:
            found.append(Entry.model_validate_json(text))
        except ValidationError:  # another version's; what it left is found by verify
            _log.warning("%s cannot be read", name)
    return found


def _settle(connection: Connection, entries: list[Entry]) -> None:
    for entry in entries:
        write(connection, entry.job)


def _without_row(connection: Connection, files: set[str]) -> set[str]:
    return files - set(connection.scalars(select(images.c.file).where(images.c.file.in_(files))))


def _remove(folder: Path, files: set[str]) -> int:
    folder = folder.resolve()
    there = [path for file in files if (path := (folder / file).resolve()).is_file()]
    mine = [path for path in there if path.is_relative_to(folder)]
    gone = [path for path in mine if _removed(path)]
    for parent in {path.parent for path in gone}:
        sync_folder(parent)
    return len(gone)


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError as error:  # which must not keep the studio from starting; verify finds the file
        _log.warning("%s could not be removed: %s", path, error)
        return False
    return True
