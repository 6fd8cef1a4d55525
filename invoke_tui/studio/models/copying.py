"""Copying a model into the models folder: the space is looked at first, and it is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, CanceledError, StudioError

_PIECE: Final = 8 * 2**20
_RESERVE: Final = 256 * 2**20
_BESIDE: Final = (".civitai.info", ".json", ".preview.png", ".png", ".preview.jpg", ".jpg")


def copy_model(source: Path, models_dir: Path, key: str, size: int, stop: threading.Event) -> Path:
    """Copy a file, with what people wrote beside it, or a folder to ``models_dir/key/``; the copy's path.

    ``size`` is what it needs, in bytes. Nothing is left behind when it fails or ``stop`` is set. For a thread."""
    models_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(models_dir).free
    if free < size + _RESERVE:
        raise StudioError(
            f"{source.name} needs {size / 1e9:.2f} GB; {models_dir} has {free / 1e9:.2f} GB free.",
            hint="Free some space, or use it in place.",
            code="disk_full",
        )
    target = models_dir / key
    if target.exists():
        raise BadInputError(f"{target} is in the way.", hint="Move it away.", code="in_the_way")
    part = models_dir / f".{key}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        _copy_into(source, part / source.name, stop)
        if source.is_file():
            for card in (source.with_suffix(suffix) for suffix in _BESIDE):
                if card.is_file():
                    _copy_into(card, part / card.name, stop)
        os.replace(part, target)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise StudioError(
            f"{source.name} could not be copied: {error.strerror or error}.", code="copy_failed"
        ) from error
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return target / source.name


def _copy_into(source: Path, target: Path, stop: threading.Event) -> None:
    if source.is_dir():
        target.mkdir()
        for entry in sorted(source.iterdir()):
            # links to files are followed, as hubs' caches have them; links to folders may lead in circles
            if entry.is_file() or (entry.is_dir() and not entry.is_symlink()):
                _copy_into(entry, target / entry.name, stop)
        return
    with open(source, "rb") as reading, open(target, "xb") as writing:
        while piece := reading.read(_PIECE):
            if stop.is_set():
                raise CanceledError("The copy was canceled.")
            writing.write(piece)
        writing.flush()
        os.fsync(writing.fileno())
    shutil.copystat(source, target)
