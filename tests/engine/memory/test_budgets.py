"""One picture at every budget: the same bytes, within the budget, streaming what the plan says."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import torch

from invoke_tui.domain.errors import CanceledError
from invoke_tui.engine.memory.plan import GIB
from tests.engine.conftest import Bench, Recorder
from tests.engine.memory.conftest import MakeBench, activations, decode, make_bench, weights
from tests.support import fake_device
from tests.support.fake_device import METER

pytestmark = pytest.mark.engine
STEPS = 3


def placed(bench: Bench, part: str) -> Any:
    """What the cache knows of a component."""
    [found] = [entry for key, entry in bench.engine._cache._entries.items() if f":{part}:" in key]
    return found.placed


@pytest.fixture(scope="module")
def unlimited(folder: Path) -> dict[str, Any]:
    """The picture without a limit, the sizes of the layers, and what the work takes besides the weights."""
    with fake_device.making_tensors():
        return measured(folder)


def measured(folder: Path) -> dict[str, Any]:
    free = make_bench(folder)
    job = free.job(steps=STEPS)
    latents = free.engine.denoise(job, Recorder())
    result: dict[str, Any] = {"latents": latents.cpu(), "picture": decode(free, latents)}
    unet = placed(free, "unet")
    result["unet"] = unet.total_bytes
    result["layer"] = max(layer.bytes for layer in unet.layers) + unet.overhead_bytes
    result["work"] = max(
        activations(free, lambda: free.engine.denoise(job, Recorder())),
        activations(free, lambda: decode(free, latents)),
    )
    free.engine.free()
    return result


@pytest.mark.parametrize("share", [1.0, 0.6, 0.3, 0.0])
def test_the_picture_is_the_same(bench: MakeBench, unlimited: dict[str, Any], share: float) -> None:
    budget = max(int(share * unlimited["unet"]), unlimited["layer"])
    tight = bench(max_cache_vram_gb=budget / GIB)
    METER.reset(budget + unlimited["work"])
    job = tight.job(steps=STEPS)
    before = tight.engine.memory().streamed_bytes
    latents = tight.engine.denoise(job, Recorder())
    streamed = tight.engine.memory().streamed_bytes - before
    residency = placed(tight, "unet").residency
    assert tight.engine.memory().rungs == 0, tight.log
    assert torch.equal(latents.cpu(), unlimited["latents"])
    assert decode(tight, latents) == unlimited["picture"]

    assert METER.peak <= METER.cap
    assert residency.peak_bytes <= budget
    assert streamed == STEPS * residency.streamed_bytes
    assert residency.resident_bytes + residency.streamed_bytes == unlimited["unet"]
    assert (streamed == 0) == (share == 1.0)
    if share == 0.0:
        assert residency.resident_bytes < unlimited["layer"]


def test_a_cancel_in_the_middle_of_a_step_leaves_what_the_plan_put_there(
    bench: MakeBench, unlimited: dict[str, Any]
) -> None:
    tight = bench(max_cache_vram_gb=0.3 * unlimited["unet"] / GIB)
    job = tight.job(steps=STEPS)
    checks = Recorder()
    tight.engine.denoise(job, checks)
    for moment in (3, checks.checks // 2, checks.checks - 1):
        before = METER.live
        with pytest.raises(CanceledError):
            tight.engine.denoise(job, Recorder(cancel_at=moment))
        assert METER.live == before
    assert torch.equal(tight.engine.denoise(job, Recorder()).cpu(), unlimited["latents"])


def test_a_budget_that_shrinks_between_two_steps(bench: MakeBench, unlimited: dict[str, Any]) -> None:
    from invoke_tui.domain.running.device import CacheLimits

    changing = bench()
    job = changing.job(steps=STEPS)
    seen = []

    def shrink(step: int) -> None:
        seen.append(weights(changing))
        if step == 1:
            budget = 0.3 * unlimited["unet"] / GIB
            changing.engine.set_limits(CacheLimits(max_cache_vram_gb=budget, device_working_mem_gb=0))

    latents = changing.engine.denoise(job, Recorder(on_progress=shrink))
    assert torch.equal(latents.cpu(), unlimited["latents"])
    assert seen[1] > unlimited["unet"]
    assert seen[2] < 0.3 * unlimited["unet"]


def test_a_hundred_jobs_over_six_models_in_a_budget_for_two(
    bench: MakeBench, unlimited: dict[str, Any]
) -> None:
    names = ["one", "two", "three", "four", "five", "six"]
    budget = 2 * unlimited["unet"] + 200_000
    many = bench(*names, max_cache_vram_gb=budget / GIB)
    METER.reset(budget + unlimited["work"] + 100_000)
    models = {name: many.sd1.model_copy(update={"key": name, "name": name}) for name in names}
    jobs = {name: many.job(models[name], steps=1, cfg_scale=1.0) for name in names}
    order = random.Random(5)
    first: dict[str, torch.Tensor] = {}
    live, moved = [], []
    for _ in range(100):
        name = order.choice(names)
        before = METER.to_device
        latents = many.engine.denoise(jobs[name], Recorder()).cpu()
        assert torch.equal(first.setdefault(name, latents), latents)
        moved.append(METER.to_device - before)
        live.append(METER.live)
        assert weights(many) <= budget
    memory = many.engine.memory()
    assert memory.rungs == 0, many.log
    assert memory.streamed_bytes == 0
    assert max(live[50:]) <= max(live[:50])
    assert max(moved[50:]) <= max(moved[:50])
    assert [level for level, _ in many.log if level in ("warning", "error")] == []


@pytest.mark.parametrize("parts", [1.0, 0.4])
def test_weights_in_eight_bits(bench: MakeBench, unlimited: dict[str, Any], parts: float) -> None:
    from invoke_tui.domain.models.records import ModelDefaults

    small = bench(max_cache_vram_gb=parts * 0.3 * unlimited["unet"] / GIB + 100_000 / GIB)
    record = small.engine._store._records["tiny"]
    wishes = ModelDefaults(fp8_storage=True, cpu_only=True)
    small.engine.use_models({"tiny": record.model_copy(update={"default_settings": wishes})})
    latents = small.engine.denoise(small.job(steps=STEPS), Recorder())
    shown = {component.part: component for component in small.engine.memory().components}
    assert shown["unet"].total_bytes < 0.4 * unlimited["unet"]
    assert shown["text_encoder"].resident_bytes == 0
    assert (shown["unet"].streamed_layers > 0) == (parts < 1)
    together = torch.stack([latents.cpu().flatten(), unlimited["latents"].flatten()])
    assert torch.corrcoef(together)[0, 1] > 0.95
