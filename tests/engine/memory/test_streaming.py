"""Layers that pass through a device: every kind of module and tensor, and what is left after a failure."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from invoke_tui.engine.memory.residency import residency
from invoke_tui.engine.memory.streaming import PlacedModule
from tests.support import fake_device
from tests.support.fake_device import METER, FakeBackend

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not fake_device.available(), reason="this torch has no Python backend"),
]
DEVICE = torch.device(fake_device.NAME)


@pytest.fixture(autouse=True)
def no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def placed(module: nn.Module, budget: int, **options: Any) -> PlacedModule:
    made = PlacedModule(module.requires_grad_(False).eval(), FakeBackend(DEVICE), **options)
    made.place(residency(made.layers, budget, slots=made.slots, overhead=made.overhead_bytes))
    return made


class Mixed(nn.Module):
    """A weight of its own, shared weights, a module that reads its children's weights, norms and an embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.embed = nn.Embedding(10, 16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.norm = nn.BatchNorm1d(5)
        self.out = nn.Linear(16, 10, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states = self.embed(ids) * self.scale
        states, _ = self.attention(states, states, states, need_weights=False)
        return self.out(self.norm(states))


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("budget", [0, 1500, 10**6])
def test_modules_of_every_kind(budget: int, keep: bool) -> None:
    torch.manual_seed(1)
    module = Mixed().eval()
    ids = torch.arange(5)[None]
    expected = module(ids)
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    made = placed(module, budget, keep_ram=keep)
    assert [layer.name for layer in made.layers if layer.fixed] == [""]
    given = ids.to(DEVICE)
    for _ in range(2):
        assert torch.allclose(module(given).cpu(), expected, atol=1e-6)
    assert made.unload() == made.device_bytes or made.residency is None
    assert torch.equal(module(ids), expected)
    assert module.out.weight is module.embed.weight
    assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())
    del given
    gc.collect()
    assert METER.live == 0


def test_streamed_layers_say_where_they_are_and_hold_nan() -> None:
    module = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    made = placed(module, 0)
    weight = module[0].weight
    assert (weight.device.type, weight.shape, weight.dtype) == (fake_device.NAME, (8, 8), torch.float32)
    assert bool(weight.cpu().isnan().all()), "whoever computes with a stand-in is to notice"
    assert METER.live == made.overhead_bytes == 4


def test_a_layer_that_fails_leaves_the_device() -> None:
    class Failing(nn.Linear):
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            super().forward(given)
            raise RuntimeError("in the middle")

    module = nn.Sequential(nn.Linear(8, 8), Failing(8, 8))
    made = placed(module, 0)
    given = torch.ones(1, 8).to(DEVICE)
    live = METER.live
    with pytest.raises(RuntimeError, match="in the middle"):
        module(given)
    made.settle()
    gc.collect()
    assert METER.live == live


def test_a_place_that_does_not_suffice_leaves_everything_in_ram() -> None:
    module = nn.Sequential(*(nn.Linear(8, 8) for _ in range(4)))
    METER.reset(METER.live + 3 * 288)
    with pytest.raises(torch.OutOfMemoryError):
        placed(module, 10**6, keep_ram=False)
    assert METER.live == 0
    assert {tensor.device.type for tensor in module.parameters()} == {"cpu"}
    assert not bool(module(torch.ones(1, 8)).isnan().any())


def in_blocks() -> nn.Module:
    """A model with a GGUF layer: its weight is a tensor of a class of its own, unpacked when the layer is called."""
    import gguf
    import numpy as np
    from diffusers.quantizers.gguf.utils import GGUFLinear, GGUFParameter

    generator = torch.Generator().manual_seed(3)
    kind = gguf.GGMLQuantizationType.Q8_0
    data = gguf.quants.quantize(torch.randn(32, 64, generator=generator).numpy().astype(np.float32), kind)
    layer = GGUFLinear(64, 32, bias=True, compute_dtype=torch.float32)
    layer.weight = GGUFParameter(torch.from_numpy(data), quant_type=kind)
    return nn.Sequential(nn.Linear(64, 64), layer, nn.Linear(32, 8), nn.Linear(8, 8)).requires_grad_(False)


@pytest.mark.parametrize("budget", [0, 10**6])
def test_layers_in_blocks(budget: int) -> None:
    """On the CPU posing as a device: the fake one's tensors cannot be of two classes at once."""
    module, given = in_blocks(), torch.randn(1, 64)
    expected = module(given)
    made = PlacedModule(module, FakeBackend(torch.device("cpu")))
    made.place(residency(made.layers, budget, overhead=made.overhead_bytes))
    for _ in range(2):
        assert torch.equal(module(given), expected)
    assert made.layers[1].bytes == 64 // 32 * 34 * 32 + 32 * 4
    made.unload()
    assert torch.equal(module(given), expected)


