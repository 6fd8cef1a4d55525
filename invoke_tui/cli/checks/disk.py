"""Room for models and pictures."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from invoke_tui.cli.checks.base import GIB, Check, gib
from invoke_tui.config.paths import StudioPaths

_MODELS_ROOM: Final = 10 * GIB
_PICTURES_ROOM: Final = 2 * GIB
_TEMPORARY_ROOM: Final = 2 * GIB


def checks(paths: StudioPaths) -> Iterator[Check]:
    """Yield the checks of every folder that grows."""
    yield _room(
        "models folder", paths.models_dir, _MODELS_ROOM, "Models take 2 to 24 GB each; models_dir moves them."
    )
    yield _room(
        "pictures folder", paths.images_dir, _PICTURES_ROOM, "Make room, or move them with outputs_dir."
    )
    yield _room("temporary folder", Path(tempfile.gettempdir()), _TEMPORARY_ROOM, "Make room, or set TMPDIR.")


def _room(name: str, folder: Path, wanted: int, remedy: str) -> Check:
    import psutil

    existing = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(existing, os.W_OK):
        return Check(
            name, "error", f"{folder} cannot be written", "Change its owner or choose another --root."
        )
    free = psutil.disk_usage(str(existing)).free
    kind = file_system(existing)
    detail = f"{folder}, {gib(free)} free" + (f" ({kind})" if kind else "")
    if kind in ("tmpfs", "ramfs") and "temporary" not in name:
        return Check(name, "warning", f"{detail}: it is in memory and gone after a restart", remedy)
    if free < GIB // 4:
        return Check(name, "error", detail, remedy)
    return Check(name, "warning", detail, remedy) if free < wanted else Check(name, "ok", detail)


def file_system(folder: Path) -> str:
    """Return the type of the file system a folder lies on, where the system tells."""
    import psutil

    real = folder.resolve()
    try:
        mounts = [part for part in psutil.disk_partitions(all=True) if real.is_relative_to(part.mountpoint)]
    except (OSError, RuntimeError):
        return ""
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else ""
