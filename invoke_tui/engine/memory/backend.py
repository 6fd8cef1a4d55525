"""What the memory code needs to know of a device, for each kind of device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import psutil
import torch

from invoke_tui.domain.running.device import MemoryUse
from invoke_tui.engine.memory import heap


class DeviceBackend(Protocol):
    """One device. All figures are bytes."""

    device: torch.device
    separate_memory: bool
    """Whether the device has memory of its own, so that a model has to be moved to it."""
    pins_memory: bool
    """Whether copies from page-locked memory run beside the computation, on a stream of their own."""

    def free_bytes(self) -> int:
        """Memory that can be had: what the device reports as free, and what torch holds without using it."""

    def total_bytes(self) -> int:
        """All memory of the device."""

    def allocated_bytes(self) -> int:
        """Memory that live tensors of this process take on the device."""

    def used_bytes(self) -> int:
        """Memory in use on the device by everybody, for people; 0 on the CPU."""

    def empty_cache(self) -> None:
        """Give memory that no tensor uses back to the device."""


class CpuBackend:
    """The machine's own memory."""

    separate_memory = False
    pins_memory = False

    def __init__(self) -> None:
        self.device = torch.device("cpu")
        heap.reuse_blocks()

    def free_bytes(self) -> int:
        """Memory that can be had without swapping."""
        return int(psutil.virtual_memory().available)

    def total_bytes(self) -> int:
        """All RAM."""
        return int(psutil.virtual_memory().total)

    def allocated_bytes(self) -> int:
        """The process's resident memory."""
        return int(psutil.Process().memory_info().rss)

    def used_bytes(self) -> int:
        """The machine's memory is told apart from the device's."""
        return 0

    def empty_cache(self) -> None:
        """Return the heap's free blocks to the system; torch itself keeps no cache on the CPU."""
        heap.give_back()


class CudaBackend:
    """An NVIDIA or AMD device under torch's ``cuda`` name."""

    separate_memory = True
    pins_memory = True

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def free_bytes(self) -> int:
        """What the driver calls free and the blocks torch keeps for reuse.

        Without the blocks the figure would sink after every decode, and with it the share of a model that stays.
        """
        kept = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return int(torch.cuda.mem_get_info(self.device)[0] + kept)

    def total_bytes(self) -> int:
        """All memory of the device."""
        return int(torch.cuda.mem_get_info(self.device)[1])

    def allocated_bytes(self) -> int:
        """Memory of live tensors."""
        return int(torch.cuda.memory_allocated(self.device))

    def used_bytes(self) -> int:
        """All that is taken, by any process."""
        free, total = torch.cuda.mem_get_info(self.device)
        return int(total - free)

    def empty_cache(self) -> None:
        """Return torch's unused blocks to the driver."""
        torch.cuda.empty_cache()


class MpsBackend:
    """Apple's GPU, which shares the machine's memory; ``total`` is what Metal recommends to use."""

    separate_memory = True
    pins_memory = False

    def __init__(self) -> None:
        self.device = torch.device("mps")

    def free_bytes(self) -> int:
        """What the machine can spare."""
        return int(psutil.virtual_memory().available)

    def total_bytes(self) -> int:
        """Metal's recommended maximum."""
        return int(torch.mps.recommended_max_memory())

    def allocated_bytes(self) -> int:
        """Memory of live tensors."""
        return int(torch.mps.current_allocated_memory())

    def used_bytes(self) -> int:
        """What live tensors of this process take."""
        return self.allocated_bytes()

    def empty_cache(self) -> None:
        """Return torch's unused blocks."""
        torch.mps.empty_cache()


_OTHERS: Final[dict[str, Callable[[torch.device], DeviceBackend]]] = {}


def register_backend(kind: str, factory: Callable[[torch.device], DeviceBackend]) -> None:
    """Make devices of torch's type ``kind`` known, for a backend that this package does not bring."""
    _OTHERS[kind] = factory


def is_registered(kind: str) -> bool:
    """Whether ``kind`` was made known by ``register_backend``."""
    return kind in _OTHERS


def backend_for(device: str) -> DeviceBackend:
    """The back end of torch's device name ``device``."""
    known = torch.device(device)
    if (factory := _OTHERS.get(known.type)) is not None:
        return factory(known)
    if known.type == "cuda":
        return CudaBackend(known)
    return MpsBackend() if known.type == "mps" else CpuBackend()


def memory_use(backend: DeviceBackend) -> MemoryUse:
    """Memory of the machine, the device and this process, now."""
    machine = psutil.virtual_memory()
    return MemoryUse(
        vram_used=backend.used_bytes(),
        vram_total=backend.total_bytes() if backend.device.type != "cpu" else 0,
        ram_used=int(machine.total - machine.available),
        ram_total=int(machine.total),
        process_rss=int(psutil.Process().memory_info().rss),
    )
