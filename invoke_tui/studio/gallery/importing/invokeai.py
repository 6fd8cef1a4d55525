"""An InvokeAI root: what its database says about boards and pictures. Nothing in it is ever written."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, get_args
from urllib.parse import quote

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT
from invoke_tui.domain.gallery.images import PICTURE_NAME, ImageCategory, ImageOrigin
from invoke_tui.domain.gallery.importing import SkippedFile
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.gallery.importing.source import Board, Source, Wanted
from invoke_tui.studio.models.roots.invokeai import database_of, place_of, settings_of

_METADATA_LIMIT: Final = 4 * 2**20
_ATTEMPTS: Final = 3
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_MOMENT: Final = re.compile(r"(\d{4}-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d)(?:\.(\d{1,6}))?")
_IMAGE: Final = {
    "image_name": "''", "image_origin": "'internal'", "image_category": "'general'", "session_id": "NULL",
    "node_id": "NULL", "is_intermediate": "0", "starred": "0", "created_at": "''",
    "image_subfolder": "''",
}  # fmt: skip
"""Columns that are read, and what stands for one that an older database lacks."""
_BOARD: Final = {
    "board_id": "''",
    "board_name": "''",
    "archived": "0",
    "cover_image_name": "NULL",
    "created_at": "''",
}


def open_root(root: Path, *, intermediates: bool = True) -> Source:
    """Everything in a root, oldest first. Raises ``BadInputError`` for a database that cannot be read."""
    settings = settings_of(root)
    pictures = place_of(root, settings.get("outputs_dir"), "outputs") / "images"
    try:
        connection, close = _open(database_of(root, settings))
        try:
            connection.row_factory = sqlite3.Row
            where = "deleted_at IS NULL" + ("" if intermediates else " AND NOT is_intermediate")
            total = connection.execute(f"SELECT count(*) FROM images WHERE {where}").fetchone()[0]
            boards = tuple(_boards(connection))
        except BaseException:
            close()
            raise
    except (sqlite3.Error, OSError) as error:
        raise BadInputError(
            f"InvokeAI's database in {safe_text(root, limit=300)} cannot be read: {safe_text(error, limit=200)}.",
            hint="If InvokeAI runs there, stop it and try again.",
            code="bad_root",
        ) from error
    known = frozenset(board.board_id for board in boards)
    return Source("invokeai", total, _wanted(connection, where, pictures, known), boards, close=close)


def _open(database: Path) -> tuple[sqlite3.Connection, Callable[[], None]]:
    """The database, opened as unchangeable. One that is in use is copied first: reading it could write beside it."""
    log = database.with_name(database.name + "-wal")
    copy = TemporaryDirectory(prefix="invoke-tui-") if log.exists() and log.stat().st_size else None
    unchanging = "immutable=1&mode=ro"
    if copy is not None:
        database, unchanging = _copied(database, log, Path(copy.name)), "mode=rw"
    connection = sqlite3.connect(
        f"file:{quote(str(database))}?{unchanging}", uri=True, check_same_thread=False
    )

    def close() -> None:
        connection.close()
        if copy is not None:
            copy.cleanup()

    return connection, close


def _copied(database: Path, log: Path, folder: Path) -> Path:
    """The database and its log as they were at one moment."""
    for _ in range(_ATTEMPTS):
        before = [(file.stat().st_mtime_ns, file.stat().st_size) for file in (database, log)]
        for file in (log, database):
            shutil.copyfile(file, folder / file.name)
        if before == [(file.stat().st_mtime_ns, file.stat().st_size) for file in (database, log)]:
            return folder / database.name
    raise sqlite3.OperationalError("it is being written to")


def _columns(connection: sqlite3.Connection, table: str, wanted: dict[str, str]) -> str:
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    return ", ".join(
        f"{table}.{name}" if name in there else f"{instead} AS {name}" for name, instead in wanted.items()
    )


def _boards(connection: sqlite3.Connection) -> Iterator[Board]:
    for row in connection.execute(f"SELECT {_columns(connection, 'boards', _BOARD)} FROM boards"):
        if isinstance(row["board_id"], str) and _ID.fullmatch(row["board_id"]):
            cover = row["cover_image_name"]
            yield Board(
                row["board_id"],
                safe_text(row["board_name"], limit=BOARD_NAME_LIMIT).strip() or "board",
                bool(row["archived"]),
                cover if isinstance(cover, str) and PICTURE_NAME.fullmatch(cover) else None,
                moment_of(row["created_at"]),
            )


def _wanted(
    connection: sqlite3.Connection, where: str, pictures: Path, boards: frozenset[str]
) -> Iterator[Wanted | SkippedFile]:
    columns = _columns(connection, "images", _IMAGE)
    metadata = f"CASE WHEN length(images.metadata) < {_METADATA_LIMIT} THEN images.metadata END AS metadata"
    rows = connection.execute(
        f"SELECT {columns}, {metadata}, board_images.board_id FROM images"
        " LEFT JOIN board_images ON board_images.image_name = images.image_name"
        f" WHERE images.{where} ORDER BY images.created_at, images.rowid"
    )
    inside = pictures.resolve()
    for row in rows:
        path = _file(inside, row)
        if path is None:
            yield SkippedFile(
                path=safe_text(row["image_name"]), reason="is in the database, but its file is missing"
            )
            continue
        board = row["board_id"] if row["board_id"] in boards else None
        metadata_text = row["metadata"] if isinstance(row["metadata"], str) else None
        yield Wanted(path, board_id=board, values=_values(row), metadata=metadata_text)


def _file(pictures: Path, row: sqlite3.Row) -> Path | None:
    """The file of a row, which lies in the pictures' folder and nowhere else."""
    name, folder = row["image_name"], row["image_subfolder"]
    if not isinstance(name, str) or not isinstance(folder, str) or "\0" in name + folder:
        return None
    for path in (pictures / folder / name, pictures / name):
        resolved = path.resolve()
        if resolved.is_relative_to(pictures) and resolved.is_file():
            return resolved
    return None


def _values(row: sqlite3.Row) -> dict[str, Any]:
    """The columns that are the same here, each checked: the database may come from anywhere.

    Whether there is a workflow the file says: InvokeAI's ``has_workflow`` counts graphs too.
    """
    category, origin = row["image_category"], row["image_origin"]
    values: dict[str, Any] = {
        "image_category": category if category in get_args(ImageCategory) else "other",
        "image_origin": origin if origin in get_args(ImageOrigin) else "external",
        **{name: bool(row[name]) for name in ("is_intermediate", "starred")},
    }
    for name in ("session_id", "node_id"):
        if isinstance(row[name], str) and len(row[name]) <= 200:
            values[name] = row[name]
    if PICTURE_NAME.fullmatch(row["image_name"]):
        values["image_name"] = row["image_name"]
    if (made := moment_of(row["created_at"])) is not None:
        values["created_at"] = made
    return values


def moment_of(text: object) -> str | None:
    """A time as the tables hold it."""
    match = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    return f"{match[1]}.{(match[2] or '').ljust(6, '0')}" if match else None
