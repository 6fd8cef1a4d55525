"""Opening the file safely: check it, back it up, bring it to this version's schema, or say clearly why not."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from invoke_tui.studio.database.database import BUSY_TIMEOUT, DatabaseError, open_engine

HEAD: Final = "0006"
KNOWN: Final = frozenset(f"{number:04}" for number in range(1, int(HEAD) + 1))
_BACKUP: Final = "invoke_tui_backup_"
_BACKUPS_KEPT: Final = 5
_BACKUP_AGE: Final = 24 * 3600.0
_log = logging.getLogger(__name__)


def prepare(path: Path) -> None:
    """Leave a sound database of schema ``HEAD`` at ``path``, or raise without having changed the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for part in (path.parent / "backups").glob(f".{_BACKUP}*.part*"):  # a backup that was killed
        part.unlink(missing_ok=True)
    existed = path.exists() and path.stat().st_size > 0
    found = examine(path) if existed else None
    if found is not None and found not in KNOWN:
        raise DatabaseError(
            f"{path} was written by a newer invoke-tui (schema {found}; this version knows up to {HEAD}).",
            hint="Update invoke-tui, or choose another root with --root. The file was left as it is.",
            code="database_newer",
        )
    if found == HEAD:
        return
    if existed:
        back_up(path)
    _upgrade(path)


def back_up(path: Path, target: Path | None = None) -> Path:
    """Copy the live database to a file, complete or not at all; without one beside itself, of which the newest few
    are kept."""
    folder = path.parent / "backups"
    folder.mkdir(exist_ok=True)
    target = target or folder / f"{_BACKUP}{datetime.now(UTC):%Y%m%d-%H%M%S}.db"
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as source,
        closing(sqlite3.connect(part)) as copy,
    ):
        source.backup(copy)
    with open(part, "rb") as written:
        os.fsync(written.fileno())
    part.replace(target)
    for old in backups(path)[_BACKUPS_KEPT:]:
        old.unlink(missing_ok=True)
    return target


def back_up_daily(path: Path) -> None:
    """A copy of a database that was just found sound, so that there is something to go back to."""
    newest = next(iter(backups(path)), None)
    if newest is None or time.time() - newest.stat().st_mtime > _BACKUP_AGE:
        try:
            _log.info("database backed up to %s", back_up(path))
        except (OSError, sqlite3.Error) as error:
            _log.warning("the daily backup of the database failed: %s", error)


def backups(path: Path) -> list[Path]:
    """The backups of the database at ``path``, newest first."""
    return sorted((path.parent / "backups").glob(f"{_BACKUP}*.db"), reverse=True)


def examine(path: Path) -> str | None:
    """The schema's version, ``None`` when there is none yet; raises when the file is damaged."""
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise _damaged(path, verdict)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if "alembic_version" not in tables:
                if "applied_migrations" in tables or "session_queue" in tables:
                    raise _foreign(path)
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return str(row[0]) if row else None
    except sqlite3.OperationalError as error:
        raise DatabaseError(
            f"{path} cannot be opened: {error}.", hint="Check its permissions, and that no program locks it."
        ) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


def _foreign(path: Path) -> DatabaseError:
    return DatabaseError(
        f"{path} is InvokeAI's own database.",
        hint="Give invoke-tui a folder of its own: set db_dir in invokeai.yaml, or choose another root with --root.",
        code="database_foreign",
    )


def _damaged(path: Path, reason: str) -> DatabaseError:
    newest = next(iter(backups(path)), None)
    restore = (
        f"Restore the newest backup: invoke-tui gallery restore-backup {newest}."
        if newest
        else "No backup yet."
    )
    return DatabaseError(
        f"The database {path} is damaged ({reason}).",
        hint=f"{restore} Or 'invoke-tui gallery rebuild' lists the pictures anew. The file was left as it is.",
        code="database_damaged",
    )


def _upgrade(path: Path) -> None:
    """Run the migrations in one transaction. Alembic is imported only when there is something to do."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    engine = open_engine(path, writer=True)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except Exception as error:
        raise DatabaseError(
            f"{path} could not be brought to schema {HEAD}: {error}", hint="Nothing was changed."
        ) from error
    finally:
        engine.dispose()