class InstantStream:
    """Stands in for a CUDA stream and its events: everything is done as soon as it is asked for."""

    def __init__(self, *_args: Any) -> None: ...

    def __enter__(self) -> None: ...

    def __exit__(self, *_error: object) -> None: ...

    def record(self) -> None: ...

    def synchronize(self) -> None: ...

    def wait_event(self, event: Any) -> None: ...

    def wait_stream(self, stream: Any) -> None: ...


def test_the_next_layer_is_fetched_into_buffers_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lane's bookkeeping with streams that do not run beside anything; the real ones need a GPU."""
    for name in ("Stream", "Event", "stream"):
        monkeypatch.setattr(torch.cuda, name, InstantStream)
    monkeypatch.setattr(torch.cuda, "current_stream", InstantStream)
    backend = FakeBackend(torch.device("cpu"))
    backend.pins_memory = True
    module, given = in_blocks(), torch.randn(3, 64)
    module = nn.Sequential(module, nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 4, 1)).requires_grad_(False)
    module[2] = module[2].to(memory_format=torch.channels_last)
    expected = module(given)
    made = PlacedModule(module, backend)
    target = replace(residency(made.layers, 0, overhead=made.overhead_bytes), slots=2)
    made.place(target)
    fetched = []
    lane: Any = made._lane
    fill = lane._fill
    monkeypatch.setattr(lane, "_fill", lambda index: fetched.append(index) or fill(index))
    for _ in range(3):
        assert torch.equal(module(given), expected)
        assert not any(place.in_use for place in lane._places)
    assert len(target.streamed) > 1
    assert fetched[: len(target.streamed)] == list(target.streamed)
    assert len(fetched) == 3 * len(target.streamed) + 1, "the first layer of the run that may follow"
    made.settle()
    assert all(place.holds is None for place in lane._places)
    made.unload()
    assert torch.equal(module(given), expected)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_real_gpu() -> None:
    from invoke_tui.engine.memory.backend import CudaBackend

    torch.manual_seed(1)
    module = nn.Sequential(*(nn.Linear(1024, 1024) for _ in range(16))).half().cuda().requires_grad_(False)
    given = torch.randn(64, 1024, device="cuda").half()
    expected = module(given)
    module.cpu()
    made = PlacedModule(module, CudaBackend(torch.device("cuda:0")))
    budget = made.total_bytes // 3
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    made.place(residency(made.layers, budget, slots=2, overhead=made.overhead_bytes))
    torch.cuda.reset_peak_memory_stats()
    for _ in range(5):
        assert torch.equal(module(given), expected)
    made.settle()
    peak = torch.cuda.max_memory_allocated() - before - 4 * given.nbytes
    assert peak <= budget + 2**20
    made.unload()
    assert torch.cuda.memory_allocated() <= before + 2**20


@pytest.mark.parametrize("separate", [True, False])
def test_eight_bits_are_widened_for_each_call(separate: bool) -> None:
    from invoke_tui.engine.memory.backend import CpuBackend

    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.Linear(64, 8)).bfloat16()
    module = module.requires_grad_(False)
    given = torch.randn(4, 64).bfloat16()
    expected = module(given)
    backend = FakeBackend(DEVICE) if separate else CpuBackend()
    made = PlacedModule(module, backend, fp8=True)
    made.place(residency(made.layers, 10**9))
    assert made.total_bytes == 64 * 64 + 64 * 2 + 2 * 64 * 2 + 8 * 64 + 8 * 2
    assert {tensor.dtype for tensor in module.parameters()} == {torch.bfloat16}
    got = module(given.to(DEVICE) if separate else given).cpu()
    assert torch.allclose(got, expected, atol=0.15)
    assert not torch.equal(got, expected)


def test_shrinking_moves_nothing_that_stays() -> None:
    module = nn.Sequential(*(nn.Linear(8, 8) for _ in range(10)))
    made = placed(module, 10**6)
    before = METER.to_device
    made.place(residency(made.layers, 6 * 288, overhead=made.overhead_bytes))
    assert METER.to_device == before
    assert made.streamed_layers > 0
    made.place(residency(made.layers, 10**6))
    assert METER.to_device - before == made.total_bytes - 4 * 288
