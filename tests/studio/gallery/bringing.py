"""Galleries to bring pictures into, and pictures to bring."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.gallery.images import ImageRecord, Listing
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder
from invoke_tui.studio.database import Database
from invoke_tui.studio.gallery.importing.service import Imports
from invoke_tui.studio.gallery.store import Gallery
from invoke_tui.studio.hub import Hub


class Bringing:
    """A gallery, and imports into it."""

    def __init__(self, database: Database, paths: StudioPaths) -> None:
        self.paths, self.database = paths, database
        self.gallery = Gallery(database, paths)
        self.imports = Imports(database, self.gallery, Hub(), (paths.images_dir, "flat"))

    async def bring(self, path: Path, **order: Any) -> ImportJob:
        """Import, and how it ended."""
        job = self.imports.start(ImportOrder(path=str(path), **order))
        while not (job := self.imports.job(job.job_id)).status.finished:
            await asyncio.sleep(0.005)
        return job

    async def pictures(self, **listing: Any) -> list[ImageRecord]:
        """Every picture of a list, by name."""
        asked = Listing(**{"view": "all", "order": "name", **listing})
        page = await self.gallery.lists.page(asked, at=0, limit=1000, metadata=True)
        return page.images


def draw(path: Path, grey: int = 0, **save: Any) -> Path:
    """A picture of one grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 10), (grey, grey, grey)).save(path, **save)
    return path


def chunks(**texts: str) -> dict[str, Any]:
    """What ``save`` takes to write texts into a PNG."""
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    return {"pnginfo": info}


def exif(tag: int, value: Any) -> dict[str, Any]:
    """What ``save`` takes to write one tag of EXIF."""
    made = Image.Exif()
    if tag == 0x9286:
        made.get_ifd(0x8769)[tag] = value
    else:
        made[tag] = value
    return {"exif": made}


def trace(folder: Path) -> dict[str, tuple[str, int]]:
    """What a folder holds: every file's content and time."""
    return {
        str(path.relative_to(folder)): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def plant_root(root: Path) -> Path:
    """A root of an older InvokeAI, whose tables lack what came later."""
    (root / "databases").mkdir(parents=True, exist_ok=True)
    pictures = root / "outputs" / "images"
    for number, name in enumerate(("fox.png", "day/owl.png", "half.png")):
        draw(pictures / name, 50 + number)
    draw(root / "secret.png", 99)
    with closing(sqlite3.connect(root / "databases" / "invokeai.db")) as connection:
        connection.executescript(
            """
            CREATE TABLE images (image_name TEXT, image_origin TEXT, image_category TEXT, metadata TEXT,
                is_intermediate BOOLEAN, created_at TEXT, deleted_at TEXT, starred BOOLEAN, image_subfolder TEXT);
            CREATE TABLE boards (board_id TEXT, board_name TEXT, cover_image_name TEXT, created_at TEXT);
            CREATE TABLE board_images (board_id TEXT, image_name TEXT);
            INSERT INTO boards VALUES ('b-1', 'Animals', 'fox.png', '2024-01-01 10:00:00.000');
            INSERT INTO boards VALUES ('b-2', 'Empty [red]' || char(27) || '[31m', NULL, 'never');
            INSERT INTO board_images VALUES ('b-1', 'fox.png'), ('b-9', 'owl.png');
            """
        )
        said = json.dumps({"positive_prompt": "a fox", "seed": 2**70, "model": {"model_name": "m"}})
        deep = '{"positive_prompt": "an owl", "x": ' + "[" * 10_000 + "]" * 10_000 + "}"
        rows: list[tuple[Any, ...]] = [
            ("fox.png", "internal", "general", said, 0, "2024-02-03 04:05:06.789", None, 1, ""),
            ("owl.png", "odd", "odd", deep, 0, "yesterday", None, 0, "day"),
            ("half.png", "internal", "control", None, 1, "2024-02-03 04:05:07", None, 0, ""),
            ("gone.png", "internal", "general", None, 0, "2024-02-03 04:05:06.789", None, 0, ""),
            ("../../secret.png", "internal", "general", None, 0, "2024-02-03 04:05:06.789", None, 0, ""),
            ("secret.png", "internal", "general", None, 0, "2024-02-03 04:05:06.789", None, 0, "../.."),
            ("deleted.png", "internal", "general", None, 0, "2024-02-03 04:05:06.789", "2024", 0, ""),
        ]
        connection.executemany(f"INSERT INTO images VALUES ({', '.join('?' * 9)})", rows)
        connection.commit()
    return root
