"""Pictures whose metadata was read by an older version, or never, are read while the daemon runs."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, update

from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import image_texts, images
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.reading import VERSION, Said, read_metadata

_AT_ONCE: Final = 200
_PAUSE: Final = 0.02
"""Seconds in which others may write."""
_log = logging.getLogger(__name__)


async def catch_up(database: Database, lists: Lists, folder: Path) -> int:
    """Read what is unread, newest first, some at a time; how many there were."""
    done = 0
    while waiting := await database.read(_unread):
        found = await asyncio.to_thread(lambda rows=waiting: [_read(row, folder) for row in rows])  # type: ignore[misc]
        await lists.write(lambda c, found=found: _keep(c, found))  # type: ignore[misc]
        done += len(waiting)
        await asyncio.sleep(_PAUSE)
    if done:
        _log.info("read what %d pictures say, for searching", done)
    return done


def _unread(connection: Connection) -> list[dict[str, Any]]:
    columns = (
        images.c.id,
        images.c.file,
        images.c.has_workflow,
        images.c.program,
        images.c.name,
        image_texts.c.metadata,
    )
    chosen = select(*columns).outerjoin(image_texts, image_texts.c.id == images.c.id)
    old = chosen.where(images.c.read_version < VERSION).order_by(images.c.id.desc()).limit(_AT_ONCE)
    return [dict(row) for row in connection.execute(old).mappings()]


def _read(row: dict[str, Any], folder: Path) -> tuple[int, Said]:
    try:
        metadata = json.loads(row["metadata"] or "null")
    except (ValueError, RecursionError):
        metadata = None
    said = read_metadata(
        metadata if isinstance(metadata, dict) else None,
        name=row["name"] or Path(row["file"]).stem,
        has_workflow=row["has_workflow"],
        program=row["program"],
    )
    try:
        said.facts["file_size"] = (folder / row["file"]).stat().st_size
    except OSError:
        pass  # a file that is gone is told when it is looked at
    return row["id"], said


def _keep(connection: Connection, found: list[tuple[int, Said]]) -> None:
    for number, said in found:
        connection.execute(update(images).where(images.c.id == number).values(said.facts))
        connection.execute(update(image_texts).where(image_texts.c.id == number).values(said.texts))
