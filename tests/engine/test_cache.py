"""The cache of loaded components, on a device with a memory of its own."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import nn

from invoke_tui.engine.memory.cache import Budget, ComponentCache, component_bytes
from tests.support import fake_device
from tests.support.fake_device import METER, FakeBackend

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not fake_device.available(), reason="this torch has no Python backend"),
]
LAYER = 4 * (8 * 8 + 8)
SIZE = 4 * LAYER
DEVICE = torch.device(fake_device.NAME)
MiB = 2**20


def model() -> nn.Module:
    """Four layers of one size."""
    return nn.Sequential(*(nn.Linear(8, 8) for _ in range(4))).requires_grad_(False)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    gc.collect()
    METER.reset()
    yield
    gc.collect()
    assert METER.live == 0, "something stayed on the device"
    METER.reset()


Make = Callable[..., ComponentCache]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[ComponentCache] = []

    def build(vram: int, ram: int = 10**9, **limits: object) -> ComponentCache:
        METER.reset(vram)
        budget = Budget(ram_bytes=ram, working_gb=0, **limits)  # type: ignore[arg-type]
        made.append(ComponentCache(FakeBackend(DEVICE), budget, lambda _level, _message: None))
        return made[-1]

    yield build
    for cache in made:
        cache.clear()


def resident(cache: ComponentCache) -> dict[str, int]:
    return {entry.key: entry.resident_bytes for entry in cache.snapshot()}


def use(cache: ComponentCache, *keys: str) -> None:
    for key in keys:
        with cache.use(key, model):
            pass


def test_loaded_once_and_on_the_device_while_used(make: Make) -> None:
    cache, loads = make(10 * SIZE), []

    def load() -> nn.Module:
        loads.append(1)
        return model()

    for _ in range(3):
        with cache.use("a", load) as module:
            assert {tensor.device for tensor in module.parameters()} == {torch.device(fake_device.NAME, 0)}
            assert cache.snapshot()[0].locked
    assert len(loads) == 1
    assert not cache.snapshot()[0].locked
    now = cache.use_now()
    assert (now.hits, now.misses) == (2, 1)


def test_others_leave_the_device_when_there_is_no_room(make: Make) -> None:
    cache = make(2 * SIZE)
    use(cache, "a", "b", "c")
    found = resident(cache)
    assert sorted(found.values()) == [0, SIZE, SIZE]
    assert found["c"] == SIZE
    assert METER.live == 2 * SIZE
    assert cache.offload_unused() == 2 * SIZE
    assert METER.live == 0


def test_what_is_used_stays(make: Make) -> None:
    cache = make(2 * SIZE)
    with cache.use("a", model), cache.use("b", model):
        assert cache.offload_unused() == 0
        assert cache.clear() == 0
        assert cache.unload("a") == 0
        assert [entry.key for entry in cache.snapshot()] == ["a", "b"]
    assert cache.unload("a") == SIZE
    assert cache.clear() == SIZE
    assert cache.snapshot() == []


def test_ram_limit_drops_the_least_recently_used(make: Make) -> None:
    cache = make(10 * SIZE, ram=2 * SIZE)
    use(cache, "a", "b", "a", "c")
    assert set(resident(cache)) == {"a", "c"}
    assert cache.use_now().evictions == 1


def test_a_load_that_fails_leaves_the_cache_as_it_was(make: Make) -> None:
    cache = make(10 * SIZE)
    use(cache, "a")
    before = cache.snapshot()
    with pytest.raises(OSError), cache.use("b", lambda: exec("raise OSError")):
        pass
    assert cache.snapshot() == before


def test_a_component_that_cannot_be_placed_waits_in_ram(make: Make) -> None:
    cache = make(SIZE - 1, partial_loading=False)
    with pytest.raises(torch.OutOfMemoryError), cache.use("a", model):
        pass
    assert resident(cache) == {"a": 0}
    assert METER.live == 0
    METER.reset(SIZE)
    use(cache, "a")
    assert resident(cache) == {"a": SIZE}


def test_what_does_not_fit_is_streamed(make: Make) -> None:
    cache = make(3 * LAYER + 4)
    expected = model()
    with torch.no_grad(), cache.use("a", lambda: expected) as module:
        METER.cap = 2**40  # for the numbers that are computed
        given = torch.ones(1, 8).to(DEVICE)
        module(given)
        assert METER.live == 2 * LAYER + 4 + 32
    [shown] = cache.use_now().components
    assert (shown.resident_bytes, shown.streamed_layers, shown.total_bytes) == (2 * LAYER, 2, SIZE)
    assert cache.use_now().streamed_bytes == 2 * LAYER


def test_working_memory_is_kept_free(make: Make) -> None:
    cache = make(SIZE + 100)
    with cache.use("a", model, working_bytes=LAYER):
        assert resident(cache)["a"] < SIZE
        assert cache.use_now().reserved == LAYER
    use(cache, "a")
    assert resident(cache)["a"] == SIZE


def test_max_cache_vram_goes_before_working_memory(make: Make) -> None:
    cache = make(100 * SIZE, max_cache_vram_gb=SIZE / 2**30)
    with cache.use("a", model, working_bytes=50 * SIZE):
        assert resident(cache)["a"] == SIZE
    use(cache, "b")
    assert resident(cache) == {"a": 0, "b": SIZE}


def test_limits_change_while_a_model_is_used(make: Make) -> None:
    cache = make(10 * SIZE)
    given = torch.ones(1, 8).to(DEVICE)
    use(cache, "idle")
    with torch.no_grad(), cache.use("a", model) as module:
        before = module(given).cpu()
        smaller = Budget(ram_bytes=10**9, working_gb=0, max_cache_vram_gb=(2 * LAYER + 4) / 2**30)
        thread = threading.Thread(target=cache.set_budget, args=(smaller,))
        thread.start()
        thread.join()
        assert resident(cache)["idle"] == 0
        assert resident(cache)["a"] == SIZE, "never in the middle of a call"
        after = module(given).cpu()
        assert resident(cache)["a"] == LAYER
    assert torch.equal(before, after)


def test_a_smaller_ram_limit_drops_at_once(make: Make) -> None:
    cache = make(10 * SIZE)
    use(cache, "a", "b")
    cache.set_budget(Budget(ram_bytes=SIZE, working_gb=0))
    assert set(resident(cache)) == {"b"}


@pytest.mark.parametrize("keep", [True, False])
def test_a_ram_copy_makes_leaving_free(make: Make, keep: bool) -> None:
    cache = make(10 * SIZE, keep_ram_copy=keep)
    loaded = model()
    weights = loaded[0].weight.clone()
    with cache.use("a", lambda: loaded):
        pass
    cache.offload_unused()
    assert METER.from_device == (0 if keep else SIZE)
    assert torch.equal(loaded[0].weight, weights)
    assert loaded[0].weight.device.type == "cpu"


def test_left_on_the_cpu_by_wish(make: Make) -> None:
    cache = make(10 * SIZE)
    with torch.no_grad(), cache.use("a", model, on_cpu=True) as module:
        assert module(torch.ones(1, 8)).device.type == "cpu"
    assert METER.to_device == 0


def test_an_idle_cache_gives_the_device_back(make: Make) -> None:
    cache = make(10 * SIZE, keep_alive_min=0.001)
    gone = threading.Event()
    original = cache.clear
    cache._keep_alive._expire = lambda: (original(), gone.set())
    with cache.use("a", model):
        use(cache, "b")
        assert not gone.wait(0.1), "something is in use"
    assert gone.wait(10)
    assert cache.snapshot() == []


def test_residency_does_not_drift(make: Make) -> None:
    many = nn.Sequential(*(nn.Linear(8, 8) for _ in range(100))).requires_grad_(False)
    cache = make(60 * LAYER)
    seen = set()
    for extra in (0, LAYER, 2 * LAYER, 0, LAYER, 3 * LAYER, 0):
        with cache.use("a", lambda: many, working_bytes=extra):
            seen.add(resident(cache)["a"])
            assert METER.live <= METER.cap - extra
    assert len(seen) <= 4
    settled = len(seen)
    for _ in range(10):
        with cache.use("a", lambda: many):
            seen.add(resident(cache)["a"])
    assert len(seen) == settled


def test_bytes_of_components() -> None:
    assert component_bytes(nn.Linear(8, 8)) == LAYER
    tied = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    tied[1].weight = tied[0].weight
    assert component_bytes(tied) == LAYER + 32
    assert component_bytes({"a": "configuration"}) == 0
