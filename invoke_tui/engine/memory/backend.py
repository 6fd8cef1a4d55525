"""What the memory code needs to know of a device, for each kind of device."""

from __future__ import annotations

from typing import Protocol

import psutil
import torch

from invoke_tui.domain.device import MemoryUse
from invoke_tui.engine.memory import heap


class DeviceBackend(Protocol):
    """One device. All figures are bytes."""

    device: torch.device
    separate_memory: bool
    """Whether the device has memory of its own, so that a model has to be moved to it."""

    def free_bytes(self) -> int:
        """Free memory as the device reports it."""

    def total_bytes(self) -> int:
        """All memory of the device."""

    def allocated_bytes(self) -> int:
        """Memory that live tensors of this process take on the device."""

    def empty_cache(self) -> None:
        """Give memory that no tensor uses back to the device."""


class CpuBackend:
    """The machine's own memory."""

    separate_memory = False

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

    def empty_cache(self) -> None:
        """Return the heap's free blocks to the system; torch itself keeps no cache on the CPU."""
        heap.give_back()


class CudaBackend:
    """An NVIDIA or AMD device under torch's ``cuda`` name."""

    separate_memory = True

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def free_bytes(self) -> int:
        """Free memory, as the driver sees it."""
        return int(torch.cuda.mem_get_info(self.device)[0])

    def total_bytes(self) -> int:
        """All memory of the device."""
        return int(torch.cuda.mem_get_info(self.device)[1])

    def allocated_bytes(self) -> int:
        """Memory of live tensors."""
        return int(torch.cuda.memory_allocated(self.device))

    def empty_cache(self) -> None:
        """Return torch's unused blocks to the driver."""
        torch.cuda.empty_cache()


class MpsBackend:
    """Apple's GPU, which shares the machine's memory; ``total`` is what Metal recommends to use."""

    separate_memory = True

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

    def empty_cache(self) -> None:
        """Return torch's unused blocks."""
        torch.mps.empty_cache()


def backend_for(device: str) -> DeviceBackend:
    """The back end of torch's device name ``device``."""
    kind = torch.device(device).type
    if kind == "cuda":
        return CudaBackend(torch.device(device))
    return MpsBackend() if kind == "mps" else CpuBackend()


def memory_use(backend: DeviceBackend) -> MemoryUse:
    """Memory of the machine, the device and this process, now."""
    machine = psutil.virtual_memory()
    own = backend.device.type != "cpu"
    total = backend.total_bytes() if own else 0
    used = total - backend.free_bytes() if backend.device.type == "cuda" else 0
    return MemoryUse(
        vram_used=backend.allocated_bytes() if backend.device.type == "mps" else used,
        vram_total=total,
        ram_used=int(machine.total - machine.available),
        ram_total=int(machine.total),
        process_rss=int(psutil.Process().memory_info().rss),
    )
