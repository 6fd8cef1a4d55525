"""The models' rows in the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.studio.database.tables import models, models_ignored, now


def load(connection: Connection) -> tuple[list[ModelRecord], dict[str, str], set[str]]:
    """Every record, the stamp of each by its path, and the paths that are left out."""
    rows = connection.execute(select(models.c.config, models.c.path, models.c.stamp)).all()
    records = [ModelRecord.model_validate_json(row.config) for row in rows]
    ignored = set(connection.scalars(select(models_ignored.c.path)))
    return records, {row.path: row.stamp for row in rows}, ignored


def save(connection: Connection, records: Iterable[tuple[ModelRecord, str]]) -> None:
    """Write records with their stamps. Another row with one of their paths makes way."""
    for record, stamp in records:
        values = {
            "key": record.key,
            "name": record.name,
            "base": record.base.value,
            "type": record.type.value,
            "path": record.path,
            "config": record.model_dump_json(),
            "stamp": stamp,
            "updated_at": now(),
        }
        connection.execute(
            delete(models).where((models.c.path == record.path) & (models.c.key != record.key))
        )
        connection.execute(
            upsert(models)
            .values(values | {"created_at": now()})
            .on_conflict_do_update(index_elements=["key"], set_=values)
        )
        connection.execute(delete(models_ignored).where(models_ignored.c.path == record.path))


def remove(connection: Connection, record: ModelRecord, *, ignore: bool) -> None:
    """Drop a record; ``ignore`` keeps its path from being registered by itself again."""
    connection.execute(delete(models).where(models.c.key == record.key))
    if ignore:
        connection.execute(insert(models_ignored).prefix_with("OR IGNORE").values(path=record.path))
