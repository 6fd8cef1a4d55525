"""The gallery's rows: kept, read, changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, select, update
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.studio.database.tables import image_texts, images, moment, now
from invoke_tui.studio.gallery.reading import read_metadata

_MANY: Final = 500
"""Names in one statement."""
_SAME: Final = (
    "image_name", "width", "height", "image_origin", "image_category", "is_intermediate", "starred", "rating",
    "file_size", "has_workflow", "board_id", "item_id", "session_id", "node_id", "program",
)  # fmt: skip
_OWN: Final = frozenset({"image_name", "created_at", "starred", "rating", "deleted_at"})
"""What a picture keeps when it is made again."""


def keep(
    connection: Connection,
    values: dict[str, Any],
    metadata: dict[str, Any] | None,
    *,
    program: str | None = None,
    called: str | None = None,
) -> None:
    """Insert a picture; the same picture made again updates its row and keeps its age, star and rating.

    ``called`` is what people know it as, where that is not the file's name.
    """
    said = read_metadata(
        metadata,
        name=called or Path(values["file"]).stem,
        has_workflow=bool(values.get("has_workflow")),
        program=program,
    )
    fresh = {"created_at": now(), **values, **said.facts, "updated_at": now()}
    updates = {name: value for name, value in fresh.items() if name not in _OWN}
    kept = insert(images).values(fresh).on_conflict_do_update(index_elements=["image_name"], set_=updates)
    number = connection.scalar(kept.returning(images.c.id))
    texts = said.texts | {"metadata": json.dumps(metadata) if metadata is not None else None}
    told = insert(image_texts).values(id=number, **texts)
    connection.execute(told.on_conflict_do_update(index_elements=["id"], set_=texts))


def find(connection: Connection, name: str, folder: Path) -> ImageRecord | None:
    """One picture with all it says, or None."""
    row = connection.execute(_whole().where(images.c.image_name == name)).mappings().one_or_none()
    return record(row, folder) if row else None


def beginning(connection: Connection, start: str) -> list[str]:
    """Names that begin so, twenty at most."""
    name = images.c.image_name
    found = select(name).where(name >= start, name < f"{start}\x7f").order_by(name).limit(20)
    return list(connection.scalars(found))


def file_of(connection: Connection, name: str) -> str | None:
    """Where a picture that has a row lies: below the folder, or absolute."""
    found: str | None = connection.scalar(select(images.c.file).where(images.c.image_name == name))
    return found


def files_of(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Where pictures lie, by their names."""
    found = connection.execute(
        select(images.c.image_name, images.c.file).where(images.c.image_name.in_(names))
    )
    return {row.image_name: row.file for row in found}


def files(connection: Connection) -> set[str]:
    """The files of every picture that has a row."""
    return set(connection.scalars(select(images.c.file)))


def numbered(
    connection: Connection, ids: Sequence[int], folder: Path, *, metadata: bool
) -> list[ImageRecord]:
    """The pictures of these ids in their order; those that are gone are left out."""
    columns = _whole() if metadata else select(images)
    chosen = columns.where(images.c.id.in_(ids))
    found = {row["id"]: row for row in connection.execute(chosen).mappings()}
    return [record(found[one], folder) for one in ids if one in found]


def change(connection: Connection, names: Iterable[str], values: dict[str, Any]) -> int:
    """Set columns of pictures; how many there were."""
    wanted, changed = list(names), 0
    for start in range(0, len(wanted), _MANY):
        chosen = images.c.image_name.in_(wanted[start : start + _MANY])
        changed += connection.execute(
            update(images).where(chosen).values(**values, updated_at=now())
        ).rowcount
    return changed


def annotate(connection: Connection, names: Iterable[str], notes: str) -> None:
    """Set the notes of pictures."""
    chosen = select(images.c.id).where(images.c.image_name.in_(list(names)))
    connection.execute(update(image_texts).where(image_texts.c.id.in_(chosen)).values(notes=notes))


def record(row: RowMapping, folder: Path) -> ImageRecord:
    """A row as the record front ends get."""
    created = moment(row["created_at"])
    assert created is not None
    return ImageRecord(
        path=str(folder / row["file"]),
        created_at=created,
        deleted_at=moment(row["deleted_at"]),
        **_said(row),
        **{name: row[name] for name in _SAME},
    )


def _said(row: RowMapping) -> dict[str, Any]:
    """What pages leave out."""
    if "metadata" not in row:
        return {}
    return {
        "notes": row["notes"] or "",
        "metadata": json.loads(row["metadata"]) if row["metadata"] else None,
    }


def _whole() -> Select[Any]:
    said = (image_texts.c.notes, image_texts.c.metadata)
    return select(images, *said).outerjoin(image_texts, image_texts.c.id == images.c.id)
