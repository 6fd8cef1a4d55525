"""The files of a diffusers folder: its small JSON documents and the weights of its components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from invoke_tui.engine.loading.faults import damaged, missing

DIFFUSERS_WEIGHTS: Final = "diffusion_pytorch_model"
TRANSFORMERS_WEIGHTS: Final = "model"


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in ``path``. Raises ``NotFoundError`` or ``BadInputError`` naming the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise missing(path) from None
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    if not isinstance(data, dict):
        raise damaged(path, "it holds no JSON object")
    return data


def find_weights(folder: Path, stem: str, *, half: bool) -> list[Path]:
    """The weights in ``folder``: one file, or the pieces an index names; half precision ones when wanted.

    Pickles are the last choice.
    """
    if not folder.is_dir():
        raise missing(folder)
    for variant in (".fp16", "") if half else ("", ".fp16"):
        single = folder / f"{stem}{variant}.safetensors"
        if single.is_file():
            return [single]
        if pieces := _pieces(folder / f"{stem}.safetensors.index{variant}.json"):
            return pieces
    for name in (stem, f"pytorch_{stem}"):
        if (folder / f"{name}.bin").is_file():
            return [folder / f"{name}.bin"]
        if pieces := _pieces(folder / f"{name}.bin.index.json"):
            return pieces
    raise missing(folder / f"{stem}.safetensors")


def _pieces(index: Path) -> list[Path]:
    if not index.is_file():
        return []
    names = {Path(str(name)).name for name in read_json(index).get("weight_map", {}).values()}
    pieces = sorted(index.parent / name for name in names)
    for piece in pieces:
        if not piece.is_file():
            raise missing(piece)
    return pieces
