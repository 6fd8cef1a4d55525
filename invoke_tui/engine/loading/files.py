"""The files of a diffusers folder: its small JSON documents and the weights of its components."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.engine.loading.faults import damaged, missing
from invoke_tui.engine.loading.weights import Pieces, SafetensorsFile, Weights

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


def folder_weights(folder: Path, stem: str, *, half: bool, pinned: bool = False) -> Weights:
    """The weights in ``folder``: one file, or the pieces an index names; half precision ones when wanted."""
    files = [SafetensorsFile(path, pinned=pinned) for path in find_weights(folder, stem, half=half)]
    return files[0] if len(files) == 1 else Pieces(files)


def find_weights(folder: Path, stem: str, *, half: bool) -> list[Path]:
    """The paths of the above."""
    if not folder.is_dir():
        raise missing(folder)
    for variant in (".fp16", "") if half else ("", ".fp16"):
        single = folder / f"{stem}{variant}.safetensors"
        if single.is_file():
            return [single]
        index = folder / f"{stem}.safetensors.index{variant}.json"
        if index.is_file():
            names = {Path(str(name)).name for name in read_json(index).get("weight_map", {}).values()}
            pieces = sorted(folder / name for name in names)
            for piece in pieces:
                if not piece.is_file():
                    raise missing(piece)
            if pieces:
                return pieces
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    if pickles:
        raise BadInputError(
            f"{folder / pickles[0]} is a pickle, which can run code when it is loaded.",
            hint="Install the model's safetensors version.",
            code="unsafe_weights",
        )
    raise missing(folder / f"{stem}.safetensors")
