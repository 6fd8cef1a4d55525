"""What the newest backup of the database knows that no file says: boards, stars, ratings, notes, the trash."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.exc import SQLAlchemyError

from invoke_tui.domain.errors import StudioError
from invoke_tui.studio.database import migrate
from invoke_tui.studio.database.database import open_engine
from invoke_tui.studio.database.tables import boards, image_texts, images, searches

_KNOWN: Final = (
    "image_origin", "image_category", "is_intermediate", "starred", "rating", "board_id", "created_at",
    "deleted_at", "item_id", "session_id", "node_id", "name",
)  # fmt: skip


@dataclass(frozen=True)
class Remembered:
    """A backup, read. ``pictures`` by their names in the gallery, with their notes; ``elsewhere`` are whole rows of
    pictures that lie outside the pictures' folder."""

    source: Path | None = None
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)
    elsewhere: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    boards: list[dict[str, Any]] = field(default_factory=list)
    searches: list[dict[str, Any]] = field(default_factory=list)


def remembered(database: Path) -> Remembered:
    """Read the newest backup that lists pictures; nothing where there is none. A copy is brought to this schema."""
    for backup in migrate.backups(database):
        with TemporaryDirectory(prefix="invoke-tui-") as folder:
            copy = Path(folder, "backup.db")
            try:
                shutil.copyfile(backup, copy)
                migrate.prepare(copy)
                found = _opened(copy, backup)
            except (StudioError, SQLAlchemyError, OSError):
                continue  # an older one may be sound
        if found.pictures:
            return found
    return Remembered()


def take_over(connection: Connection, known: Remembered) -> int:
    """Put boards, searches and pictures that lie elsewhere into a database that lacks them; how many boards."""
    added = _missing(connection, boards, "board_id", known.boards)
    _missing(connection, searches, "search_id", known.searches)
    listed = set(connection.scalars(select(images.c.image_name)))
    for row, texts in known.elsewhere:
        if row["image_name"] not in listed and Path(row["file"]).is_file():
            number = connection.execute(insert(images).values(row)).inserted_primary_key
            assert number is not None
            connection.execute(insert(image_texts).values(texts | {"id": number[0]}))
    return added


def _missing(connection: Connection, table: Table, key: str, wanted: list[dict[str, Any]]) -> int:
    there = set(connection.scalars(select(table.c[key])))
    new = [row for row in wanted if row[key] not in there]
    if table is boards:  # a board is made before it lies in another
        new = [row | {"parent_id": None} for row in new]
    if new:
        connection.execute(insert(table).prefix_with("OR IGNORE"), new)
    if table is boards:
        parents = {row[key]: row["parent_id"] for row in wanted if row["parent_id"]}
        for board_id, parent in parents.items():
            connection.execute(table.update().where(table.c.board_id == board_id).values(parent_id=parent))
    return len(new)


def _opened(copy: Path, source: Path) -> Remembered:
    engine = open_engine(copy, writer=False)
    try:
        with engine.begin() as connection:
            return _read(connection, source)
    finally:
        engine.dispose()


def _read(connection: Connection, source: Path) -> Remembered:
    found = Remembered(
        source,
        boards=[dict(row) for row in connection.execute(select(boards)).mappings()],
        searches=[dict(row) for row in connection.execute(select(searches)).mappings()],
    )
    notes = select(images, image_texts.c.notes).outerjoin(image_texts, image_texts.c.id == images.c.id)
    for row in connection.execute(notes).mappings():
        found.pictures[row["image_name"]] = {name: row[name] for name in (*_KNOWN, "notes")}
        if Path(row["file"]).is_absolute():
            whole = {name: value for name, value in row.items() if name not in ("id", "notes")}
            texts = select(image_texts).where(image_texts.c.id == row["id"])
            said = connection.execute(texts).mappings().first()
            found.elsewhere.append((whole, dict(said) if said is not None else {}))
    return found
