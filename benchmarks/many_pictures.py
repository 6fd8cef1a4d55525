"""A gallery of 100,000 pictures with 2,000 files behind them, as a studio of some years would have it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import Connection, insert

from invoke_tui.config.settings import load
from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.database.tables import image_texts, images, stamp
from invoke_tui.studio.gallery.reading import read_metadata
from invoke_tui.studio.gallery.thumbnails import Thumbnails

SIDE = 1024
_BLOCK = 8
_AT_ONCE = 5_000
_FIRST = datetime(2024, 1, 1, 12, tzinfo=UTC)
_WORDS = [
    stem + ending
    for stem in ("fox", "cat", "snow", "castle", "river", "portrait", "neon", "forest", "ship", "lamp")
    for ending in ("", "s", "ing", "like", "ly", "ish", "er", "y", "let", "ful")
]


def name_of(number: int) -> str:
    """What the picture of this number is called."""
    return f"{number:08x}-0000-5000-8000-000000000000.png"


def fill(root: Path, *, pictures: int, files: int) -> None:
    """Write ``files`` PNGs and their thumbnails, and list ``pictures`` that lie in them in turn.

    A thumbnail belongs to a name, so those of names that share a file are links to one.
    """
    paths = load(root).paths
    paths.thumbnails_dir.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as processes:
        sizes = list(processes.map(_write, [paths.images_dir] * files, range(files), chunksize=50))
    asyncio.run(_make_thumbnails(paths.thumbnails_dir, paths.images_dir, files))
    for number in range(files, pictures):
        os.link(
            (paths.thumbnails_dir / name_of(number % files)).with_suffix(".webp"),
            (paths.thumbnails_dir / name_of(number)).with_suffix(".webp"),
        )
    migrate.prepare(paths.database)
    database = Database(paths.database)
    chance = random.Random(1)
    try:
        for first in range(0, pictures, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, pictures))
            rows = list(_rows(numbers, sizes, chance))
            asyncio.run(database.write(partial(_list, rows)))
    finally:
        database.close()


def _write(folder: Path, number: int) -> int:
    """A picture unlike the others, with edges in every cell of its thumbnail; its bytes."""
    noise = np.random.default_rng(number)
    ground = noise.integers(0, 256, (6, 6, 3), np.uint8)
    grain = noise.integers(-40, 40, (SIDE // _BLOCK, SIDE // _BLOCK, 1))
    smooth = Image.fromarray(ground).resize((SIDE // _BLOCK,) * 2, Image.Resampling.BICUBIC)
    small = np.clip(np.asarray(smooth).astype(int) + grain, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.NEAREST).save(file, "PNG", compress_level=1)
    return (folder / name_of(number)).write_bytes(file.getvalue())


async def _make_thumbnails(folder: Path, pictures: Path, files: int) -> None:
    thumbnails = Thumbnails(folder)
    for number in range(files):
        await thumbnails.get(name_of(number), pictures / name_of(number))


def _rows(
    numbers: range, sizes: list[int], chance: random.Random
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for number in numbers:
        metadata = {
            "positive_prompt": " ".join(chance.choices(_WORDS, k=30)),
            "negative_prompt": "blurry",
            "seed": chance.randrange(2**32),
            "steps": 30,
            "model": {"name": f"model {number % 40}", "base": "sdxl"},
            "loras": [{"model": {"name": "detail"}, "weight": 1}] if number % 9 == 0 else [],
        }
        said = read_metadata(metadata, name=Path(name_of(number)).stem, has_workflow=False, program=None)
        made = stamp(_FIRST + timedelta(minutes=12 * number))
        facts = {
            "id": number + 1,
            "image_name": name_of(number),
            "file": name_of(number % len(sizes)),
            "image_origin": "internal",
            "image_category": "general" if number % 10 else "user",
            "width": SIDE,
            "height": SIDE,
            "file_size": sizes[number % len(sizes)],
            "starred": number % 50 == 1,
            "created_at": made,
            "updated_at": made,
        }
        yield facts | said.facts, {"id": number + 1, **said.texts, "metadata": json.dumps(metadata)}


def _list(rows: list[tuple[dict[str, Any], dict[str, Any]]], connection: Connection) -> None:
    connection.execute(insert(images), [facts for facts, _ in rows])
    connection.execute(insert(image_texts), [texts for _, texts in rows])
