"""Look for models: every file and folder that may be one, and what it is. Nothing is loaded, moved or written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from invoke_tui.domain.models.records import ModelType
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.distilled import distilled_defaults
from invoke_tui.studio.models.folder_defaults import folder_defaults
from invoke_tui.studio.models.headers import Header, UnreadableError, read_header
from invoke_tui.studio.models.identify.identify import identify
from invoke_tui.studio.models.identify.sidecars import read_card
from invoke_tui.studio.models.walk import walk


def scan(root: Path) -> Iterator[ScanEntry]:
    """Yield what lies in and under ``root`` as ``walk`` finds it, each with what it is or why that cannot be told."""
    for found in walk(root):
        yield unreadable(found.path, found.problem) if found.problem else examine(Path(found.path))


def examine(path: Path) -> ScanEntry:
    """What lies at ``path``. Never raises: what cannot be read or told is an entry that says why."""
    header: Header | None = None
    try:
        if not path.is_dir():
            header = read_header(path)
        size = _folder_bytes(path) if header is None else path.stat().st_size
    except UnreadableError as error:
        return unreadable(path, str(error))
    except MemoryError:
        return unreadable(path, "reading it takes more memory than a model file may")
    except OSError as error:
        return unreadable(path, f"It cannot be read: {error.strerror or error}.")
    verdict = identify(path, header, peek=read_header)
    card = read_card(path, header.metadata if header else None)
    defaults = verdict.default_settings
    if header is None and verdict.type in (ModelType.MAIN, ModelType.CONTROLNET):
        defaults = folder_defaults(path, defaults)
    assumed = verdict.assumed
    if verdict.type is ModelType.MAIN and (few := distilled_defaults(path, verdict.base, defaults)):
        defaults, assumed = few, (*assumed, "few steps: the name or the scheduler says so")
    if verdict.type is ModelType.LORA and card.weight is not None:
        defaults = defaults.model_copy(update={"weight": card.weight})
    return ScanEntry(
        path=str(path),
        status="new" if verdict.known else "unknown",
        name=card.name or safe_text(path.name if header is None else path.stem, limit=200),
        type=verdict.type,
        base=verdict.base,
        format=verdict.format,
        variant=verdict.variant,
        prediction_type=verdict.prediction_type,
        repo_variant=verdict.repo_variant,
        precision=verdict.precision,
        dialect=verdict.dialect,
        algorithms=verdict.algorithms,
        submodels=verdict.submodels,
        file_size=size,
        description=card.description,
        trigger_phrases=card.trigger_phrases,
        preview=str(card.preview) if card.preview else None,
        default_settings=defaults,
        assumed=assumed,
        reason=verdict.reason,
    )


def unreadable(path: Path | str, reason: str) -> ScanEntry:
    """The entry of something that cannot be read."""
    name = safe_text(os.path.basename(path), limit=200)
    return ScanEntry(path=str(path), status="unreadable", name=name, reason=safe_text(reason, limit=500))


def _folder_bytes(folder: Path) -> int:
    return sum((Path(parent) / name).stat().st_size for parent, _, names in os.walk(folder) for name in names)
