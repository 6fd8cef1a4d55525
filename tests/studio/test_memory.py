"""What people see of memory, and what they can do about it, through a real daemon and worker."""

from __future__ import annotations

from pathlib import Path

from invoke_tui.domain.device import CacheLimits, MemoryUse
from invoke_tui.studio.machine import Machine
from tests.studio.harness import StudioHarness, until


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
