"""Recognising a diffusers folder of a Stable Diffusion 1 or 2 model by its small JSON files. No weights are read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from invoke_tui.domain.models import BaseModelType, ModelDefaults, ModelFormat, ModelRecord, ModelType
from invoke_tui.studio.models.identify.folder_kinds import OWN_FILE
from invoke_tui.studio.models.identify.folders import JSON_LIMIT, read_json
from invoke_tui.studio.models.identify.verdict import IN_CHANNELS

_PIPELINE: Final = "StableDiffusion"
_BASES: Final = {768: BaseModelType.SD1, 1024: BaseModelType.SD2}
_DEPTH: Final = 3


def find(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Folders below ``folder`` that hold a ``model_index.json``."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == "model_index.json" for entry in entries):
        yield folder
        return
    for entry in entries:
        if depth and not entry.name.startswith(".") and entry.is_dir():
            yield from find(Path(entry.path), depth - 1)


def read(folder: Path) -> ModelRecord | None:
    """The record of a folder that is a Stable Diffusion 1 or 2 model, else None."""
    index = read_json(folder / "model_index.json")
    unet = read_json(folder / "unet" / "config.json")
    if not str(index.get("_class_name", "")).startswith(_PIPELINE):
        return None
    base = _base(folder, unet)
    if base is None:
        return None
    prediction = read_json(folder / "scheduler" / "scheduler_config.json").get("prediction_type", "epsilon")
    size, digest = _weigh(folder)
    return ModelRecord(
        key=str(uuid5(NAMESPACE_URL, folder.as_uri())),
        hash=digest,
        name=folder.name,
        base=base,
        type=ModelType.MAIN,
        format=ModelFormat.DIFFUSERS,
        variant=IN_CHANNELS.get(unet.get("in_channels", 4), "normal"),
        prediction_type=prediction if prediction in ("epsilon", "v_prediction", "sample") else "epsilon",
        path=str(folder),
        file_size=size,
        source=str(folder),
        default_settings=_defaults(folder, unet),
    )


def _base(folder: Path, unet: dict[str, Any]) -> BaseModelType | None:
    """What the folder's ``invoke.json`` says, else what the width of the text states tells."""
    said = read_json(folder / OWN_FILE).get("base")
    if said in set(BaseModelType):
        return BaseModelType(said)
    dimension = unet.get("cross_attention_dim")
    return _BASES.get(dimension) if isinstance(dimension, int) else None


def _defaults(folder: Path, unet: dict[str, Any]) -> ModelDefaults:
    """What the folder's ``invoke.json`` says, else the size the UNet was made for."""
    said = read_json(folder / OWN_FILE)
    given = said.get("default_settings", said)
    known = {name: value for name, value in given.items() if name in ModelDefaults.model_fields}
    sample = unet.get("sample_size")
    blocks = read_json(folder / "vae" / "config.json").get("block_out_channels")
    scale = 2 ** (len(blocks) - 1) if isinstance(blocks, list) and 1 <= len(blocks) <= 6 else 8
    if isinstance(sample, int) and 8 <= sample <= 256:
        known = {"width": sample * scale, "height": sample * scale} | known
    try:
        return ModelDefaults.model_validate(known)
    except ValidationError:
        return ModelDefaults()


def _weigh(folder: Path) -> tuple[int, str]:
    """Bytes in all, and a digest of names, sizes and configurations: enough to tell models apart, and quick."""
    digest, total = hashlib.sha256(), 0
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        size = path.stat().st_size
        total += size
        digest.update(f"{path.relative_to(folder)}:{size}\n".encode())
        if path.suffix == ".json" and size <= JSON_LIMIT:
            digest.update(path.read_bytes())
    return total, f"layout:{digest.hexdigest()}"
