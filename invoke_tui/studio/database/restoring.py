"""Putting a backup in the database's place. Nobody may use the database meanwhile; the present one is kept."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.studio.database import migrate
from invoke_tui.studio.database.database import BUSY_TIMEOUT
from invoke_tui.studio.database.state import BEGUN

_BESIDE = ("-wal", "-shm")


def restore(path: Path, backup: Path) -> Path | None:
    """Make a copy of ``backup`` the database at ``path``; where the one before is now, if there was one.

    The copy is checked and brought to this version's schema first. Raises without having changed anything.
    """
    if not backup.is_file():
        raise NotFoundError(f"{backup}: there is no such file.", code="no_file")
    if backup.resolve() == path.resolve():
        raise BadInputError("This is the database itself.", code="bad_input")
    copy = path.with_name(f".{path.name}.restoring")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            closing(
                sqlite3.connect(f"file:{quote(str(backup))}?mode=ro", uri=True, timeout=BUSY_TIMEOUT)
            ) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        if migrate.examine(copy) is None:
            raise BadInputError(f"{backup} is no backup of invoke-tui.", code="no_backup")
        migrate.prepare(copy)
        _forget_begun(copy)
        _fold(copy)
        _flush(copy)
        kept = put_away(path, "replaced", leave=True)
        copy.replace(path)
        _flush(path.parent)
    except sqlite3.Error as error:
        raise BadInputError(f"{backup} is no sound database: {error}.", code="no_backup") from error
    finally:
        for name in ("", *_BESIDE):
            copy.with_name(copy.name + name).unlink(missing_ok=True)
    return kept


def put_away(path: Path, why: str, *, leave: bool = False) -> Path | None:
    """Keep the database under another name among the backups; where, if there is one. ``leave`` leaves the file where
    it is as well, without what was written beside it: it is about to be replaced in one step."""
    if not path.exists():
        return None
    with contextlib.suppress(sqlite3.Error):  # a damaged one keeps its log
        _fold(path)
    folder = path.parent / "backups"
    folder.mkdir(exist_ok=True)
    kept = folder / f"{path.stem}-{why}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.db"
    for name in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + name).rename(kept.with_name(kept.name + name))
    if not leave:
        path.rename(kept)
    else:
        try:
            os.link(path, kept)
        except OSError:  # a file system without links
            shutil.copyfile(path, kept)
    _flush(folder)
    return kept


def _forget_begun(path: Path) -> None:
    """What was going on when the backup was made is over; to end or undo it now would touch files of today."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM state WHERE name LIKE ?", (BEGUN + "%",))
        connection.commit()


def _fold(path: Path) -> None:
    """Write what is in the log into the file."""
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
