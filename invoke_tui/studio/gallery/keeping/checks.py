"""Whether the files, the list of pictures and the search say the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DatabaseError

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.keeping import Finding, Step
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import image_texts, images
from invoke_tui.studio.gallery.formats import check_pixels, facts_of, format_of_file
from invoke_tui.studio.gallery.keeping.folder import is_part, is_picture, walk
from invoke_tui.studio.gallery.lists import Lists

_THREADS: Final = 4
_AT_ONCE: Final = 64
_STILL_WRITING: Final = 600.0
"""Seconds in which an unfinished file may be about to be finished."""


@dataclass
class Checked:
    """What a check saw."""

    pictures: int = 0
    files: int = 0
    findings: list[Finding] = field(default_factory=list)


async def check(database: Database, lists: Lists, paths: StudioPaths) -> AsyncGenerator[Step | Checked]:
    """Look at everything, and change nothing. Files are read whole, some at a time; last comes what was found."""
    yield Step(doing="looking through the folder")
    async with lists.files:  # between a picture's file and its row there is no difference to tell
        found = await asyncio.to_thread(lambda: list(walk(paths)))
        listed = await database.read(_listed)
    files = [path for path in found if is_picture(path)]
    seen = Checked(len(listed), len(files))
    folder = paths.images_dir
    known = {file for _, file in listed}
    orphans = [path for path in files if str(path.relative_to(folder)) not in known]
    work = [(name, file) for name, file in listed] + [(None, str(p.relative_to(folder))) for p in orphans]
    judge = partial(_judge, folder)
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as threads:
        for start in range(0, len(work), _AT_ONCE):
            yield Step(doing="reading pictures", done=start, total=len(work))
            few = work[start : start + _AT_ONCE]
            looked = await asyncio.to_thread(lambda few=few: list(threads.map(judge, few)))  # type: ignore[misc]
            seen.findings += [finding for finding in looked if finding is not None]
    yield Step(doing="comparing with the search")
    seen.findings += await asyncio.to_thread(lambda: [*_unfinished(found), *_thumbnails(paths, listed)])
    seen.findings += await database.read(_textless)
    if not await _search_is_right(database):
        seen.findings.append(Finding(kind="search", reason="the full-text index is out of step"))
    yield seen


def _judge(folder: Path, one: tuple[str | None, str]) -> Finding | None:
    """Look at one file, listed under a name or not listed."""
    name, file = one
    path = folder / file
    try:
        facts = facts_of(path)
        if not (facts.width and facts.height):
            return Finding(kind="damaged", file=file, image_name=name, reason="it has no size")
        if format_of_file(path) != "png":  # whose checksums tell
            check_pixels(path)
    except FileNotFoundError:
        return Finding(kind="missing", file=file, image_name=name) if name else None
    except (OSError, StudioError) as error:
        reason = error.message if isinstance(error, StudioError) else str(error.strerror)
        return Finding(kind="damaged", file=file, image_name=name, reason=reason)
    return None if name else Finding(kind="orphan", file=file)


def _listed(connection: Connection) -> list[tuple[str, str]]:
    order = select(images.c.image_name, images.c.file).order_by(images.c.file)
    return [(row[0], row[1]) for row in connection.execute(order)]


def _unfinished(found: list[Path]) -> list[Finding]:
    old = time.time() - _STILL_WRITING
    return [
        Finding(kind="unfinished", file=str(path))
        for path in found
        if is_part(path.name) and path.exists() and path.stat().st_mtime < old
    ]


def _thumbnails(paths: StudioPaths, listed: list[tuple[str, str]]) -> list[Finding]:
    """Small WebPs there whose picture is not listed; anything else in that folder is none of ours."""
    stems = {Path(name).stem for name, _ in listed}
    here = sorted(paths.thumbnails_dir.glob("*.webp"))
    return [
        Finding(kind="thumbnail", file=str(path.relative_to(paths.images_dir)))
        for path in here
        if path.stem not in stems and not path.name.startswith(".") and path.is_file()
    ]


def _textless(connection: Connection) -> list[Finding]:
    told = image_texts.c.id == images.c.id
    without = (
        select(images.c.image_name, images.c.file)
        .outerjoin(image_texts, told)
        .where(image_texts.c.id.is_(None))
    )
    return [Finding(kind="texts", image_name=row[0], file=row[1]) for row in connection.execute(without)]


async def _search_is_right(database: Database) -> bool:
    """FTS5's own check, against the texts that it indexes."""
    check_it = text("INSERT INTO image_search (image_search, rank) VALUES ('integrity-check', 1)")
    try:
        await database.write(lambda c: c.execute(check_it).rowcount)
    except (DatabaseError, StudioError):
        return False
    return True
