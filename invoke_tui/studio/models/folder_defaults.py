"""The settings a diffusers folder asks for: those somebody wrote into it, and the size its UNet was made for."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from invoke_tui.domain.models.records import ModelDefaults
from invoke_tui.studio.models.identify.folder_kinds import OWN_FILE
from invoke_tui.studio.models.identify.folders import read_json


def folder_defaults(folder: Path, usual: ModelDefaults) -> ModelDefaults:
    """What the folder's ``invoke.json`` says, else its UNet's size, else what is usual for its family."""
    said = read_json(folder / OWN_FILE)
    given = said.get("default_settings", said)
    given = given if isinstance(given, dict) else {}
    known = {name: value for name, value in given.items() if name in ModelDefaults.model_fields}
    sample = read_json(folder / "unet" / "config.json").get("sample_size")
    blocks = read_json(folder / "vae" / "config.json").get("block_out_channels")
    scale = 2 ** (len(blocks) - 1) if isinstance(blocks, list) and 1 <= len(blocks) <= 6 else 8
    if isinstance(sample, int) and 8 <= sample <= 256:
        known = {"width": sample * scale, "height": sample * scale} | known
    try:
        return ModelDefaults.model_validate(usual.model_dump(exclude_none=True) | known)
    except ValidationError:
        return usual
