"""The choice of device and precision on machines we do not have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.protocol import EngineSettings
from invoke_tui.engine.device import choose_device
from invoke_tui.engine.errors import EngineFatalError, OutOfMemoryError, device_errors
from invoke_tui.engine.memory.backend import CpuBackend, memory_use

pytestmark = pytest.mark.engine


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make torch see ``count`` GPUs of a name; ``bfloat16`` says whether they have it."""

    def pretend(name: str, count: int = 1, *, bfloat16: bool = True, hip: str | None = None) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: name)
        monkeypatch.setattr(
            torch.cuda, "get_device_properties", lambda _device: SimpleNamespace(total_memory=12 * 2**30)
        )
        monkeypatch.setattr("invoke_tui.engine.device._has_bfloat16", lambda _device: bfloat16)
        monkeypatch.setattr(torch.version, "hip", hip)

    return pretend


def test_the_first_gpu_in_half_precision(gpu: Any) -> None:
    gpu("NVIDIA GeForce RTX 3060")
    choice = choose_device(EngineSettings())
    assert (choice.device, choice.kind, choice.precision) == ("cuda:0", "cuda", "float16")
    assert choice.name == "NVIDIA GeForce RTX 3060"
    assert choice.total_memory == 12 * 2**30
    assert choice.device_reason
    assert choice.precision_reason


def test_amd_is_rocm(gpu: Any) -> None:
    gpu("AMD Radeon RX 7900 XTX", hip="6.4")
    assert choose_device(EngineSettings()).kind == "rocm"


def test_a_card_that_makes_black_pictures_gets_single_precision(gpu: Any) -> None:
    gpu("NVIDIA GeForce GTX 1660")
    choice = choose_device(EngineSettings())
    assert choice.precision == "float32"
    assert "NaN" in choice.precision_reason
    asked = choose_device(EngineSettings(precision="float16"))
    assert asked.precision == "float16"
    assert "Beware" in asked.precision_reason


def test_bfloat16_only_where_the_card_has_it(gpu: Any) -> None:
    gpu("NVIDIA GeForce RTX 2060", bfloat16=False)
    assert choose_device(EngineSettings(precision="bfloat16")).precision == "float32"


def test_a_chosen_gpu(gpu: Any) -> None:
    gpu("NVIDIA H200", count=2)
    assert choose_device(EngineSettings(device="cuda:1")).device == "cuda:1"
    with pytest.raises(BadInputError, match="cuda:2 is not there: torch sees 2 GPUs"):
        choose_device(EngineSettings(device="cuda:2"))


def test_no_gpu_is_the_cpu_but_never_in_place_of_one_that_was_asked_for(gpu: Any) -> None:
    gpu("", count=0)
    choice = choose_device(EngineSettings())
    assert (choice.device, choice.kind, choice.precision, choice.total_memory) == ("cpu", "cpu", "float32", 0)
    with pytest.raises(BadInputError, match="is not there"):
        choose_device(EngineSettings(device="cuda"))
    with pytest.raises(BadInputError, match="There is no device"):
        choose_device(EngineSettings(device="tpu"))


def test_half_precision_on_the_cpu_is_single() -> None:
    assert choose_device(EngineSettings(device="cpu", precision="float16")).precision == "float32"
    assert choose_device(EngineSettings(device="cpu", precision="bfloat16")).precision == "bfloat16"


def raised(error: BaseException) -> BaseException:
    with pytest.raises(BaseException) as caught, device_errors("denoising", CpuBackend(), needed=3 * 2**30):
        raise error
    return caught.value


def test_device_errors_become_ours() -> None:
    full = raised(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"))
    assert isinstance(full, OutOfMemoryError)
    assert full.code == "out_of_memory"
    assert "3.0 GiB needed" in full.message
    assert full.free > 0
    assert full.hint
    assert isinstance(
        raised(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")), OutOfMemoryError
    )
    lost = raised(RuntimeError("CUDA error: an illegal memory access was encountered\nmore"))
    assert isinstance(lost, EngineFatalError)
    assert lost.code == "device_lost"
    assert "more" not in lost.message
    assert type(raised(RuntimeError("shapes do not match"))) is RuntimeError
    assert type(raised(StudioError("ours"))) is StudioError


def test_memory_of_the_machine() -> None:
    use = memory_use(CpuBackend())
    assert use.ram_total > use.ram_used > 0
    assert use.process_rss > 0
    assert use.vram_total == 0
