"""Taking in a file that lies in the pictures' folder and has no row: the file says who it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from invoke_tui.domain.gallery.images import PICTURE_NAME, format_of
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.formats import facts_of, format_of_file
from invoke_tui.studio.gallery.importing.looking import Seen, look_at, with_words


@dataclass(frozen=True)
class Orphan:
    """A whole picture without a row. ``names`` are those it may have in the gallery, the likeliest first."""

    file: str
    names: tuple[str, ...]
    seen: Seen
    ours: bool


def read_orphan(path: Path, folder: Path) -> Orphan:
    """Look at a file. Raises ``StudioError`` where it is no whole picture."""
    seen = look_at(path)
    facts, kind = facts_of(path), format_of_file(path)
    own = [name for name in (facts.image_name, path.name) if name and _may_be(name, kind)]
    names = tuple(dict.fromkeys([*own, seen.image_name]))
    return Orphan(str(path.relative_to(folder)), names, with_words(seen), facts.ours)


def free_name(connection: Connection, orphan: Orphan, folder: Path) -> str | None:
    """The name for a file's picture; None where every one it may have is another file's."""
    return next((one for one in orphan.names if _is_free(connection, one, folder)), None)


def adopt(connection: Connection, orphan: Orphan, name: str, known: Mapping[str, Any]) -> None:
    """Give a file its row. ``known`` are columns that a backup remembers, ``notes`` and ``name`` among them."""
    seen = orphan.seen
    values = {
        "image_name": name,
        "image_origin": "internal" if orphan.ours else "external",
        "image_category": "general" if seen.metadata or orphan.ours else "user",
        "width": seen.width,
        "height": seen.height,
        "has_workflow": seen.has_workflow,
        "file_size": seen.size,
        "created_at": seen.changed_at,
    }
    columns = {key: value for key, value in known.items() if key not in ("notes", "name")}
    rows.keep(
        connection,
        values | columns | {"file": orphan.file},
        seen.metadata,
        program=seen.program,
        called=known.get("name") or None,
    )
    if known.get("notes"):
        rows.annotate(connection, [name], known["notes"])


def _is_free(connection: Connection, name: str, folder: Path) -> bool:
    """No other file has the name: there is no row, or its file is gone."""
    file = rows.file_of(connection, name)
    return file is None or not (folder / file).exists()


def _may_be(name: str, kind: str | None) -> bool:
    return bool(PICTURE_NAME.fullmatch(name)) and format_of(name) == kind
