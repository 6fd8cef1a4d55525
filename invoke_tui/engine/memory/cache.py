"""Loaded components: shared, kept within the RAM limit, placed on the device while they are used."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import nn

from invoke_tui.engine.hooks import Log
from invoke_tui.engine.memory import plan
from invoke_tui.engine.memory.backend import DeviceBackend


@dataclass(frozen=True)
class Budget:
    """The limits the cache keeps, from the settings and the machine."""

    ram_bytes: int
    working_gb: float = 3.0
    max_cache_vram_gb: float | None = None


@dataclass
class _Entry:
    key: str
    value: Any
    size: int
    last_used: int = 0
    locks: int = 0
    on_device: bool = False


class ComponentCache:
    """Components by key, least recently used out first; what is in use is never dropped or moved.

    Safe to use from several threads; a component that two ask for at once is loaded once.
    """

    def __init__(self, backend: DeviceBackend, budget: Budget, log: Log) -> None:
        self._backend = backend
        self._budget = budget
        self._log = log
        self._entries: dict[str, _Entry] = {}
        self._clock = 0
        self._guard = threading.RLock()

    @contextmanager
    def use(self, key: str, load: Callable[[], Any], *, working_bytes: int = 0) -> Iterator[Any]:
        """The component ``key``, loaded by ``load`` if it is not there, on the device until the block ends.

        ``working_bytes`` is what the work in the block takes besides the weights. A component whose placing fails
        is dropped before the error goes on.
        """
        with self._guard:
            entry = self._entries.get(key) or self._add(key, load())
            self._touch(entry)
            entry.locks += 1
            try:
                self._place(entry, working_bytes)
            except BaseException:
                entry.locks -= 1
                self._entries.pop(key, None)
                raise
        try:
            yield entry.value
        finally:
            with self._guard:
                entry.locks -= 1

    def offload_unused(self) -> int:
        """Move everything unlocked off the device; returns the bytes that came free."""
        with self._guard:
            freed = sum(self._offload(entry) for entry in self._entries.values() if not entry.locks)
            self._backend.empty_cache()
            return freed

    def clear(self) -> None:
        """Drop everything that is not in use."""
        with self._guard:
            self._entries = {key: entry for key, entry in self._entries.items() if entry.locks}
            gc.collect()
            self._backend.empty_cache()

    def snapshot(self) -> list[plan.Resident]:
        """Every component with its bytes, for the plan and for the monitor."""
        with self._guard:
            return [
                plan.Resident(
                    key=entry.key,
                    total_bytes=entry.size,
                    resident_bytes=entry.size if entry.on_device else 0,
                    last_used=entry.last_used,
                    locked=entry.locks > 0,
                )
                for entry in self._entries.values()
            ]

    def _touch(self, entry: _Entry) -> None:
        self._clock += 1
        entry.last_used = self._clock

    def _add(self, key: str, value: Any) -> _Entry:
        entry = _Entry(key, value, component_bytes(value))
        dropped = plan.to_drop(self.snapshot(), self._budget.ram_bytes, entry.size)
        for old in dropped:
            self._log("debug", f"Dropped {old} from the model cache.")
            del self._entries[old]
        if dropped:
            gc.collect()
            self._backend.empty_cache()
        self._entries[key] = entry
        return entry

    def _place(self, entry: _Entry, working_bytes: int) -> None:
        if entry.on_device or not self._backend.separate_memory or not isinstance(entry.value, nn.Module):
            return
        available = plan.vram_available(
            self._backend.free_bytes(),
            self._backend.allocated_bytes(),
            working_bytes=working_bytes,
            working_gb=self._budget.working_gb,
            max_cache_vram_gb=self._budget.max_cache_vram_gb,
        )
        for key in plan.to_offload(self.snapshot(), entry.size - available):
            self._offload(self._entries[key])
        entry.value.to(self._backend.device)
        entry.on_device = True
        self._log("debug", f"Placed {entry.key} ({entry.size / 2**20:.0f} MiB) on {self._backend.device}.")

    def _offload(self, entry: _Entry) -> int:
        if not entry.on_device:
            return 0
        entry.value.to("cpu")
        entry.on_device = False
        self._log("debug", f"Moved {entry.key} to RAM.")
        return entry.size


def component_bytes(value: Any) -> int:
    """Bytes of a module's weights and buffers; 0 for tokenizers and configurations."""
    if not isinstance(value, nn.Module):
        return 0
    tensors: Iterator[torch.Tensor] = chain(value.parameters(), value.buffers())
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
