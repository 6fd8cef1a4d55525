"""After a crash: what was half written goes, what was written but not recorded is taken in."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from invoke_tui.config.paths import StudioPaths
from invoke_tui.studio.database import Database
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.files import PART, checked_name
from invoke_tui.studio.gallery.png import DamagedPictureError, PictureFacts, inspect

_log = logging.getLogger(__name__)
_OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(png|jpg|webp)")


async def recover(database: Database, paths: StudioPaths) -> None:
    """Sweep and adopt. Runs before any worker does, so nothing in the folder is being written."""
    known = await database.read(rows.files)
    orphans = [
        path
        for path in _walk(paths.images_dir, paths.thumbnails_dir)
        if str(path.relative_to(paths.images_dir)) not in known
    ]
    for path in orphans:
        facts = _adoptable(path)
        if facts is not None:
            values = _row(path, paths.images_dir, facts)

            def adopt(
                connection: Connection,
                values: dict[str, object] = values,
                metadata: dict[str, Any] | None = facts.metadata,
            ) -> None:
                rows.keep(connection, values, metadata)

            await database.write(adopt)
            _log.info("took in %s, which was written but not recorded", path.name)


def _walk(folder: Path, thumbnails: Path) -> Iterator[Path]:
    """Every finished picture below ``folder``; unfinished files are removed on the way."""
    for here, folders, names in os.walk(folder):
        if Path(here) != thumbnails:
            folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(here, name)
            if name.startswith(".") and name.endswith(PART):
                path.unlink(missing_ok=True)
                _log.info("removed the unfinished %s", name)
            elif name.endswith(".png") and thumbnails not in path.parents:
                yield path


def _adoptable(path: Path) -> PictureFacts | None:
    """What an orphan that a studio wrote says; a damaged one is set aside; others are none of our business."""
    try:
        checked_name(path.name)
        facts = inspect(path.read_bytes())
    except DamagedPictureError as error:
        if _OURS.fullmatch(path.name):
            path.replace(path.with_suffix(".damaged"))
            _log.warning("%s is damaged and was set aside: %s", path.name, error)
        return None
    except Exception as error:  # an odd file in the folder must not keep the studio from starting
        _log.debug("%s was left alone: %s", path.name, error)
        return None
    return facts if facts.ours and facts.width and facts.height else None


def _row(path: Path, folder: Path, facts: PictureFacts) -> dict[str, object]:
    stat = path.stat()
    written = datetime.fromtimestamp(stat.st_mtime, UTC)
    return {
        "image_name": path.name,
        "image_origin": "internal",
        "image_category": "general",
        "width": facts.width,
        "height": facts.height,
        "has_workflow": facts.has_workflow,
        "file": str(path.relative_to(folder)),
        "file_size": stat.st_size,
        "created_at": written.strftime("%Y-%m-%d %H:%M:%S.%f"),
    }
