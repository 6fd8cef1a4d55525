"""What people see of memory, and what they can do about it, through a real daemon and worker."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from invoke_tui.config.settings import load
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import GenerationRequest, ResolvedRequest
from invoke_tui.domain.request.refinement import HighRes
from invoke_tui.domain.running.device import CacheLimits, MemoryUse, WorkerStatus
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.machine import Machine
from invoke_tui.studio.measured import Measured, StepTime
from invoke_tui.studio.requests.forecast import forecast, room_for
from tests.studio.harness import StudioHarness, until
from tests.support.requests import model_record


async def memory(studio: StudioHarness) -> MemoryUse:
    assert studio.client is not None
    [worker] = (await studio.client.status()).workers
    return worker.memory


async def test_the_cut_by_model_unload_clear_and_limits(studio: StudioHarness) -> None:
    client = await studio.start()
    assert await client.clear_cache() == 0, "no worker runs yet"
    await studio.run("a cat")

    async def held() -> MemoryUse | None:
        found = await memory(studio)
        return found if found.components else None

    [component] = (await until(held)).components
    assert (component.model, component.part, component.total_bytes) == ("tiny", "unet", 2**20)

    assert await client.unload(component.key, device="cuda:7") == 0
    assert await client.unload(component.key) == 1

    async def gone() -> bool:
        return not (await memory(studio)).components

    await until(gone)
    assert await client.set_limits(CacheLimits(max_cache_ram_gb=1.5)) == 1

    async def limited() -> bool:
        return (await memory(studio)).ram_limit == int(1.5 * 2**30)

    await until(limited)


async def test_the_machine(studio: StudioHarness) -> None:
    client = await studio.start()
    seen = await client.machine()
    assert 0 < seen.ram_used < seen.ram_total
    assert {disk.label for disk in seen.disks} == {"models", "outputs"}
    assert all(0 < disk.free <= disk.total for disk in seen.disks)


def test_an_amd_card_and_a_system_under_pressure(tmp_path: Path) -> None:
    card = tmp_path / "drm" / "card1" / "device"
    sensor = card / "hwmon" / "hwmon3"
    sensor.mkdir(parents=True)
    for file, text in {
        card / "vendor": "0x1002",
        card / "gpu_busy_percent": "37",
        card / "product_name": "Radeon \x1b[31mRX",
        card / "mem_info_vram_used": "1000",
        card / "mem_info_vram_total": "4000",
        sensor / "temp1_input": "61000",
        sensor / "power1_average": "180500000",
    }.items():
        file.write_text(text + "\n")
    (tmp_path / "drm" / "card2" / "device").mkdir(parents=True)
    stalls = tmp_path / "pressure"
    stalls.mkdir()
    (stalls / "memory").write_text("some avg10=2.50 avg60=0.11 avg300=0.00 total=1\nfull avg10=1.00\n")
    seen = Machine(pressure=stalls, cards=tmp_path / "drm").look({"models": tmp_path / "not" / "yet"})
    gpu = next(gpu for gpu in seen.gpus if gpu.memory_total == 4000)
    assert "\x1b" not in gpu.name
    assert (gpu.load, gpu.temperature, gpu.power, gpu.power_limit) == (37, 61, 180.5, None)
    assert seen.pressure is not None
    assert (seen.pressure.memory, seen.pressure.io) == (2.5, None)
    assert seen.disks[0].free > 0


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    seen = Machine(pressure=tmp_path / "a", cards=tmp_path / "b").look({})
    assert seen.pressure is None
    assert seen.disks == ()


async def test_a_forecast_learns_from_what_ran(studio: StudioHarness) -> None:
    client = await studio.start()
    request = GenerationRequest(positive_prompt="a cat", steps=4, seed=1)
    before = await client.forecast(request)
    assert (before.model, before.seconds_per_step, before.speed) == ("tiny", None, "unknown")
    assert before.sizes == "estimated"
    assert before.fits
    assert before.sentence.endswith("speed not measured yet")

    await studio.run("a cat", steps=20)

    async def learned() -> Forecast | None:
        found = await client.forecast(request)
        return found if found.speed == "measured" else None

    after = await until(learned)
    times = {node.node_type: node for node in await client.node_times()}
    assert times["denoise_latents"].runs == 1
    assert times["denoise_latents"].mean >= 20 * 0.01
    assert after.seconds_per_step is not None
    assert after.seconds == 4 * after.seconds_per_step
    larger = await client.forecast(request.model_copy(update={"width": 1024, "height": 1024}))
    assert larger.speed == "scaled"
    assert larger.seconds_per_step == pytest.approx(after.seconds_per_step * (1024 / 64) ** 2)


def worker(vram: int, used: int, **memory: object) -> WorkerStatus:
    use = MemoryUse(vram_total=vram, vram_used=used, **memory)  # type: ignore[arg-type]
    return WorkerStatus(pid=1, device="cuda:0", state="idle", memory=use)


async def test_a_forecast_says_what_will_stream(tmp_path: Path) -> None:
    prepare(tmp_path / "db")
    database = Database(tmp_path / "db")
    measured = Measured(database)
    settings = load(tmp_path / "root").settings
    model = ModelRecord(
        key="k", hash="", name="big", base=BaseModelType.FLUX, type=ModelType.MAIN,
        format=ModelFormat.CHECKPOINT, path=str(tmp_path / "none"), file_size=7 * 2**30,
    )  # fmt: skip
    asked = ResolvedRequest(
        positive_prompt="", negative_prompt="", model="k", width=1024, height=1024, steps=28, cfg_scale=1,
        cfg_rescale_multiplier=0, scheduler="euler", seed=1, clip_skip=0,
    )  # fmt: skip
    room = room_for(worker(8 * 2**30, 2**30), settings, ())
    told = await forecast(asked, model, room, measured)
    assert told.streamed_share == 3 / 7
    assert told.sentence == "needs 10.0 of 8.0 GB, 43 % will stream, speed not measured yet"

    time = StepTime("cuda:0", "k", "flux", 1024 * 1024, 1, 43, 1.4)
    await measured.keep(time, {"transformer": 7 * 2**30}, "k")
    told = await forecast(asked, model, room, measured)
    assert told.sentence == "needs 10.0 of 8.0 GB, 43 % will stream, about 1.4 s/step"
    assert (told.speed, told.sizes, told.seconds) == ("measured", "measured", 28 * 1.4)
    await measured.keep(replace(time, seconds=2.4), {}, "k")
    assert await measured.step(time) == (pytest.approx(1.7), True)

    whole = settings.model_copy(update={"enable_partial_loading": False})
    told = await forecast(asked, model, room_for(worker(8 * 2**30, 2**30), whole, ()), measured)
    assert not told.fits
    assert "does not fit" in told.sentence
    limited = room_for(worker(24 * 2**30, 0, vram_limit=7 * 2**30), settings, ())
    assert (await forecast(asked, model, limited, measured)).streamed_share == 0
    await asyncio.to_thread(database.close)


async def test_a_forecast_counts_what_steers(tmp_path: Path) -> None:
    prepare(tmp_path / "db")
    measured = Measured(Database(tmp_path / "db"))
    model = model_record(key="k", file_size=4 * 2**30, path=str(tmp_path / "none"))
    control = model_record(key="c", type=ModelType.CONTROLNET, file_size=2**30, path=str(tmp_path / "none"))
    asked = ResolvedRequest(
        positive_prompt="", negative_prompt="", model="k", width=1024, height=1024, steps=20, cfg_scale=5,
        cfg_rescale_multiplier=0, scheduler="euler", seed=1, clip_skip=0,
    )  # fmt: skip
    room = room_for(worker(24 * 2**30, 0), load(tmp_path / "root").settings, ())
    await measured.keep(StepTime("cuda:0", "k", "sd-1", 1024 * 1024, 2, 0, 2.0), {"unet": 4 * 2**30}, "k")
    plain = await forecast(asked, model, room, measured)
    assert (plain.seconds_per_step, plain.seconds, plain.speed) == (2.0, 40.0, "measured")

    high = HighRes(width=512, height=512, method="bilinear", strength=0.5, steps=10)
    twice = await forecast(asked.model_copy(update={"highres": high}), model, room, measured)
    assert twice.seconds == 2.0 * (20 / 4 + 10 * 0.5)
    steered = await forecast(asked, model, room, measured, [control])
    assert steered.bytes_needed == plain.bytes_needed + 2**30
    assert (steered.seconds_per_step, steered.speed) == (2.0 * 1.25, "scaled")
