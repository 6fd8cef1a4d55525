"""Look for models: every file and folder that may be one, and what it is. Nothing is loaded, moved or written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from invoke_tui.domain.scan import ScanEntry
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.headers import Header, UnreadableError, read_header
from invoke_tui.studio.models.identify.identify import identify
from invoke_tui.studio.models.identify.sidecars import read_card

SUFFIXES: Final = frozenset({".safetensors", ".sft", ".ckpt", ".pt", ".pth", ".bin", ".gguf"})
_WHOLE: Final = frozenset({"model_index.json", "image_encoder.txt", "adapter_config.json"})
"""A folder that holds one of these is one model, whatever else lies in it."""


def scan(root: Path) -> Iterator[ScanEntry]:
    """Yield what lies in and under ``root``, as it is found, in the order of names.

    A folder that is a model is one entry. Links are followed, each folder is seen once. A folder that cannot be opened
    is an entry with the reason, and the rest goes on.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder, f"The folder cannot be opened: {error.strerror or error}.")
            continue
        if _is_model({entry.name for entry in entries}):
            yield examine(folder)
            continue
        waiting += [folder / entry.name for entry in reversed(entries) if _is_folder(entry)]
        yield from (examine(folder / entry.name) for entry in entries if _may_be_model(entry))


def examine(path: Path) -> ScanEntry:
    """What lies at ``path``. Never raises: what cannot be read or told is an entry that says why."""
    header: Header | None = None
    try:
        if not path.is_dir():
            header = read_header(path)
        size = _folder_bytes(path) if header is None else path.stat().st_size
    except UnreadableError as error:
        return _unreadable(path, str(error))
    except OSError as error:
        return _unreadable(path, f"It cannot be read: {error.strerror or error}.")
    verdict = identify(path, header, peek=read_header)
    card = read_card(path, header.metadata if header else None)
    return ScanEntry(
        path=str(path),
        status="new" if verdict.known else "unknown",
        name=card.name or safe_text(path.name if header is None else path.stem, limit=200),
        type=verdict.type,
        base=verdict.base,
        format=verdict.format,
        variant=verdict.variant,
        prediction_type=verdict.prediction_type,
        precision=verdict.precision,
        dialect=verdict.dialect,
        algorithms=verdict.algorithms,
        file_size=size,
        description=card.description,
        trigger_phrases=card.trigger_phrases,
        preview=str(card.preview) if card.preview else None,
        default_settings=verdict.default_settings,
        assumed=verdict.assumed,
        reason=verdict.reason,
    )


def _is_model(names: set[str]) -> bool:
    if names & _WHOLE:
        return True
    # a component of its own, as hubs have them: a configuration beside weights
    return "config.json" in names and any(
        name.endswith((".safetensors", ".bin", ".index.json")) for name in names
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and not entry.name.startswith(".")
    except OSError:
        return False


def _may_be_model(entry: os.DirEntry[str]) -> bool:
    hidden = entry.name.startswith(".")
    return not hidden and os.path.splitext(entry.name)[1].lower() in SUFFIXES and not _is_folder(entry)


def _folder_bytes(folder: Path) -> int:
    return sum((Path(parent) / name).stat().st_size for parent, _, names in os.walk(folder) for name in names)


def _unreadable(path: Path, reason: str) -> ScanEntry:
    name = safe_text(path.name, limit=200)
    return ScanEntry(path=str(path), status="unreadable", name=name, reason=safe_text(reason, limit=500))
