"""What lies at a path: which files are pictures to take, whose they are, and what goes with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.importing import ImportKind, ImportOrder, SkippedFile
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.gallery.importing.invokeai import open_root
from invoke_tui.studio.gallery.importing.source import Source, Wanted
from invoke_tui.studio.models.roots import comfyui, invokeai
from invoke_tui.studio.models.roots.recognise import A1111_SIGNS

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"})
"""Files that are looked at; what they are is told by what is in them."""
_NOT_PICTURES: Final = frozenset({"thumbnails"})
"""Folders that programs keep beside their pictures."""
_OUTPUTS: Final = ("outputs", "output")
_DEEPEST: Final = 60


def open_source(order: ImportOrder) -> Source:
    """Look what is there. Raises ``NotFoundError`` and ``BadInputError``; takes as long as listing a folder does."""
    path = Path(os.path.abspath(Path(order.path).expanduser()))
    if "\0" in order.path or not path.exists():
        raise NotFoundError(
            f"There is no file or folder {safe_text(path, limit=500)}.", code="path_not_found"
        )
    path = path.resolve()
    if path.is_file():
        return Source("file", 1, iter([Wanted(path)]))
    if not path.is_dir():
        raise BadInputError(f"{safe_text(path, limit=500)} is neither a file nor a folder.", code="bad_path")
    if invokeai.is_root(path):
        return open_root(path, intermediates=order.intermediates)
    kind, folder = _whose(path)
    listed = list(_walk(folder, order))
    notes = () if folder == path else (f"The pictures are in {safe_text(folder, limit=500)}.",)
    return Source(kind, len(listed), iter(listed), notes=notes)


def _whose(path: Path) -> tuple[ImportKind, Path]:
    """Of a program's own folder its pictures' folder; any other as it is."""
    kind: ImportKind | None = None
    if comfyui.is_root(path):
        kind = "comfyui"
    elif any((path / sign).is_dir() for sign in A1111_SIGNS):
        kind = "a1111"
    outputs = next((path / name for name in _OUTPUTS if (path / name).is_dir()), None)
    return (kind, outputs) if kind and outputs else ("folder", path)


def _walk(folder: Path, order: ImportOrder) -> Iterator[Wanted | SkippedFile]:
    """The pictures of a folder by name, then those of its folders. Links are told and not followed."""
    for here, folders, names in os.walk(folder):
        below = Path(here).relative_to(folder).parts
        folders[:] = [] if len(below) >= _DEEPEST or not order.recursive else _folders(folders)
        for name in sorted(names):
            if name.startswith(".") or Path(name).suffix.lower() not in SUFFIXES:
                continue
            path = Path(here, name)
            if path.is_symlink():
                yield SkippedFile(path=safe_text(path), reason="is a link; take what it points to")
            elif path.is_file():  # and no pipe or device
                yield Wanted(path, (folder.name, *below) if order.boards_from_folders else ())


def _folders(names: list[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith(".") and name not in _NOT_PICTURES)
