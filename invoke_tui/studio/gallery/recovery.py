"""After a crash: what was half written goes, what was written but not recorded is taken in."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.gallery.images import PICTURE_NAME
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import stamp
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.formats import facts_of
from invoke_tui.studio.gallery.keeping.folder import is_part, is_picture, walk
from invoke_tui.studio.gallery.keeping.rebuilding import is_wanted, note_loss
from invoke_tui.studio.gallery.keeping.remembered import remembered
from invoke_tui.studio.gallery.png import DamagedPictureError, PictureFacts

_log = logging.getLogger(__name__)
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(png|jpg|webp)")


async def recover(database: Database, paths: StudioPaths) -> None:
    """Sweep and adopt. Runs before any worker does, so nothing in the folder is being written.

    A list that was lost is left to ``rebuild``, which asks the backups for what no file says.
    """
    known = await database.read(rows.files)
    lost = await database.read(is_wanted)
    if not lost and not known:
        lost = (await asyncio.to_thread(remembered, database.path)).source is not None
    if lost and not known:
        await database.write(note_loss)
        _log.warning("no picture is listed, though a backup lists some: 'invoke-tui gallery rebuild'")
    for path in walk(paths):
        if is_part(path.name):
            path.unlink(missing_ok=True)
            _log.info("removed the unfinished %s", path.name)
        elif not lost and is_picture(path) and (file := str(path.relative_to(paths.images_dir))) not in known:
            facts = _adoptable(path)
            if facts is not None and await database.write(
                lambda c, path=path, file=file, facts=facts: _adopt(c, path, file, facts)  # type: ignore[misc]
            ):
                _log.info("took in %s, which was written but not recorded", path.name)


def _adoptable(path: Path) -> PictureFacts | None:
    """What an orphan that a studio wrote says; a damaged one is set aside; others are none of our business."""
    try:
        facts = facts_of(path)
    except DamagedPictureError as error:
        if _OURS.fullmatch(path.name):
            path.replace(path.with_suffix(".damaged"))
            _log.warning("%s is damaged and was set aside: %s", path.name, error)
        return None
    except Exception as error:  # an odd file in the folder must not keep the studio from starting
        _log.debug("%s was left alone: %s", path.name, error)
        return None
    named = facts.image_name or PICTURE_NAME.fullmatch(path.name)
    return facts if named and facts.ours and facts.width and facts.height else None


def _adopt(connection: Connection, path: Path, file: str, facts: PictureFacts) -> bool:
    """False where the picture is listed with another file."""
    name = facts.image_name or path.name
    if rows.file_of(connection, name) is not None:
        return False
    stat = path.stat()
    values = {
        "image_name": name,
        "image_origin": "internal",
        "image_category": "general",
        "width": facts.width,
        "height": facts.height,
        "has_workflow": facts.has_workflow,
        "file": file,
        "file_size": stat.st_size,
        "created_at": stamp(datetime.fromtimestamp(stat.st_mtime, UTC)),
    }
    rows.keep(connection, values, facts.metadata)
    return True
