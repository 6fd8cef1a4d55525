"""The pictures' folder as it is: its files, what is unfinished, and where things are set aside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from invoke_tui.config.paths import StudioPaths
from invoke_tui.studio.gallery.files import PART, make_folder, sync_folder

PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp"})
ASIDE: Final = "set-aside"
"""The folder beside the pictures' for files that may be pictures and cannot be listed."""


def walk(paths: StudioPaths) -> Iterator[Path]:
    """Every file below the pictures' folder but the thumbnails, and unfinished ones of these; hidden folders are
    none of ours."""
    for here, folders, names in os.walk(paths.images_dir):
        thumbnails = Path(here) == paths.thumbnails_dir
        folders[:] = [] if thumbnails else sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in sorted(names) if not thumbnails or is_part(name))


def is_part(name: str) -> bool:
    """Whether a file was to be renamed when it is whole."""
    return name.startswith(".") and name.endswith(PART)


def is_picture(path: Path) -> bool:
    """Whether a name says that the file is a picture as the gallery keeps them."""
    return path.suffix.lower() in PICTURES and not path.name.startswith(".")


def set_aside(path: Path, paths: StudioPaths) -> Path:
    """Move a file out of the pictures' folder, to where nothing looks for pictures; where it is now."""
    target = paths.images_dir.parent / ASIDE / path.relative_to(paths.images_dir)
    make_folder(target.parent)
    number = 1
    while os.path.lexists(target):
        number += 1
        target = target.with_name(f"{path.stem}-{number}{path.suffix}")
    path.rename(target)
    sync_folder(target.parent)
    return target
