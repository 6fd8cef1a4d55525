"""A LoRA in memory: its patches by layer as the file names them, and fitted to the components they are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from invoke_tui.domain.text import safe_text
from invoke_tui.engine.adapters.lora.keys import Layer, sort_keys
from invoke_tui.engine.adapters.lora.names import Names, Target
from invoke_tui.engine.adapters.lora.patches import (
    Decomposed,
    Exact,
    Full,
    Hadamard,
    Kronecker,
    LowRank,
    Patch,
    Scaled,
)
from invoke_tui.engine.adapters.lora.recorded import recorded_in
from invoke_tui.engine.loading.faults import damaged, missing
from invoke_tui.engine.loading.reader import Reader

_FOLDER_FILES: Final = (
    "pytorch_lora_weights.safetensors", "adapter_model.safetensors", "pytorch_lora_weights.bin",
    "adapter_model.bin",
)  # fmt: skip
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Change:
    """What one layer of the file does: to the weight, to the bias, or to both."""

    weight: Patch | None = None
    bias: Patch | None = None


@dataclass(frozen=True)
class Fitted:
    """The changes for one component, and the layers of it in the file that the component does not have."""

    changes: tuple[tuple[Target, Change], ...]
    strange: tuple[str, ...]


@dataclass(frozen=True)
class LoRA:
    """A LoRA file. ``size_bytes`` is what its tensors take; ``strange`` are the keys that mean nothing to us."""

    path: Path
    layers: Mapping[Layer, Change]
    strange: tuple[str, ...]
    size_bytes: int
    _fitted: WeakKeyDictionary[Names, dict[str, Fitted]] = field(
        default_factory=WeakKeyDictionary, repr=False, compare=False
    )

    def components(self) -> set[str]:
        """What the file changes: the denoiser, text encoders."""
        return {layer.component for layer in self.layers}

    def fit(self, component: str, names: Names) -> Fitted:
        """Its patches for ``component`` by the layers they change."""
        known = self._fitted.setdefault(names, {})
        if component not in known:
            changes, strange = [], []
            for layer, change in self.layers.items():
                if layer.component != component:
                    continue
                target = names.find(layer.name)
                if target is None:
                    strange.append(layer.name)
                else:
                    changes.append((target, change))
            known[component] = Fitted(tuple(changes), tuple(strange))
        return known[component]


def load_lora(path: Path, reader: Reader) -> LoRA:
    """Read a LoRA: a file, or a folder as diffusers and PEFT write them.

    Raises ``BadInputError`` for what is no LoRA, ``NotFoundError`` for files that are gone.
    """
    file = _file(path)
    weights, recorded = reader.open(file), recorded_in(file)
    layers, strange = sort_keys(weights.shapes)
    tensors = weights.read([key for parts in layers.values() for key in parts.values()])
    found: dict[Layer, Change] = {}
    for layer, keys in layers.items():
        try:
            parts = {role: tensors[key] for role, key in keys.items()}
            if "alpha" not in parts and "down" in parts:
                rank = parts["down"].shape[0]
                parts["alpha"] = torch.tensor(recorded.scale(layer, rank) * rank)
            change = _change(parts)
        except (KeyError, IndexError, ValueError, RuntimeError) as error:
            name = safe_text(layer.name, limit=120)
            raise damaged(
                path, f"its layer {name} lacks a part or has one of another size ({error})"
            ) from error
        if change is None:
            strange += keys.values()
        else:
            found[layer] = change
    if not found:
        raise damaged(path, "nothing in it is a LoRA's")
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    return LoRA(path, found, tuple(strange), size)


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in _FOLDER_FILES if (path / name).is_file()), None)
    if found is None:
        raise missing(path / _FOLDER_FILES[0])
    return found


def _change(tensors: Tensors) -> Change | None:
    """The change that a layer's tensors make, None when they are no known algorithm's."""
    make = next((make for mark, make in _MAKERS.items() if mark in tensors), None)
    patch = make(tensors) if make is not None else None
    if patch is not None and "dora" in tensors:
        patch = Decomposed(patch, tensors["dora"])
    bias = Full(tensors["bias"]) if "bias" in tensors else None
    return Change(patch, bias) if patch is not None or bias is not None else None


def _scale(tensors: Tensors, rank: int) -> float:
    """Alpha / rank; a file without an alpha was trained with one that is the rank."""
    return float(tensors["alpha"].float().reshape(-1)[0]) / rank if "alpha" in tensors else 1.0


def _low_rank(tensors: Tensors) -> Patch:
    up, down, core = tensors["up"], tensors["down"], tensors.get("mid")
    if up.shape[1] != (down if core is None else core).shape[0] or up.ndim < 2 or down.ndim < 2:
        raise ValueError(f"{tuple(up.shape)} times {tuple(down.shape)}")
    return LowRank(up, down, _scale(tensors, down.shape[0]), core)


def _hadamard(tensors: Tensors) -> Patch:
    parts = {name: tensors[f"hada_{name}"] for name in ("w1_a", "w1_b", "w2_a", "w2_b")}
    scale = _scale(tensors, parts["w1_b"].shape[0])
    return Hadamard(**parts, scale=scale, t1=tensors.get("hada_t1"), t2=tensors.get("hada_t2"))


def _kronecker(tensors: Tensors) -> Patch:
    parts = {name.removeprefix("lokr_"): tensor for name, tensor in tensors.items() if "lokr_" in name}
    for name in ("w1", "w2"):
        if name not in parts and not {f"{name}_a", f"{name}_b"} <= parts.keys():
            raise KeyError(name)
    low = next((parts[name] for name in ("w1_b", "w2_b") if name in parts), None)
    return Kronecker(parts, 1.0 if low is None else _scale(tensors, low.shape[0]))


def _scaled(tensors: Tensors) -> Patch:
    return Scaled(tensors["factor"], bool(tensors["on_input"].reshape(-1)[0]))


_MAKERS: Final[dict[str, Callable[[Tensors], Patch]]] = {
    "up": _low_rank,
    "down": _low_rank,
    "hada_w1_a": _hadamard,
    "lokr_w1": _kronecker,
    "lokr_w1_a": _kronecker,
    "lokr_w2": _kronecker,
    "diff": lambda tensors: Full(tensors["diff"]),
    "on_input": _scaled,
    "set": lambda tensors: Exact(tensors["set"]),
}
"""The part that tells an algorithm, and what makes its patch."""
