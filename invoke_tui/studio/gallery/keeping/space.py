"""What the gallery takes on the disk."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, func, select

from invoke_tui.config.paths import StudioPaths
from invoke_tui.config.settings import Settings
from invoke_tui.domain.gallery.keeping import BackupFile, Held, SpaceReport
from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.database.tables import images
from invoke_tui.studio.gallery.keeping.folder import ASIDE


async def measure(database: Database, paths: StudioPaths, settings: Settings) -> SpaceReport:
    """Count files and bytes: pictures as the list knows them, the rest as it lies on the disk."""
    there = images.c.deleted_at.is_(None)
    pictures, elsewhere, trash = await database.read(
        lambda c: (
            _listed(c, there),
            _listed(c, there & images.c.file.startswith("/")),
            _listed(c, images.c.deleted_at.is_not(None)),
        )
    )
    report = SpaceReport(
        images_dir=str(paths.images_dir),
        strategy=settings.image_subfolder_strategy,
        template=settings.image_name_template,
        free=0,
        pictures=pictures,
        elsewhere=elsewhere,
        trash=trash,
    )
    return await asyncio.to_thread(_weigh, report, database.path, paths)


def _listed(connection: Connection, which: ColumnElement[bool]) -> Held:
    total = select(func.count(), func.coalesce(func.sum(images.c.file_size), 0)).where(which)
    count, size = connection.execute(total).one()
    return Held(count=count, size=size)


def _weigh(report: SpaceReport, database: Path, paths: StudioPaths) -> SpaceReport:
    backups = [BackupFile(path=str(path), size=path.stat().st_size) for path in migrate.backups(database)]
    return report.model_copy(
        update={
            "free": shutil.disk_usage(paths.images_dir).free,
            "thumbnails": _held(paths.thumbnails_dir),
            "set_aside": _held(paths.images_dir.parent / ASIDE),
            "database": sum(size for size in map(_size, database.parent.glob(f"{database.name}*"))),
            "backups": backups,
        }
    )


def _held(folder: Path) -> Held:
    sizes = list(_sizes(folder))
    return Held(count=len(sizes), size=sum(sizes))


def _sizes(folder: Path) -> Iterator[int]:
    for here, _, names in os.walk(folder):
        yield from (_size(Path(here, name)) for name in names)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # it went just now
        return 0
