"""Memory arithmetic against InvokeAI's recorded answers. No torch."""

from __future__ import annotations

import json
from pathlib import Path

from invoke_tui.domain.running.gpus import half_precision_problem
from invoke_tui.engine.memory.plan import (
    GIB,
    Resident,
    ram_limit,
    to_drop,
    to_offload,
    vae_working_bytes,
    vram_available,
)

KNOWN = json.loads((Path(__file__).parent / "data" / "memory.json").read_text())


def test_ram_limit() -> None:
    for ram, vram, working, max_ram, max_vram, expected in KNOWN["ram"]:
        limit = ram_limit(
            ram * GIB,
            None if vram is None else vram * GIB,
            working_gb=working,
            max_cache_ram_gb=max_ram,
            max_cache_vram_gb=max_vram,
        )
        assert limit == expected, (ram, vram, max_ram, max_vram)


def test_vram_available() -> None:
    for free, allocated, working, max_vram, expected in KNOWN["vram"]:
        available = vram_available(
            free * GIB, allocated * GIB, working_bytes=working, working_gb=3, max_cache_vram_gb=max_vram
        )
        assert available == expected, (free, allocated, working, max_vram)


def test_vae_working_memory() -> None:
    for operation, width, height, tile, own_tile, fp32, expected in KNOWN["vae"]:
        element = 4 if fp32 else 2
        needed = vae_working_bytes(
            operation, width, height, element_bytes=element, tile_size=tile, own_tile_size=own_tile
        )
        assert needed == expected


def test_max_cache_vram_takes_precedence_over_working_memory() -> None:
    asked = {"working_bytes": 5 * GIB, "working_gb": 3, "max_cache_vram_gb": 6}
    assert vram_available(20 * GIB, 2 * GIB, **asked) == 4 * GIB
    assert vram_available(3 * GIB, 2 * GIB, **asked) == 3 * GIB, "more than is free it cannot give"
    assert vram_available(20 * GIB, 7 * GIB, **asked) == -GIB


def test_working_memory_of_other_vaes() -> None:
    size = 1024 * 1024 * 2
    for kind, decode, encode in (
        ("wan", 2900, 1450),
        ("wan_video_a14b", 6500, 6500),
        ("qwen", 2900, 1600),
        ("qwen_rocm", 5500, 6300),
    ):
        for operation, factor in (("decode", decode), ("encode", encode)):
            assert vae_working_bytes(operation, 1024, 1024, element_bytes=2, kind=kind) == size * factor


def entry(key: str, size: int, *, used: int = 0, locked: bool = False) -> Resident:
    return Resident(key, size, resident_bytes=size, last_used=used, locked=locked)


def test_the_smallest_leave_the_device_first() -> None:
    entries = [entry("unet", 50), entry("text", 10), entry("vae", 5), entry("used", 1, locked=True)]
    assert to_offload(entries, 12) == ["vae", "text"]
    assert to_offload(entries, 0) == []
    assert to_offload(entries, 1000) == ["vae", "text", "unet"]


def test_the_least_recent_leave_ram_first_and_locked_ones_stay() -> None:
    entries = [entry("new", 40, used=3), entry("old", 40, used=1), entry("used", 40, used=0, locked=True)]
    assert to_drop(entries, 130, 20) == ["old"]
    assert to_drop(entries, 140, 20) == []
    assert to_drop(entries, 10, 20) == ["old", "new"]


def test_cards_that_are_bad_at_half_precision() -> None:
    for name in (
        "NVIDIA GeForce GTX 1660 Ti",
        "NVIDIA GeForce GTX 1650",
        "NVIDIA GeForce GTX 1630",
        "NVIDIA T1000",
    ):
        assert "NaN" in (half_precision_problem(name) or "")
    for name in (
        "NVIDIA GeForce GTX 1080 Ti",
        "NVIDIA GeForce GT 1030",
        "Tesla P40",
        "NVIDIA TITAN Xp",
        "Quadro P4000",
    ):
        assert "slower" in (half_precision_problem(name) or "")
    assert half_precision_problem("NVIDIA GeForce GTX 970")
    fine = (
        "NVIDIA GeForce RTX 2060", "NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 5090", "NVIDIA H200",
        "NVIDIA A100-SXM4-40GB",
        "Tesla P100-PCIE-16GB", "Tesla T4", "NVIDIA RTX A1000", "NVIDIA TITAN RTX", "NVIDIA TITAN V",
        "AMD Radeon RX 7900 XTX", "Quadro GP100", "Quadro RTX 4000", "",
    )  # fmt: skip
    assert [name for name in fine if half_precision_problem(name)] == []
