"""A module on a device it does not fit: some layers stay there, the others pass through it call by call.

Tensors are swapped in the modules' own dictionaries by hooks around each call, never through ``.data``. Between two
calls a streamed layer shows stand-ins: tensors of the right device, shape and precision that take no memory and hold
NaN, so that code that asks a module where it is gets the right answer, and code that would compute with them is found
out.
"""

from __future__ import annotations

from typing import Any, Final, Protocol
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

from invoke_tui.engine.memory.backend import DeviceBackend
from invoke_tui.engine.memory.lanes import CudaLane, Lane, PlainLane
from invoke_tui.engine.memory.layers import ModuleLayer, Slot, take_apart
from invoke_tui.engine.memory.residency import Layer, Residency

STREAM_SLOTS: Final = {True: 2, False: 1}
"""Layers in transit at once, by whether copies run beside the computation."""


class Overlay(Protocol):
    """Something written over the weights of a placed module. It steps aside while layers move."""

    def lay(self) -> None:
        """Write it over the weights as they lie now."""

    def lift(self) -> None:
        """Leave the weights as they were before."""


_PLACED: WeakValueDictionary[int, PlacedModule] = WeakValueDictionary()
"""By the identity of the module, which lives as long as its entry."""


def placed_module(module: nn.Module) -> PlacedModule | None:
    """How ``module`` is placed; None where it simply lies in the memory it is computed in."""
    return _PLACED.get(id(module))


