"""Writing files so that a name is either whole or absent, whatever happens in between."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.images import PICTURE_NAME
from invoke_tui.studio import faults

PART: Final = ".part"
_BLOCK: Final = 2**20


class DiskFullError(StudioError):
    """There is no room for a file. ``needed`` and ``free`` are bytes."""

    default_code = "disk_full"

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(
            f"The disk is full: {needed:,} bytes are needed in {folder}, {free:,} are free.",
            hint="Free some space: the queue is paused until there is room, then goes on; retry this item.",
        )
        self.folder, self.needed, self.free = folder, needed, free


def checked_name(name: str) -> str:
    """A picture's name, which is one plain file name and nothing else."""
    if not PICTURE_NAME.fullmatch(name):
        raise BadInputError("This is no name of a picture.", code="bad_image_name")
    return name


def subfolder(strategy: str, name: str, category: str, day: datetime) -> str:
    """InvokeAI's ``image_subfolder_strategy``."""
    match strategy:
        case "date":
            return f"{day:%Y/%m/%d}"
        case "type":
            return category
        case "hash":
            return name[:2].lower()
    return ""


def write_whole(path: Path, data: bytes | Path) -> None:
    """Write beside ``path``, flush to the disk, then rename over it and flush the folder. A file given is copied."""
    size = len(data) if isinstance(data, bytes) else data.stat().st_size
    part = path.with_name(f".{path.name}{PART}")
    try:
        make_folder(path.parent)
        with open(part, "wb") as file:
            for number, block in enumerate(_blocks(data)):
                if number == 1:
                    faults.pass_by("during-write")
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        faults.pass_by("before-rename")
        part.replace(path)
        faults.pass_by("after-rename")
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            there = next(folder for folder in path.parents if folder.exists())
            raise DiskFullError(path.parent, size, shutil.disk_usage(there).free) from error
        raise StudioError(
            f"{path} could not be written: {error.strerror}.",
            hint="Check the folder's permissions.",
            code="not_written",
        ) from error


def _blocks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield from (data[: len(data) // 2], data[len(data) // 2 :])
        return
    with data.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block


def make_folder(folder: Path) -> None:
    """Make a folder, and those around it, that survive a power cut."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
