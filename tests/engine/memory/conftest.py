"""An engine on the fake device, and what its work takes there besides the weights."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.protocol import EngineSettings
from tests.engine.conftest import Bench, Recorder, fields_of, record_of
from tests.support import fake_device
from tests.support.fake_device import METER

MakeBench = Callable[..., Bench]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tiny SD 1 model on disk."""
    from tests.engine.tiny import write_model

    gc.freeze()  # what is there stays: the many collections below need not look at it
    return write_model(tmp_path_factory.mktemp("budgets") / "tiny")


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Every test starts with an empty device of any size and has to leave it empty."""
    gc.collect()
    METER.reset()
    with fake_device.making_tensors():
        yield
    gc.collect()
    assert METER.live == 0, "something stayed on the device"
    METER.reset()


def make_bench(folder: Path, *names: str, **settings: Any) -> Bench:
    """An engine on the fake device that knows the model by each of ``names``."""
    if not fake_device.available():
        pytest.skip("this torch has no Python backend")
    log: list[tuple[str, str]] = []
    defaults: dict[str, Any] = {"preview_seconds": 1e9, "device_working_mem_gb": 0}
    engine = fake_device.engine(EngineSettings(**(defaults | settings)), lambda *line: log.append(line))
    records = [record_of(folder, key=name, name=name) for name in names or ("tiny",)]
    engine.use_models({record.key: record for record in records})
    model = records[0].identifier()
    return Bench(engine, log, model, model, folder)


@pytest.fixture
def bench(folder: Path) -> Iterator[MakeBench]:
    """Makes engines on the fake device; ``names`` are the models it knows, all of them the same files."""
    made: list[Bench] = []

    def build(*names: str, **settings: Any) -> Bench:
        made.append(make_bench(folder, *names, **settings))
        return made[-1]

    yield build
    for one in made:
        one.engine.free()


def decode(bench: Bench, latents: Any) -> bytes:
    """The picture of ``latents``."""
    vae = fields_of(bench.sd1)[2]
    picture = bench.engine.decode(latents, vae, fp32=True, tiled=False, tile_size=0, hooks=Recorder())
    return bytes(picture.tobytes())


def weights(bench: Bench) -> int:
    """Bytes of the models on the device."""
    return sum(component.resident_bytes for component in bench.engine.memory().components)


def activations(bench: Bench, work: Callable[[], Any]) -> int:
    """What ``work`` takes besides the weights, which it finds on the device."""
    work()
    METER.reset()
    work()
    return METER.peak - weights(bench)