class PlacedModule:
    """A module and where its layers are. It starts in RAM; not for several threads at once.

    ``keep_ram`` keeps a copy in RAM of what is on the device, so that leaving the device costs nothing. ``fp8`` stores
    large weights in eight bits and widens them for each call.
    """

    def __init__(
        self, module: nn.Module, backend: DeviceBackend, *, keep_ram: bool = True, fp8: bool = False
    ) -> None:
        self.module = module
        self.residency: Residency | None = None
        self.overlay: Overlay | None = None
        self._backend = backend
        self._device = backend.device
        self._keep_ram = keep_ram
        self._parts: list[ModuleLayer] = take_apart(module, fp8=fp8)
        self.layers: tuple[Layer, ...] = tuple(part.plan() for part in self._parts)
        self.total_bytes = sum(layer.bytes for layer in self.layers)
        precisions = {slot.compute or slot.host.dtype for slot in self._all_slots() if slot.host is not None}
        self.overhead_bytes = sum(dtype.itemsize for dtype in precisions)
        """What the stand-ins take: one number for each precision."""
        self._places: dict[tuple[int, str], tuple[int, Slot]] = {}
        self._blanks: dict[torch.dtype, Tensor] = {}
        self._on_device: dict[int, list[Tensor]] = {}
        self._lane: Lane | None = None
        self._copied_before = 0
        self._hooks: list[Any] = []
        self._busy: set[int] = set()
        self._after: dict[int, int] = {}
        self._last: int | None = None
        _PLACED[id(module)] = self
        if not backend.separate_memory:
            self._stay()

    @property
    def slots(self) -> int:
        """Streamed layers that are on the device at once."""
        return STREAM_SLOTS[self._backend.pins_memory]

    @property
    def device_bytes(self) -> int:
        """What the weights take on the device between two calls."""
        if self.residency is None or not self._backend.separate_memory:
            return 0
        kept = self.residency.slots * self.residency.slot_bytes if self._backend.pins_memory else 0
        return self.residency.resident_bytes + kept

    @property
    def streamed_layers(self) -> int:
        """How many layers pass through the device."""
        return len(self.residency.streamed) if self.residency is not None else 0

    @property
    def streamed_bytes(self) -> int:
        """Bytes copied for streamed layers since the beginning."""
        return self._copied_before + (self._lane.copied_bytes if self._lane is not None else 0)

    def place(self, target: Residency) -> None:
        """Bring about ``target``: first what leaves, then what comes. On failure everything is in RAM again."""
        if self.residency == target or not self._backend.separate_memory:
            return
        if self.overlay is not None:
            self.overlay.lift()
        self._unhook()
        self._blanks.clear()
        try:
            for index in [index for index in self._on_device if index not in target.resident]:
                self._leave(index)
            self.residency = target
            for index in sorted(target.resident - self._on_device.keys()):
                self._on_device[index] = self._brought(index)
                if not self._keep_ram:
                    self._drop_ram(index)
            self._lane = self._make_lane(target)
            for index in range(len(self._parts)):
                self._rest(index)
                self._hook(index)
        except BaseException:
            self.unload()
            raise
        if self.overlay is not None:
            self.overlay.lay()

    def stays(self, owner: nn.Module, name: str) -> bool:
        """Whether that tensor lies where it is used, in the precision it is used in, from call to call."""
        found = self._slot(owner, name)
        return found is not None and found[0] in self._on_device and found[1].compute is None

    def in_ram(self, owner: nn.Module, name: str) -> Tensor | None:
        """That tensor's copy in RAM, where there is one beside the tensor in use."""
        found = self._slot(owner, name)
        if found is None or (found[1].compute is None and not self._backend.separate_memory):
            return None
        return found[1].host

    def spare_bytes(self) -> int:
        """Memory of the device that nothing takes."""
        return self._backend.free_bytes()

    def unload(self) -> int:
        """Take everything off the device; returns the bytes that came free."""
        freed = self.device_bytes
        self._unhook()
        if self._backend.separate_memory:
            for index in list(self._on_device):
                self._leave(index)
            for slot in self._all_slots():
                slot.put(slot.host)
            self.residency = None
            self._blanks.clear()
        return freed

    def settle(self) -> None:
        """A run is over or was broken off: nothing stays on the device that the plan did not put there."""
        for index in list(self._busy):
            self._release(index)
        if self._lane is not None:
            self._lane.forget()
        self._last = None

    def _slot(self, owner: nn.Module, name: str) -> tuple[int, Slot] | None:
        if not self._places:
            self._places = {
                (id(slot.owner), slot.name): (index, slot)
                for index, part in enumerate(self._parts)
                for slot in part.slots
            }
        return self._places.get((id(owner), name))

    # -- moving ---------------------------------------------------------------------------------------------------

    def _stay(self) -> None:
        """On a device without memory of its own every layer is where it is used; only widening is left to do."""
        self._on_device = {
            index: [slot.host for slot in part.slots if slot.host is not None]
            for index, part in enumerate(self._parts)
        }
        for index in range(len(self._parts)):
            self._rest(index)
            self._hook(index)

    def _brought(self, index: int) -> list[Tensor]:
        copies: dict[int, Tensor] = {}
        for slot in self._parts[index].slots:
            assert slot.host is not None
            if id(slot.host) not in copies:
                moved = slot.host.detach().to(self._device, non_blocking=self._backend.pins_memory)
                is_parameter = type(slot.host) is nn.Parameter
                copies[id(slot.host)] = nn.Parameter(moved, requires_grad=False) if is_parameter else moved
        return [copies[id(slot.host)] for slot in self._parts[index].slots]

    def _leave(self, index: int) -> None:
        back: dict[int, Tensor] = {}
        for slot, tensor in zip(self._parts[index].slots, self._on_device[index], strict=True):
            if slot.host is None:
                if id(tensor) not in back:
                    moved = tensor.detach().to("cpu")
                    is_parameter = type(tensor) is nn.Parameter or not slot.is_buffer
                    back[id(tensor)] = nn.Parameter(moved, requires_grad=False) if is_parameter else moved
                slot.host = back[id(tensor)]
            slot.put(slot.host)
        del self._on_device[index]  # at the end: should RAM run out on the way, nothing is lost

    def _drop_ram(self, index: int) -> None:
        for slot in self._parts[index].slots:
            slot.host = None

    def _make_lane(self, target: Residency) -> Lane | None:
        if target.whole:
            return None
        if self._backend.pins_memory:
            return CudaLane(self._parts, target.streamed, target.slots, self._device)
        return PlainLane(self._parts, self._device)

    # -- calls ----------------------------------------------------------------------------------------------------

    def _hook(self, index: int) -> None:
        """Let layer ``index`` come and go around its calls, if it has to."""
        part = self._parts[index]
        if index in self._on_device and all(slot.compute is None for slot in part.slots):
            return

        def before(_module: nn.Module, _args: tuple[Any, ...]) -> None:
            self._use(index)

        def after(_module: nn.Module, _args: Any, _output: Any) -> None:
            self._release(index)

        for module in part.modules:
            self._hooks.append(module.register_forward_pre_hook(before))
            self._hooks.append(module.register_forward_hook(after, always_call=True))

    def _use(self, index: int) -> None:
        tensors = self._on_device.get(index)
        if tensors is None:
            assert self._lane is not None
            tensors = self._lane.fetch(index)
        self._busy.add(index)
        for slot, tensor in zip(self._parts[index].slots, tensors, strict=True):
            slot.put(tensor if slot.compute is None else tensor.to(slot.compute))
        if self._lane is not None and index not in self._on_device:
            if self._last is not None:
                self._after[self._last] = index
            self._last = index
            if (following := self._after.get(index)) is not None and following != index:
                self._lane.prefetch(following)

    def _release(self, index: int) -> None:
        if index not in self._busy:
            return
        self._busy.discard(index)
        self._rest(index)
        if self._lane is not None and index not in self._on_device:
            self._lane.release(index)

    def _rest(self, index: int) -> None:
        """What the layer's modules show between calls."""
        here = self._on_device.get(index)
        for place, slot in enumerate(self._parts[index].slots):
            if here is not None and slot.compute is None:
                slot.put(here[place])
            elif slot.plain:
                slot.put(self._stand_in(slot, here[place] if here else slot.host))
            else:
                slot.put(slot.host)

    def _stand_in(self, slot: Slot, like: Tensor | None) -> Tensor:
        assert like is not None
        dtype = slot.compute or like.dtype
        if dtype not in self._blanks:
            blank = torch.zeros((), dtype=dtype, device=self._device)
            self._blanks[dtype] = blank.fill_(torch.nan) if dtype.is_floating_point else blank
        stand_in = self._blanks[dtype].expand(like.shape)
        return stand_in if slot.is_buffer else nn.Parameter(stand_in, requires_grad=False)

    def _unhook(self) -> None:
        if not self._backend.separate_memory:
            return
        self.settle()
        for handle in self._hooks:
            handle.remove()
        self._hooks.clear()
        if self._lane is not None:
            self._copied_before += self._lane.copied_bytes
            self._lane.close()
            self._lane = None

    def _all_slots(self) -> list[Slot]:
        return [slot for part in self._parts for slot in part.slots]
