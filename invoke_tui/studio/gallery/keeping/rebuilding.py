"""The list of pictures, filled again from their files alone.

That it is begun is written down: cut short it goes on at the next start, which takes in no picture without asking the
backups.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.keeping import Finding, RebuildReport, Step
from invoke_tui.studio.database import Database, state
from invoke_tui.studio.database.tables import boards, images
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.keeping.adopting import Orphan, adopt, free_name, read_orphan
from invoke_tui.studio.gallery.keeping.folder import is_picture, walk
from invoke_tui.studio.gallery.keeping.remembered import Remembered, remembered, take_over
from invoke_tui.studio.gallery.lists import Lists

_AT_ONCE: Final = 16
_JOURNAL: Final = state.BEGUN + "rebuild"
_LOST, _BEGUN = "lost", "begun"


def is_wanted(connection: Connection) -> bool:
    """Whether the list was lost, and is not filled again to its end."""
    return state.get(connection, _JOURNAL) is not None


def is_begun(connection: Connection) -> bool:
    """Whether somebody asked for it, and it did not come to its end."""
    return state.get(connection, _JOURNAL) == _BEGUN


def note_loss(connection: Connection) -> None:
    """The list is empty, though a backup has one."""
    state.put(connection, _JOURNAL, _LOST)


async def rebuild(
    database: Database, lists: Lists, paths: StudioPaths
) -> AsyncGenerator[Step | RebuildReport]:
    """List every picture of the folder that is not listed. What is listed stays as it is.

    Pictures say what they were made with; stars, ratings, notes and the trash come from the newest backup, boards and
    pictures that lie elsewhere too where nothing is listed: else somebody may have removed them since.
    """
    yield Step(doing="looking through the folder")
    folder = paths.images_dir
    known = await database.read(rows.files)
    files = await asyncio.to_thread(lambda: [path for path in walk(paths) if is_picture(path)])
    new = [path for path in files if str(path.relative_to(folder)) not in known]
    memory = await asyncio.to_thread(remembered, database.path)
    made = await lists.write(lambda c: _begin(c, memory, empty=not known))
    found: list[Finding] = []
    taken = recalled = 0
    for start in range(0, len(new), _AT_ONCE):
        yield Step(doing="reading pictures", done=start, total=len(new))
        few, refused = await asyncio.to_thread(_read, new[start : start + _AT_ONCE], folder)
        async with lists.files:  # a picture that is being written has its row afterwards
            named = await lists.write(lambda c, few=few: [_take(c, one, folder, memory) for one in few])  # type: ignore[misc]
        for orphan, (name, known_before) in zip(few, named, strict=True):
            taken, recalled = taken + (name is not None), recalled + (name is not None and known_before)
            if name is None:
                found.append(_twice(orphan))
        found += refused
    await database.write(lambda c: state.drop(c, _JOURNAL))
    yield RebuildReport(
        taken_in=taken,
        listed_before=len(known),
        remembered=recalled,
        boards=made,
        backup=str(memory.source) if memory.source else None,
        findings=found,
        unknown=_unknown(taken, recalled, memory),
    )


def _begin(connection: Connection, memory: Remembered, *, empty: bool) -> int:
    """Take over what only a backup knows, where the list was lost; how many boards."""
    lost = empty or is_wanted(connection)
    if lost:
        state.put(connection, _JOURNAL, _BEGUN)
    return take_over(connection, memory) if lost else 0


def _read(paths: list[Path], folder: Path) -> tuple[list[Orphan], list[Finding]]:
    whole, refused = [], []
    for path in paths:
        try:
            whole.append(read_orphan(path, folder))
        except StudioError as error:
            file = str(path.relative_to(folder))
            refused.append(
                Finding(kind="damaged", file=file, reason=error.message, repair="left where it is")
            )
    return whole, refused


def _take(
    connection: Connection, orphan: Orphan, folder: Path, memory: Remembered
) -> tuple[str | None, bool]:
    """The picture's name, and whether the backup knew it."""
    if connection.scalar(select(func.count()).where(images.c.file == orphan.file)):
        return None, False  # it was recorded while we were reading
    if (name := free_name(connection, orphan, folder)) is None:
        return None, False
    known = dict(memory.pictures.get(name, {}))
    board = select(func.count()).where(boards.c.board_id == known.get("board_id"))
    if known.get("board_id") and not connection.scalar(board):
        known["board_id"] = None
    adopt(connection, orphan, name, known)
    return name, bool(known)


def _twice(orphan: Orphan) -> Finding:
    reason = "its content and its name are another file's"
    return Finding(kind="duplicate", file=orphan.file, reason=reason, repair="left where it is")


def _unknown(taken: int, recalled: int, memory: Remembered) -> list[str]:
    if not taken:
        return []
    if memory.source is None:
        return [
            "There is no backup of the database: boards, stars, ratings, notes and the trash are not known.",
            "Pictures are as old as their files say.",
        ]
    if left := taken - recalled:
        return [
            f"{left} pictures are newer than the backup: their boards, stars, ratings and notes are not known."
        ]
    return []
