"""Headers and folders made for the tests of identification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from invoke_tui.studio.models.headers.header import Header, TensorInfo
from invoke_tui.studio.models.identify import Verdict, identify

PEFT = {"down": "lora_A", "up": "lora_B"}


def header(
    keys: Mapping[str, Any],
    dtype: str = "F16",
    metadata: dict[str, str] | None = None,
    container: Any = "safetensors",
) -> Header:
    return Header(
        container, {key: TensorInfo(tuple(shape), dtype) for key, shape in keys.items()}, metadata or {}
    )


def told(keys: Mapping[str, Any], name: str = "x.safetensors", **more: Any) -> Verdict:
    return identify(Path(name), header(keys, **more))


def lay_out(folder: Path, files: dict[str, Any]) -> Path:
    folder.mkdir()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def pair(
    module: str, wide: int, out: int = 0, down: str = "lora_down", up: str = "lora_up"
) -> dict[str, Any]:
    return {f"{module}.{down}.weight": [8, wide], f"{module}.{up}.weight": [out or wide, 8]}
