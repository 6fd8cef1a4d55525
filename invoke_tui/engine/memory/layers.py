"""A module taken apart into layers: what moves as a whole, and the tensors in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import torch
from torch import Tensor, nn

from invoke_tui.engine.memory.residency import Layer

FP8: Final = torch.float8_e4m3fn
FP8_LARGEST: Final = torch.finfo(FP8).max
WIDE: Final = (torch.float16, torch.bfloat16, torch.float32)
WHOLE_MODULES: Final = (nn.MultiheadAttention,)
"""Modules that use their children's weights without calling them: they are one layer with all that is in them."""
FP8_MODULES: Final = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
FP8_LEFT_ALONE: Final = re.compile(r"norm|embed|(^|\.)(proj_in|proj_out|conv_in|conv_out|lm_head)(\.|$)")
"""Names of layers that lose too much in eight bits: norms, embeddings, the way in and the way out."""


@dataclass
class Slot:
    """One tensor's place in a module. ``host`` is the tensor in RAM, None while it lives on the device alone.

    ``compute`` is the precision to widen to when it is used; None when it is used as it lies.
    """

    owner: nn.Module
    name: str
    is_buffer: bool
    host: Tensor | None
    compute: torch.dtype | None = None

    @property
    def plain(self) -> bool:
        """Whether the tensor is torch's own, and not one of a library's that knows how to unpack itself."""
        return self.host is None or type(self.host) in (Tensor, nn.Parameter)

    def put(self, tensor: Tensor | None) -> None:
        """Let the module find ``tensor`` here. Its dictionaries are written directly: a swap has to be cheap."""
        place = self.owner._buffers if self.is_buffer else self.owner._parameters
        place[self.name] = tensor  # type: ignore[assignment]


@dataclass
class ModuleLayer:
    """A layer: ``modules`` are those whose call needs it."""

    name: str
    modules: list[nn.Module]
    slots: list[Slot] = field(default_factory=list)
    fixed: bool = False

    def plan(self) -> Layer:
        """The layer for the arithmetic."""
        tensors = [(slot, slot.host) for slot in self.slots if slot.host is not None]
        unique = {id(tensor): (slot, tensor) for slot, tensor in tensors}.values()
        return Layer(
            name=self.name,
            bytes=sum(tensor_bytes(tensor) for _, tensor in unique),
            working_bytes=sum(t.numel() * s.compute.itemsize for s, t in unique if s.compute is not None),
            fixed=self.fixed,
        )


def tensor_bytes(tensor: Tensor) -> int:
    """Bytes of a tensor's elements as they are stored; of a tensor made of tensors, those of its parts."""
    if hasattr(tensor, "__tensor_flatten__"):
        names, _ = tensor.__tensor_flatten__()
        return sum(tensor_bytes(getattr(tensor, name)) for name in names)
    return tensor.numel() * tensor.element_size()


def module_bytes(root: nn.Module) -> int:
    """Bytes of a module's weights and buffers, each tensor once."""
    tensors = {id(tensor): tensor for tensor in chain(root.parameters(), root.buffers())}
    return sum(tensor_bytes(tensor) for tensor in tensors.values())


def take_apart(root: nn.Module, *, fp8: bool = False) -> list[ModuleLayer]:
    """The layers of ``root`` in the model's order; all tensors must be in RAM.

    A layer is a module without children. Modules with tensors of their own beside their children are fixed: nothing
    tells when their tensors are needed; so are tensors that carry state of a quantisation library. Modules that share
    a tensor share a layer. ``fp8`` stores the large weights in eight bits, at once, and takes those that are.
    """
    compute = next((tensor.dtype for tensor in root.parameters() if tensor.dtype in WIDE), torch.float32)
    layers: list[ModuleLayer] = []
    by_tensor: dict[int, ModuleLayer] = {}
    inside_whole: set[nn.Module] = set()
    for name, module in root.named_modules():
        if module in inside_whole:
            continue
        whole = isinstance(module, WHOLE_MODULES)
        if whole:
            inside_whole.update(module.modules())
        slots = [slot for part in (module.modules() if whole else (module,)) for slot in _slots(part)]
        if not slots:
            continue
        layer = next((by_tensor[id(slot.host)] for slot in slots if id(slot.host) in by_tensor), None)
        if layer is None:
            layer = ModuleLayer(name, [])
            layers.append(layer)
        layer.modules.append(module)
        layer.slots += slots
        layer.fixed = layer.fixed or _is_fixed(module, slots, whole)
        by_tensor.update((id(slot.host), layer) for slot in slots)
        if fp8 and isinstance(module, FP8_MODULES):
            _take_narrow(slots, compute)
            if not FP8_LEFT_ALONE.search(name):
                _narrow(slots)
        elif fp8:
            _widen(slots, compute)
    return layers


def _slots(module: nn.Module) -> Iterator[Slot]:
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield Slot(module, name, False, parameter)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            yield Slot(module, name, True, buffer)


def _is_fixed(module: nn.Module, slots: list[Slot], whole: bool) -> bool:
    if any(True for _ in module.children()) and not whole:
        return True
    return any(hasattr(slot.host, "quant_state") or hasattr(slot.host, "CB") for slot in slots)


def _take_narrow(slots: list[Slot], compute: torch.dtype) -> None:
    """What a file brought in eight bits is widened to ``compute`` when it is used."""
    for slot in slots:
        if slot.host is not None and slot.host.dtype is FP8:
            slot.compute = compute
            slot.put(None)


def _widen(slots: list[Slot], compute: torch.dtype) -> None:
    """Modules that are not called like layers get what they compute with."""
    for slot in slots:
        if slot.host is not None and slot.host.dtype is FP8:
            slot.host = nn.Parameter(slot.host.detach().to(compute), requires_grad=False)
            slot.put(slot.host)


def _narrow(slots: list[Slot]) -> None:
    for slot in slots:
        if slot.name == "weight" and slot.plain and slot.host is not None and slot.host.dtype in WIDE:
            slot.compute = slot.host.dtype
            narrow = slot.host.detach().clamp(-FP8_LARGEST, FP8_LARGEST).to(FP8)
            slot.host = nn.Parameter(narrow, requires_grad=False)
            slot.put(None)
