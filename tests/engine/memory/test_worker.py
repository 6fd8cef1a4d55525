"""A worker process whose engine runs on the fake device: pictures under a budget, and the cut in its heart-beat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from invoke_tui.domain.protocol import (
    ClearCache,
    EngineSettings,
    Heartbeat,
    ImageMade,
    ItemDone,
    ItemFailed,
    Ready,
    RunItem,
    SetLimits,
    UnloadComponent,
)
from invoke_tui.domain.running.device import CacheLimits, MemoryUse
from invoke_tui.nodes.recipes import Cast, build_graph
from tests.support import fake_device
from tests.support.requests import model_record, resolved
from tests.support.worker_process import WorkerProcess

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not fake_device.available(), reason="this torch has no Python backend"),
]
UNET = 812_816


def test_budgets_and_commands_reach_the_engine(folder: Path) -> None:
    settings = EngineSettings(
        heartbeat_seconds=0.05, device_working_mem_gb=0, max_cache_vram_gb=0.4 * UNET / 2**30
    )
    model = model_record(path=str(folder))
    graph = build_graph(resolved(steps=2), Cast(model))
    with WorkerProcess(settings, engine="tests.support.fake_device:worker_engine") as worker:
        ready = worker.until(Ready, timeout=120)[-1][0]
        assert isinstance(ready, Ready)
        assert ready.choice.kind == "other"

        def draw(item_id: int) -> bytes:
            models = {model.key: model}
            session = f"s{item_id}"
            worker.send(RunItem(item_id=item_id, attempt=1, session_id=session, graph=graph, models=models))
            seen = worker.until(ItemDone, ItemFailed, timeout=120)
            assert isinstance(seen[-1][0], ItemDone), seen[-1][0]
            return next(blob for report, blob in seen if isinstance(report, ImageMade))

        def until(condition: Callable[[MemoryUse], bool]) -> MemoryUse:
            while True:
                beat = worker.until(Heartbeat)[-1][0]
                assert isinstance(beat, Heartbeat)
                if condition(beat.memory):
                    return beat.memory

        draw(1)
        memory = until(lambda memory: memory.streamed_bytes > 0)
        [unet] = [part for part in memory.components if part.part == "unet"]
        assert (unet.total_bytes, unet.locked) == (UNET, False)
        assert sum(part.resident_bytes for part in memory.components) <= memory.vram_limit
        assert memory.vram_used > 0

        worker.send(UnloadComponent(key=unet.key))
        until(lambda memory: "unet" not in {part.part for part in memory.components})
        worker.send(SetLimits(limits=CacheLimits(max_cache_ram_gb=1, device_working_mem_gb=0)))
        memory = until(lambda memory: memory.vram_limit == 0)
        assert memory.ram_limit == 2**30
        worker.send(ClearCache())
        memory = until(lambda memory: not memory.components)
        assert (memory.rungs, memory.evictions) == (0, 0)
