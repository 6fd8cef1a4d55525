"""What PEFT writes beside the weights: the alpha each of its pairs was trained with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, sqrt
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from invoke_tui.engine.adapters.lora.keys import DENOISER, Layer

_KEY: Final = "lora_adapter_metadata"
_FOLDER_FILE: Final = "adapter_config.json"
_LARGEST_FILE: Final = 2**20
_COMPONENTS: Final = {"unet": DENOISER, "transformer": DENOISER}


@dataclass(frozen=True)
class Recorded:
    """The settings of training by component; the empty name stands for all of them."""

    settings: Mapping[str, Mapping[str, Any]]

    def scale(self, layer: Layer, rank: int) -> float:
        """What the product of a pair is scaled by; 1 where nothing was recorded."""
        known = self.settings.get(layer.component) or self.settings.get("") or {}
        patterns = known.get("alpha_pattern")
        alpha = known.get("lora_alpha")
        if isinstance(patterns, dict):
            fitting = (a for name, a in patterns.items() if f".{layer.name}".endswith(f".{name}"))
            alpha = next(fitting, alpha)
        if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not isfinite(alpha):
            return 1.0
        return alpha / (sqrt(rank) if known.get("use_rslora") is True else rank)


def recorded_in(path: Path) -> Recorded:
    """What stands in the header of a safetensors file or in the configuration beside it."""
    found: dict[str, dict[str, Any]] = {}
    if path.name.startswith("adapter_model") and (beside := _object(_text(path.parent / _FOLDER_FILE))):
        found[""] = beside
    for name, value in _object(_metadata(path).get(_KEY, "")).items():
        component, _, setting = name.partition(".")
        found.setdefault(_COMPONENTS.get(component, component), {})[setting] = value
    return Recorded(found)


def _metadata(path: Path) -> Mapping[str, str]:
    if path.suffix.lower() != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError):  # reading its tensors will say what is wrong with it
        return {}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8") if path.stat().st_size <= _LARGEST_FILE else ""
    except (OSError, ValueError):
        return ""


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
