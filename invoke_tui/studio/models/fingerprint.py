"""Which content a model has, without reading it whole: a file that was moved or copied is known again by it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from blake3 import blake3

from invoke_tui.studio.models.identify.folder_kinds import OWN_FILE
from invoke_tui.studio.models.identify.folders import JSON_LIMIT
from invoke_tui.studio.models.walk import SUFFIXES

_HEAD: Final = 256 * 2**10
_SAMPLES: Final = 32
_SAMPLE: Final = 4 * 2**10
_FILE_LIMIT: Final = 2000


def fingerprint(path: Path) -> str:
    """``sampled:<blake3>`` of size, beginning and 32 samples of a file, or of all weights and configurations of a
    folder; reads at most 0.4 MB of each file. Empty for a folder without weights. Raises ``OSError``."""
    digest = blake3()
    if not path.is_dir():
        digest.update(_of_file(path))
        return f"sampled:{digest.hexdigest()}"
    weights = 0
    for file in _files(path):
        suffix = file.suffix.lower()
        if suffix in SUFFIXES:
            weights += 1
            digest.update(f"{file.relative_to(path)}\n".encode(errors="surrogateescape") + _of_file(file))
        elif suffix == ".json" and file.name != OWN_FILE and file.stat().st_size <= JSON_LIMIT:
            digest.update(f"{file.relative_to(path)}\n".encode(errors="surrogateescape") + file.read_bytes())
    return f"sampled:{digest.hexdigest()}" if weights else ""


def _of_file(path: Path) -> bytes:
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        digest = blake3(size.to_bytes(8, "little"))
        digest.update(file.read(_HEAD))
        if size > _HEAD:
            step = max(1, (size - _HEAD - _SAMPLE) // (_SAMPLES - 1))
            for number in range(_SAMPLES):
                digest.update(os.pread(file.fileno(), _SAMPLE, _HEAD + number * step))
        return digest.digest()


def _files(folder: Path) -> list[Path]:
    found = [Path(parent) / name for parent, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if not path.name.startswith(".") and path.is_file())[:_FILE_LIMIT]
