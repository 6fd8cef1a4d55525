"""Whose folder is this?"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.models.scan import ScanRoot
from invoke_tui.studio.models.roots import comfyui, invokeai

_A1111_FOLDERS: Final = ("models", "embeddings", "extensions/sd-webui-controlnet/models")
A1111_SIGNS: Final = ("models/Stable-diffusion", "models/Lora")


@dataclass(frozen=True, slots=True)
class Recognised:
    """A root, and what its program wrote down about models: values for ``Models.add``'s overrides, by path."""

    root: ScanRoot
    records: dict[str, dict[str, Any]] = field(default_factory=dict)


def recognise(path: Path) -> Recognised:
    """Say whose folder ``path`` is. Raises ``NotFoundError`` when nothing is there."""
    path = Path(os.path.abspath(path.expanduser()))
    if not path.exists():
        raise NotFoundError(f"There is no file or folder {path}.", code="path_not_found")
    if path.name.startswith("extra_model_paths") and path.suffix in (".yaml", ".yml"):
        folders, notes = comfyui.extra_folders(path)
        return Recognised(_root(path, "comfyui", folders, notes))
    if invokeai.is_root(path):
        folder, records, notes = invokeai.read(path)
        outside = [Path(place) for place in records if not Path(place).is_relative_to(folder)]
        return Recognised(_root(path, "invokeai", [folder, *outside], notes), records)
    if comfyui.is_root(path):
        folders, notes = comfyui.folders(path)
        return Recognised(_root(path, "comfyui", folders, notes))
    if any((path / sign).is_dir() for sign in A1111_SIGNS):
        return Recognised(_root(path, "a1111", [path / folder for folder in _A1111_FOLDERS], []))
    return Recognised(ScanRoot(path=str(path), kind="folder", folders=(str(path),)))


def _root(path: Path, kind: Any, folders: list[Path], notes: list[str]) -> ScanRoot:
    there = dict.fromkeys(str(folder) for folder in folders if folder.exists())
    return ScanRoot(path=str(path), kind=kind, folders=tuple(there), notes=tuple(notes))
