"""The gallery's rows: kept, read, paged."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.images import ImagePage, ImageRecord
from invoke_tui.studio.database.tables import images, moment, now

_SHOWN = ~images.c.is_intermediate
_NEWEST = (images.c.created_at.desc(), images.c.image_name.desc())


def keep(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a picture's row; the same picture made again updates its row and keeps its age and star."""
    fresh = {"created_at": now(), **values, "updated_at": now()}
    unchanged = {"image_name", "created_at", "starred"}
    updates = {name: value for name, value in fresh.items() if name not in unchanged}
    connection.execute(
        insert(images).values(fresh).on_conflict_do_update(index_elements=["image_name"], set_=updates)
    )


def find(connection: Connection, name: str, folder: Path) -> ImageRecord | None:
    """One picture, or None."""
    row = connection.execute(select(images).where(images.c.image_name == name)).mappings().one_or_none()
    return record(row, folder) if row else None


def place(connection: Connection, name: str) -> str | None:
    """The subfolder of a picture that has a row."""
    found: str | None = connection.scalar(select(images.c.image_subfolder).where(images.c.image_name == name))
    return found


def names(connection: Connection) -> set[str]:
    """Every picture that has a row."""
    return set(connection.scalars(select(images.c.image_name)))


def page(connection: Connection, folder: Path, limit: int, after: str | None) -> ImagePage:
    """Pictures newest first. The cursor names a place, not a row, so it stays good when that row goes."""
    chosen = _SHOWN
    if after is not None:
        created, bar, name = after.partition("|")
        if not bar:
            raise BadInputError("This is no place in the gallery.", hint="Pass the `next` of a page.")
        chosen &= tuple_(images.c.created_at, images.c.image_name) < (created, name)
    rows = (
        connection.execute(select(images).where(chosen).order_by(*_NEWEST).limit(limit + 1)).mappings().all()
    )
    total = int(connection.scalar(select(func.count()).where(_SHOWN)) or 0)
    last = rows[limit - 1] if len(rows) > limit else None
    return ImagePage(
        images=[record(row, folder) for row in rows[:limit]],
        total=total,
        next=f"{last['created_at']}|{last['image_name']}" if last else None,
    )


def record(row: RowMapping, folder: Path) -> ImageRecord:
    """A row as the record front ends get."""
    created: datetime | None = moment(row["created_at"])
    assert created is not None
    return ImageRecord(
        path=str(folder / row["image_subfolder"] / row["image_name"]),
        created_at=created,
        metadata=json.loads(row["metadata"]) if row["metadata"] else None,
        **{name: row[name] for name in _SAME},
    )


_SAME = (
    "image_name", "width", "height", "image_origin", "image_category", "is_intermediate", "starred", "has_workflow",
    "board_id", "item_id", "session_id", "node_id",
)  # fmt: skip
