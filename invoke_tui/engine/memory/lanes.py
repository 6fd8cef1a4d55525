"""How a layer's tensors get to the device for one call: by a plain copy, or beside the computation on CUDA."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch
from torch import Tensor

from invoke_tui.engine.memory.layers import ModuleLayer, Slot, tensor_bytes

ALIGNMENT: Final = 256
"""Bytes; what matrix kernels like, and more than any element needs."""


class Lane(Protocol):
    """Brings streamed layers to the device. Layers are named by their place in the model."""

    copied_bytes: int

    def fetch(self, index: int) -> list[Tensor]:
        """The tensors of layer ``index`` on the device, in the order of its slots; good until ``release``."""

    def prefetch(self, index: int) -> None:
        """Start to bring layer ``index``, which will be asked for next."""

    def release(self, index: int) -> None:
        """The computation that needed layer ``index`` has been issued."""

    def forget(self) -> None:
        """A run is over, or was broken off: nothing is in use any more, and nothing that was fetched early counts."""

    def close(self) -> None:
        """Give up the lane's memory."""


class PlainLane:
    """Copies when asked, and keeps nothing."""

    def __init__(self, layers: list[ModuleLayer], device: torch.device) -> None:
        self.copied_bytes = 0
        self._layers = layers
        self._device = device

    def fetch(self, index: int) -> list[Tensor]:
        """Copy now; tensors that several slots share are copied once."""
        copies: dict[int, Tensor] = {}
        for slot in self._layers[index].slots:
            host = in_ram(slot)
            if id(host) not in copies:
                copies[id(host)] = host.to(self._device)
                self.copied_bytes += tensor_bytes(host)
        return [copies[id(slot.host)] for slot in self._layers[index].slots]

    def prefetch(self, index: int) -> None:
        """Without a stream of its own a copy made early is no copy saved."""

    def release(self, index: int) -> None:
        """The tensors go with their last holder."""

    def forget(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class _Place:
    """One of the lane's buffers on the device. ``filled`` and ``read`` are events of the two streams."""

    buffer: Tensor
    filled: Any
    read: Any
    holds: int | None = None
    in_use: bool = False


class CudaLane:
    """Copies from page-locked memory on a stream of its own into buffers that stay: no allocation in the loop.

    With two buffers the next layer is under way while this one is used. A buffer is written only after the
    computation that read it, so the memory is bounded however far the CPU runs ahead.
    """

    def __init__(
        self, layers: list[ModuleLayer], streamed: tuple[int, ...], slots: int, device: torch.device
    ) -> None:
        self.copied_bytes = 0
        self._layers = layers
        self._stream = torch.cuda.Stream(device)
        for index in streamed:
            _lock_pages(layers[index])
        self._offsets = {index: _offsets(layers[index]) for index in streamed}
        size = max(sum(_room(in_ram(slot)) for slot in layers[index].slots) for index in streamed)
        self._places = [
            _Place(
                torch.empty(size, dtype=torch.uint8, device=device), torch.cuda.Event(), torch.cuda.Event()
            )
            for _ in range(slots)
        ]
        self._stream.wait_stream(torch.cuda.current_stream(device))  # whose memory the buffers may have been

    def fetch(self, index: int) -> list[Tensor]:
        """Let the device wait for the copy that is under way, or start it."""
        place = self._find(index) or self._fill(index)
        torch.cuda.current_stream().wait_event(place.filled)
        place.in_use = True
        slots = self._layers[index].slots
        offsets = self._offsets[index]
        return [_view(place.buffer, offsets[id(slot.host)], in_ram(slot)) for slot in slots]

    def prefetch(self, index: int) -> None:
        """Start the copy if a buffer is not in use."""
        if self._find(index) is None and any(not place.in_use for place in self._places):
            self._fill(index)

    def release(self, index: int) -> None:
        """Let the buffer be written again once the device has come so far."""
        if (place := self._find(index)) is not None and place.in_use:
            place.read.record()
            place.in_use = False
            place.holds = None  # the next call copies again, should the tensors in RAM have changed

    def forget(self) -> None:
        """Let the buffers be written again, after what has been issued."""
        for place in self._places:
            place.read.record()
            place.in_use, place.holds = False, None

    def close(self) -> None:
        """Wait for copies under way, then let go of the buffers."""
        self._stream.synchronize()
        self._places.clear()

    def _find(self, index: int) -> _Place | None:
        return next((place for place in self._places if place.holds == index), None)

    def _fill(self, index: int) -> _Place:
        place = next(place for place in self._places if not place.in_use)
        self._stream.wait_event(place.read)
        hosts = {id(slot.host): in_ram(slot) for slot in self._layers[index].slots}
        with torch.cuda.stream(self._stream):
            for key, host in hosts.items():
                _view(place.buffer, self._offsets[index][key], host).copy_(host, non_blocking=True)
                self.copied_bytes += tensor_bytes(host)
            place.filled.record()
        place.holds = index
        return place


def in_ram(slot: Slot) -> Tensor:
    """The slot's tensor in RAM, which a streamed layer always has."""
    assert slot.host is not None
    return slot.host


def _offsets(layer: ModuleLayer) -> dict[int, int]:
    """Where each of a layer's tensors, by identity, lies in a buffer."""
    offsets: dict[int, int] = {}
    end = 0
    for slot in layer.slots:
        if id(slot.host) not in offsets:
            offsets[id(slot.host)] = end
            end += _room(in_ram(slot))
    return offsets


def _room(tensor: Tensor) -> int:
    return -(-tensor_bytes(tensor) // ALIGNMENT) * ALIGNMENT


def _lock_pages(layer: ModuleLayer) -> None:
    """Move a layer's tensors into page-locked memory, unless the loader read them into such, or none is left."""
    moved: dict[int, Tensor] = {}
    for slot in layer.slots:
        host = in_ram(slot)
        if id(host) not in moved:
            moved[id(host)] = host if host.is_pinned() else _locked(host)
        slot.host = moved[id(host)]


def _locked(host: Tensor) -> Tensor:
    try:
        block = torch.empty(_room(host), dtype=torch.uint8, pin_memory=True)
    except RuntimeError:
        return host
    copy = _view(block, 0, host)
    copy.copy_(host)
    return copy


def _view(block: Tensor, offset: int, like: Tensor) -> Tensor:
    """A tensor of ``like``'s type, shape and layout in ``block``."""
    flat = block[offset : offset + tensor_bytes(like)].view(like.dtype)
    if like.ndim == 4 and like.is_contiguous(memory_format=torch.channels_last):
        view = flat.as_strided(like.size(), like.stride())
    else:
        view = flat.view(like.size())
    if type(like) is Tensor:
        return view
    made = Tensor._make_subclass(type(like), view, False)
    made.__dict__.update(like.__dict__)
    return made
