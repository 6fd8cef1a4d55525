"""Loaded components: shared, kept within the RAM limit, placed on the device while they are used."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from torch import nn

from invoke_tui.domain.running.device import ComponentUse, MemoryUse
from invoke_tui.engine.hooks import Log
from invoke_tui.engine.memory import plan
from invoke_tui.engine.memory.backend import DeviceBackend, memory_use
from invoke_tui.engine.memory.keep_alive import KeepAlive
from invoke_tui.engine.memory.layers import module_bytes
from invoke_tui.engine.memory.residency import keep_or_change, residency
from invoke_tui.engine.memory.streaming import PlacedModule

UNLIMITED: Final = 2**62


@dataclass(frozen=True)
class Budget:
    """The limits the cache keeps, from the settings and the machine."""

    ram_bytes: int
    working_gb: float = 3.0
    max_cache_vram_gb: float | None = None
    partial_loading: bool = True
    keep_ram_copy: bool = True
    keep_alive_min: float = 0.0


@dataclass
class _Entry:
    key: str
    value: Any
    size: int
    model: str
    part: str
    placed: PlacedModule | None = None
    last_used: int = 0
    used_at: float = field(default_factory=time.time)
    locks: int = 0
    working_bytes: int = 0
    outdated: bool = False
    """The limits changed while it was in use: place it anew before its next call."""

    @property
    def device_bytes(self) -> int:
        return self.placed.device_bytes if self.placed is not None else 0


@dataclass
class _Counts:
    hits: int = 0
    misses: int = 0
    evictions: int = 0
    offloads: int = 0
    streamed_bytes: int = 0
    """Of components that are gone."""


class ComponentCache:
    """Components by key, least recently used out first; what is in use is never dropped or moved.

    Safe to use from several threads; a component that two ask for at once is loaded once. ``use_now`` never waits.
    """

    def __init__(self, backend: DeviceBackend, budget: Budget, log: Log) -> None:
        self.squeeze = 1.0
        """Share of what could be resident that is; the out-of-memory ladder lowers it for an attempt."""
        self._backend = backend
        self._budget = budget
        self._log = log
        self._entries: dict[str, _Entry] = {}
        self._counts = _Counts()
        self._clock = 0
        self._guard = threading.RLock()
        self._keep_alive = KeepAlive(self.clear)

    @property
    def budget(self) -> Budget:
        """The limits as they are now."""
        return self._budget

    @contextmanager
    def use(
        self,
        key: str,
        load: Callable[[], Any],
        *,
        working_bytes: int = 0,
        model: str = "",
        part: str = "",
        on_cpu: bool = False,
        fp8: bool = False,
    ) -> Iterator[Any]:
        """The component ``key``, loaded by ``load`` if it is not there, callable on the device until the block ends.

        ``working_bytes`` is what the work in the block takes besides the weights; ``model`` and ``part`` are what
        people call it. ``on_cpu`` leaves it in RAM, to be computed there. ``fp8`` stores large weights in eight bits
        from the first use on. A load that fails changes nothing; a component that cannot be placed stays in RAM.
        """
        with self._guard:
            self._keep_alive.hold()
            entry = self._entries.get(key)
            if entry is None:
                self._counts.misses += 1
                entry = self._add(key, load(), model=model, part=part, fp8=fp8 and not on_cpu)
            else:
                self._counts.hits += 1
            self._touch(entry)
            entry.locks += 1
            entry.working_bytes = max(working_bytes, entry.working_bytes if entry.locks > 1 else 0)
            try:
                self._place(entry, on_cpu=on_cpu)
            except BaseException:
                self._let_go(entry)
                raise
        try:
            yield entry.value
        finally:
            with self._guard:
                self._let_go(entry)

    @property
    def clock(self) -> int:
        """Goes up with every use."""
        return self._clock

    def offload_unused(self, *, before: int | None = None) -> int:
        """Move everything unlocked off the device; returns the bytes that came free.

        ``before`` spares what was used after the clock showed that.
        """
        with self._guard:
            freed = sum(self._offload(entry) for entry in self._unused(before))
            self._backend.empty_cache()
            return freed

    def unload(self, key: str) -> int:
        """Drop one component; returns the bytes that came free, 0 when it is in use or not there."""
        with self._guard:
            entry = self._entries.get(key)
            if entry is None or entry.locks:
                return 0
            freed = entry.size
            self._drop([key])
            return freed

    def clear(self, *, before: int | None = None) -> int:
        """Drop everything that is not in use, as above; returns the bytes that came free."""
        with self._guard:
            unused = self._unused(before)
            self._drop([entry.key for entry in unused])
            return sum(entry.size for entry in unused)

    def set_budget(self, budget: Budget) -> None:
        """Keep other limits from now on: at once for what is idle, before the next call for what is in use."""
        with self._guard:
            self._budget = budget
            self._drop(plan.to_drop(self.snapshot(), budget.ram_bytes, 0), evicted=True)
            excess = -self._available(0)
            for key in plan.to_offload(self.snapshot(), excess):
                self._offload(self._entries[key])
            for entry in self._entries.values():
                entry.outdated = entry.locks > 0

    @property
    def can_stream(self) -> bool:
        """Whether a component may be resident in part."""
        return self._budget.partial_loading and self._backend.separate_memory

    def snapshot(self) -> list[plan.Resident]:
        """Every component with its bytes, for the plan."""
        with self._guard:
            return [
                plan.Resident(
                    key=entry.key,
                    total_bytes=entry.size,
                    resident_bytes=entry.device_bytes,
                    last_used=entry.last_used,
                    locked=entry.locks > 0,
                )
                for entry in self._entries.values()
            ]

    def use_now(self) -> MemoryUse:
        """Where every byte is, for people. It takes no lock: a heart-beat must not wait for a model to load."""
        entries = list(self._entries.values())
        budget, own = self._budget, self._backend.separate_memory
        working = max((entry.working_bytes for entry in entries if entry.locks), default=0)
        limit = budget.max_cache_vram_gb
        return memory_use(self._backend).model_copy(
            update={
                "components": tuple(_shown(entry) for entry in entries if entry.size),
                "reserved": max(working, int(budget.working_gb * plan.GIB)) if own else 0,
                "ram_limit": budget.ram_bytes,
                "vram_limit": int(limit * plan.GIB) if own and limit is not None else 0,
                "streamed_bytes": self._counts.streamed_bytes + sum(_streamed(entry) for entry in entries),
                "hits": self._counts.hits,
                "misses": self._counts.misses,
                "evictions": self._counts.evictions,
                "offloads": self._counts.offloads,
            }
        )

    # -- entries, under the guard ---------------------------------------------------------------------------------

    def _add(self, key: str, value: Any, *, model: str, part: str, fp8: bool) -> _Entry:
        placed, fp8 = None, fp8 and self._backend.device.type != "mps"  # which has no such numbers
        if isinstance(value, nn.Module) and (self._backend.separate_memory or fp8):
            placed = PlacedModule(value, self._backend, keep_ram=self._budget.keep_ram_copy, fp8=fp8)
        size = placed.total_bytes if placed is not None else component_bytes(value)
        self._drop(plan.to_drop(self.snapshot(), self._budget.ram_bytes, size), evicted=True)
        entry = _Entry(key, value, size, model, part, placed)
        self._entries[key] = entry
        if placed is not None and self._backend.separate_memory:
            value.register_forward_pre_hook(lambda _module, _args: self._catch_up(entry), prepend=True)
        return entry

    def _drop(self, keys: list[str], *, evicted: bool = False) -> None:
        for key in keys:
            entry = self._entries.pop(key)
            if entry.placed is not None:
                entry.placed.unload()
            self._counts.streamed_bytes += _streamed(entry)
            self._counts.evictions += evicted
            self._log("debug", f"Dropped {key} from the model cache.")
        if keys:
            gc.collect()  # modules and their hooks hold each other
            self._backend.empty_cache()

    def _unused(self, before: int | None) -> list[_Entry]:
        limit = UNLIMITED if before is None else before
        return [entry for entry in self._entries.values() if not entry.locks and entry.last_used <= limit]

    def _touch(self, entry: _Entry) -> None:
        self._clock += 1
        entry.last_used, entry.used_at = self._clock, time.time()

    def _let_go(self, entry: _Entry) -> None:
        entry.locks -= 1
        entry.used_at = time.time()
        if not entry.locks:
            entry.working_bytes, entry.outdated = 0, False
            if entry.placed is not None:
                entry.placed.settle()
        if not any(other.locks for other in self._entries.values()):
            self._keep_alive.start(self._budget.keep_alive_min * 60)

    # -- placing, under the guard ---------------------------------------------------------------------------------

    def _available(self, working_bytes: int) -> int:
        return plan.vram_available(
            self._backend.free_bytes(),
            sum(entry.device_bytes for entry in self._entries.values()),
            working_bytes=working_bytes,
            working_gb=self._budget.working_gb,
            max_cache_vram_gb=self._budget.max_cache_vram_gb,
        )

    def _place(self, entry: _Entry, *, on_cpu: bool = False) -> None:
        """Place what fits, after others have made room. An entry that is in use twice stays as it is."""
        placed = entry.placed
        if placed is None or not self._backend.separate_memory or entry.locks > 1:
            return
        if on_cpu:
            placed.unload()
            return
        room = self._available(entry.working_bytes) + placed.device_bytes
        whole = residency(placed.layers, UNLIMITED)
        if room < whole.peak_bytes:
            for key in plan.to_offload(self.snapshot(), whole.peak_bytes - room):
                self._offload(self._entries[key])
                self._counts.offloads += 1
            room = self._available(entry.working_bytes) + placed.device_bytes
        before = placed.residency
        room = int(min(max(room, 0), whole.peak_bytes) * self.squeeze)
        slots, overhead = placed.slots, placed.overhead_bytes
        if self.can_stream:
            target = keep_or_change(placed.layers, before, room, slots=slots, overhead=overhead)
        else:
            target = whole
        placed.place(target)
        if target != before:
            self._tell(entry, placed)

    def _catch_up(self, entry: _Entry) -> None:
        """Before a call of the whole model: obey limits that changed since the last one."""
        if entry.outdated:
            with self._guard:
                entry.outdated = False
                locks, entry.locks = entry.locks, 1
                try:
                    self._place(entry)
                finally:
                    entry.locks = locks

    def _offload(self, entry: _Entry) -> int:
        if entry.placed is None or not entry.placed.device_bytes:
            return 0
        freed = entry.placed.unload()
        self._log("debug", f"Moved {entry.key} to RAM.")
        return freed

    def _tell(self, entry: _Entry, placed: PlacedModule) -> None:
        assert placed.residency is not None
        name = " ".join(filter(None, (entry.model, entry.part))) or entry.key
        share = 100 * placed.residency.resident_bytes / max(placed.total_bytes, 1)
        if placed.residency.whole:
            self._log("debug", f"{name} ({_mib(placed.total_bytes)}) is on {self._backend.device}.")
        else:
            self._log(
                "info",
                f"{name}: {share:.0f} % of {_mib(placed.total_bytes)} stays on {self._backend.device}, "
                f"{_mib(placed.residency.streamed_bytes)} in {placed.streamed_layers} layers "
                "are streamed at every call.",
            )


def component_bytes(value: Any) -> int:
    """Bytes of a module's weights and buffers, or what the value says of itself; 0 for tokenizers and the like."""
    return module_bytes(value) if isinstance(value, nn.Module) else int(getattr(value, "size_bytes", 0))


def _streamed(entry: _Entry) -> int:
    return entry.placed.streamed_bytes if entry.placed is not None else 0


def _shown(entry: _Entry) -> ComponentUse:
    return ComponentUse(
        key=entry.key,
        model=entry.model,
        part=entry.part,
        total_bytes=entry.size,
        resident_bytes=entry.device_bytes,
        streamed_layers=entry.placed.streamed_layers if entry.placed is not None else 0,
        locked=entry.locks > 0,
        last_used=entry.used_at,
    )


def _mib(size: int) -> str:
    return f"{size / plan.MIB:.0f} MiB"
