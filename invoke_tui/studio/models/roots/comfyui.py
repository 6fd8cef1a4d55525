"""ComfyUI: the folders below ``models``, and those its ``extra_model_paths.yaml`` adds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import yaml

from invoke_tui.domain.text import safe_text

EXTRA: Final = "extra_model_paths.yaml"
_YAML_LIMIT: Final = 2**20
_SIGNS: Final = ("models/checkpoints", "models/diffusion_models", "models/unet", EXTRA)
_NO_MODELS: Final = frozenset({"custom_nodes", "configs", "is_default", "base_path", "download_model_base"})
_SECTIONS: Final = 200


def is_root(path: Path) -> bool:
    """Whether ComfyUI lives here."""
    return any((path / sign).exists() for sign in _SIGNS)


def folders(root: Path) -> tuple[list[Path], list[str]]:
    """Where this ComfyUI looks for models, and what is worth saying about it."""
    extra, notes = extra_folders(root / EXTRA) if (root / EXTRA).is_file() else ([], [])
    return [root / "models", *extra], notes


def extra_folders(file: Path) -> tuple[list[Path], list[str]]:
    """The folders an ``extra_model_paths.yaml`` names: base paths, ``~`` and variables expanded."""
    try:
        if file.stat().st_size > _YAML_LIMIT:
            return [], [f"{EXTRA} is larger than a list of folders is; it was not read."]
        document = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        return [], [f"{EXTRA} cannot be read: {safe_text(error, limit=200)}."]
    if not isinstance(document, dict):
        return [], [f"{EXTRA} lists nothing."]
    found: list[Path] = []
    for section in list(document.values())[:_SECTIONS]:
        if isinstance(section, dict):
            found += _section(section, file.parent)
    gone = [str(folder) for folder in found if not folder.exists()]
    notes = [f"{EXTRA} names folders that are not there: {', '.join(gone)[:500]}."] if gone else []
    return found, notes


def _section(section: dict[Any, Any], beside: Path) -> list[Path]:
    base = section.get("base_path")
    start = _joined(beside, base) if isinstance(base, str) and base.strip() else beside
    return [
        _joined(start, line)
        for name, value in section.items()
        if name not in _NO_MODELS
        for line in _lines(value)
    ]


def _lines(value: object) -> list[str]:
    """One folder, several in a text of several lines, or a list."""
    texts = value if isinstance(value, list) else [value]
    return [
        line.strip() for text in texts if isinstance(text, str) for line in text.split("\n") if line.strip()
    ]


def _joined(base: Path, text: str) -> Path:
    return Path(os.path.abspath(base / os.path.expanduser(os.path.expandvars(text.strip()))))
