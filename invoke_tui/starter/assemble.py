"""The starter model's companions: which there are, and how each is put together from what ships. Needs no torch.

Some files are whole. Of the others only what differs from the starter ships: whole tensors where they are new or were
trained anew, and low-rank pairs, under kohya's names, that are added to the starter's own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file, save_file

STARTER = Path(__file__).parent / "model"
SHIPPED = Path(__file__).parent / "companions"
WEIGHTS = "diffusion_pytorch_model.safetensors"
BORROWED = ("time_embedding.", "mid_block.")
"""Parts of the ControlNet that are the starter's own."""
ADAPTER, ENCODER_NOTE = "ip_adapter.safetensors", "image_encoder.txt"
REFERENCE_ENCODER = "starter-reference-encoder"
"""What the reference adapter sees through, as it is called once it is installed."""
_PREFIX = "lora_unet_"

Tensors = dict[str, npt.NDArray[Any]]


def assemble(name: str, folder: Path) -> Path:
    """Put a companion together in ``folder``; its file, or the folder itself. Raises ``KeyError`` for unknown names."""
    make = COMPANIONS[name]
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return make(SHIPPED / name, folder)


def _as_it_is(shipped: Path, folder: Path) -> Path:
    """A companion that ships whole: its one file, or the folder."""
    copied = [Path(shutil.copyfile(file, folder / file.name)) for file in sorted(shipped.iterdir())]
    return copied[0] if len(copied) == 1 else folder


def _control(shipped: Path, folder: Path) -> Path:
    """A ControlNet whose missing tensors are those of the starter's denoiser."""
    own = load_file(shipped / WEIGHTS)
    config: dict[str, Any] = json.loads((shipped / "config.json").read_text(encoding="utf-8"))
    starter = load_file(STARTER / "unet" / WEIGHTS)
    borrowed = {name: value for name, value in starter.items() if name.startswith(BORROWED)}
    save_file({**borrowed, **own}, folder / WEIGHTS)
    _write(folder / "config.json", config)
    shutil.copyfile(shipped / "invoke.json", folder / "invoke.json")
    return folder


def _inpaint(shipped: Path, folder: Path) -> Path:
    """The starter with a denoiser of nine channels."""
    shutil.copytree(STARTER, folder, dirs_exist_ok=True)
    unet = folder / "unet"
    save_file(merged(load_file(unet / WEIGHTS), load_file(shipped / "weights.safetensors")), unet / WEIGHTS)
    _change(unet / "config.json", in_channels=9)
    _change(folder / "model_index.json", _class_name="StableDiffusionInpaintPipeline")
    return folder


def merged(weights: Tensors, changes: Mapping[str, npt.NDArray[Any]], strength: float = 1.0) -> Tensors:
    """The weights with whole tensors put in their place and low-rank pairs added, in their own precision."""
    made = dict(weights)
    paths = {
        name.removesuffix(".weight").replace(".", "_"): name for name in weights if name.endswith(".weight")
    }
    for name, value in changes.items():
        stem, _, part = name.removeprefix(_PREFIX).partition(".")
        if not name.startswith(_PREFIX):
            made[name] = value
        elif part == "lora_down.weight":
            path = paths[stem]
            down, up = value.astype(np.float32), changes[f"{_PREFIX}{stem}.lora_up.weight"].astype(np.float32)
            share = strength * float(changes[f"{_PREFIX}{stem}.alpha"]) / len(down)
            change = up.reshape(len(up), -1) @ down.reshape(len(down), -1)
            before = weights[path]
            made[path] = (before.astype(np.float32) + share * change.reshape(before.shape)).astype(
                before.dtype
            )
    return made


def _change(path: Path, **values: object) -> None:
    document: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    _write(path, document | values)


def _write(path: Path, document: Mapping[str, object]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def ship(name: str, work: Path) -> int:
    """Take a trained companion, and what is trained with it, from the work folder into the package; its bytes."""
    folders = [SHIPPED / name, *(SHIPPED / other for other, first in TRAINED_WITH.items() if first == name)]
    for target in folders:
        shutil.copytree(work / target.name, target, dirs_exist_ok=True)
    files = [path for target in folders for path in target.iterdir()]
    for path in files:
        path.chmod(0o644)
    return sum(path.stat().st_size for path in files)


COMPANIONS: dict[str, Callable[[Path, Path], Path]] = {
    "sticker": _as_it_is,
    "inpaint": _inpaint,
    "canny": _control,
    "upscaler": _as_it_is,
    "reference": _as_it_is,
    "reference-encoder": _as_it_is,
}
"""Name to how it is put together."""
TRAINED_WITH = {"reference-encoder": "reference"}
"""Companions that have no training of their own, and whose they share."""
