"""Files that are about to be copied in are written down first: after a crash those without a row are removed.

Such a file is a copy. Taken in as what a worker made, as other files without a row are, it would lose its board and
star, and the import that is started again would think it known.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import images, state

_PREFIX: Final = "import:"
_log = logging.getLogger(__name__)


def intend(connection: Connection, job_id: str, files: Sequence[str]) -> None:
    """These files, below the pictures' folder, are to be written."""
    values = {"name": _PREFIX + job_id, "value": json.dumps(list(files))}
    connection.execute(
        insert(state).values(values).on_conflict_do_update(index_elements=["name"], set_=values)
    )


def settle(connection: Connection, job_id: str) -> None:
    """They have their rows."""
    connection.execute(delete(state).where(state.c.name == _PREFIX + job_id))


async def undo(database: Database, folder: Path) -> int:
    """Remove what was intended and has no row; how many files. No import may be at work."""
    waiting = await database.read(_unsettled)
    gone = await asyncio.to_thread(_remove, folder, set[str]().union(*waiting.values()))
    if waiting:
        names = list(waiting)
        await database.write(lambda c: c.execute(delete(state).where(state.c.name.in_(names))).rowcount)
    if gone:
        _log.info("removed %d copies of an import that was cut off; start it again", gone)
    return gone


def _remove(folder: Path, files: set[str]) -> int:
    folder = folder.resolve()
    there = [path for file in files if (path := (folder / file).resolve()).is_file()]
    mine = [path for path in there if path.is_relative_to(folder)]
    for path in mine:
        path.unlink()
    return len(mine)


def _unsettled(connection: Connection) -> dict[str, set[str]]:
    """By the job: the files without a row."""
    found = {}
    for name, value in connection.execute(
        select(state.c.name, state.c.value).where(state.c.name.startswith(_PREFIX))
    ):
        files = set(json.loads(value))
        found[name] = files - set(connection.scalars(select(images.c.file).where(images.c.file.in_(files))))
    return found
