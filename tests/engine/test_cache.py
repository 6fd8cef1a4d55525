"""The cache of loaded components, on a device that only counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from invoke_tui.engine.memory.cache import Budget, ComponentCache, component_bytes

pytestmark = pytest.mark.engine
SIZE = 4 * (8 * 8 + 8)


class CountingBackend:
    """Memory of ``total`` bytes that holds what the cache placed; ``meta`` stands in for the device."""

    separate_memory = True
    device = torch.device("meta")

    def __init__(self, total: int) -> None:
        self.total = total
        self.cache: ComponentCache | None = None

    def allocated_bytes(self) -> int:
        assert self.cache is not None
        return sum(entry.resident_bytes for entry in self.cache.snapshot())

    def free_bytes(self) -> int:
        return self.total - self.allocated_bytes()

    def total_bytes(self) -> int:
        return self.total

    def empty_cache(self) -> None: ...


class Movable(nn.Linear):
    """A layer that notes where it was sent, because the meta device gives nothing back."""

    def __init__(self) -> None:
        super().__init__(8, 8)
        self.places: list[str] = []

    def to(self, device: Any) -> Any:
        self.places.append(str(device))
        return self


def make(total: int, ram: int = 10**9) -> ComponentCache:
    backend = CountingBackend(total)
    cache = ComponentCache(backend, Budget(ram_bytes=ram, working_gb=0), lambda _level, _message: None)
    backend.cache = cache
    return cache


def test_loaded_once_and_placed_while_used() -> None:
    cache, loads = make(10 * SIZE), []

    def load() -> Movable:
        loads.append(1)
        return Movable()

    for _ in range(3):
        with cache.use("a", load) as module:
            assert module.places == ["meta"]
            assert cache.snapshot()[0].locked
    assert len(loads) == 1
    assert not cache.snapshot()[0].locked


def test_others_leave_the_device_when_there_is_no_room() -> None:
    cache = make(2 * SIZE)
    for key in "abc":
        with cache.use(key, Movable):
            pass
    resident = {entry.key: entry.resident_bytes for entry in cache.snapshot()}
    assert sorted(resident.values()) == [0, SIZE, SIZE]
    assert resident["c"] == SIZE
    assert cache.offload_unused() == 2 * SIZE


def test_what_is_used_stays() -> None:
    cache = make(SIZE)
    with cache.use("a", Movable) as first, cache.use("b", Movable):
        assert first.places == ["meta"]
        assert cache.offload_unused() == 0
        cache.clear()
        assert [entry.key for entry in cache.snapshot()] == ["a", "b"]
    cache.clear()
    assert cache.snapshot() == []


def test_ram_limit_drops_the_least_recently_used() -> None:
    cache = make(10 * SIZE, ram=2 * SIZE)
    for key in ("a", "b", "a", "c"):
        with cache.use(key, Movable):
            pass
    assert {entry.key for entry in cache.snapshot()} == {"a", "c"}


def test_a_component_that_cannot_be_placed_is_dropped() -> None:
    class Broken(Movable):
        def to(self, device: Any) -> Any:
            raise torch.OutOfMemoryError("full")

    cache = make(10 * SIZE)
    with pytest.raises(torch.OutOfMemoryError), cache.use("a", Broken):
        pass
    assert cache.snapshot() == []


def test_bytes_of_components() -> None:
    assert component_bytes(nn.Linear(8, 8)) == SIZE
    assert component_bytes({"a": "configuration"}) == 0
