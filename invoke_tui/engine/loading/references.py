"""IP-Adapters, FLUX Redux, and the image encoders they look through."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from invoke_tui.domain.models.records import BaseModelType, ModelRecord
from invoke_tui.engine.loading.files import read_json
from invoke_tui.engine.loading.layouts.ip_adapter import IP_ADAPTERS, XLABS_ADAPTER
from invoke_tui.engine.loading.layouts.redux import REDUX
from invoke_tui.engine.loading.layouts.vision import CLIP_VISION, SIGLIP
from invoke_tui.engine.loading.parts import (
    CLIP_VISION_CLASS,
    CLIP_VISION_PROJECTION_CLASS,
    IP_ADAPTER_CLASS,
    REDUX_CLASS,
    SIGLIP_CLASS,
    Part,
    Place,
)

_IP_ADAPTER: Final = Part("model", IP_ADAPTER_CLASS, IP_ADAPTERS)
_FLUX_ADAPTER: Final = Part("model", IP_ADAPTER_CLASS, (XLABS_ADAPTER,), wide=True)
_REDUX: Final = Part("model", REDUX_CLASS, (REDUX,), wide=True)
SIGLIP_PART: Final = Part("model", SIGLIP_CLASS, (SIGLIP,))
_FILES: Final = ("ip_adapter.safetensors", "ip_adapter.bin")


def ip_adapter_part(record: ModelRecord) -> Part:
    """How an IP-Adapter of the record's family is loaded."""
    return _FLUX_ADAPTER if record.base is BaseModelType.FLUX else _IP_ADAPTER


def redux_part(record: ModelRecord, name: str) -> tuple[Part, Place]:
    """FLUX Redux itself, or the image encoder that a diffusers folder has beside it; and where it lies."""
    path = Path(record.path)
    part = SIGLIP_PART if name == "image_encoder" else _REDUX
    return part, Place(path, name, whole=not (path / name).is_dir())


def ip_adapter_place(record: ModelRecord) -> Place:
    """Where the weights are: the file, or the one in InvokeAI's folder."""
    path = Path(record.path)
    if path.is_dir():
        path = next((path / name for name in _FILES if (path / name).is_file()), path / _FILES[0])
    return Place(path, "ip_adapter", whole=True)


def clip_vision_part(record: ModelRecord) -> Part:
    """The image encoder, with its summary of a picture where it has one."""
    folder = Path(record.path)
    said = read_json(folder / "config.json").get("architectures") if folder.is_dir() else None
    bare = isinstance(said, list) and "CLIPVisionModel" in said
    return Part("model", CLIP_VISION_CLASS if bare else CLIP_VISION_PROJECTION_CLASS, (CLIP_VISION,))
