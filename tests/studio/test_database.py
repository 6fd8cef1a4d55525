"""The file: created, migrated, backed up, refused; and a writer that waits for other processes."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.database.database import DatabaseError
from invoke_tui.studio.database.migrate import HEAD, back_up, backups, prepare
from invoke_tui.studio.database.tables import metadata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    prepared = tmp_path / "databases" / "studio.db"
    prepare(prepared)
    return prepared


def columns(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            name: [row[1:] for row in connection.execute(f"PRAGMA table_info({name})")]
            for name in tables
            if not name.startswith(("sqlite_", "alembic_", "image_search"))
        }


def test_the_migrations_make_what_the_code_expects(path: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'expected.db'}")
    metadata.create_all(engine)
    engine.dispose()
    assert columns(path) == columns(tmp_path / "expected.db")


def test_preparing_twice_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    prepare(path)
    assert path.read_bytes() == before
    assert backups(path) == []


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(DatabaseError) as refused:
        prepare(path)
    assert refused.value.code == "database_newer"
    assert "9999" in refused.value.message
    assert HEAD in refused.value.message
    assert path.read_bytes() == before


def test_a_damaged_file_is_left_alone_and_the_newest_backup_named(path: Path) -> None:
    copy = back_up(path)
    data = bytearray(path.read_bytes())
    data[4096 : len(data)] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(DatabaseError) as refused:
        prepare(path)
    assert refused.value.code == "database_damaged"
    assert str(copy) in refused.value.hint
    assert path.read_bytes() == data
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DatabaseError):
        prepare(path)


def test_a_backup_comes_before_a_migration_and_a_failed_one_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE alembic_version")  # now the first migration finds its tables there
        connection.commit()
    before = columns(path)
    with pytest.raises(DatabaseError) as failed:
        prepare(path)
    assert "Nothing was changed" in failed.value.hint
    assert columns(path) == before
    [copy] = backups(path)
    assert columns(copy) == before
    monkeypatch.setattr(migrate, "_BACKUPS_KEPT", 2)
    for number in range(4):
        copy.with_name(f"invoke_tui_backup_2000010{number}-000000.db").touch()
    back_up(path)
    assert len(backups(path)) == 2


def test_invokeais_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "invokeai.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE session_queue (item_id INTEGER)")
        connection.execute("CREATE TABLE images (image_name TEXT)")
    before = path.read_bytes()
    with pytest.raises(DatabaseError) as refused:
        prepare(path)
    assert refused.value.code == "database_foreign"
    assert path.read_bytes() == before
    assert backups(path) == []


async def test_another_process_holding_the_lock_is_waited_out(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoke_tui.studio.database.database.BUSY_TIMEOUT", 0.05)
    database = Database(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def insert(connection: object) -> None:
        connection.exec_driver_sql("INSERT INTO state VALUES ('a', '1')")  # type: ignore[attr-defined]

    writing = asyncio.create_task(database.write(insert))
    rows = await database.read(lambda c: c.exec_driver_sql("SELECT * FROM state").all())
    assert rows == [], "readers do not wait"
    await asyncio.sleep(0.2)
    other.execute("ROLLBACK")
    other.close()
    await writing
    rows = await database.read(lambda c: c.exec_driver_sql("SELECT * FROM state").all())
    assert len(rows) == 1
    database.close()
