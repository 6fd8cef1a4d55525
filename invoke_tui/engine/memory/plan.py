"""Memory arithmetic: limits, working memory and who has to go. Plain numbers; no torch, no device.

The rules are InvokeAI's (its model cache and its working-memory estimates), so that its settings mean the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

GIB: Final = 2**30
MIB: Final = 2**20
RAM_FLOOR: Final = 4 * GIB
RAM_KEPT_FREE: Final = 2 * GIB
RAM_CAP_WITHOUT_GPU: Final = 32 * GIB

VaeKind = Literal["sd", "wan", "wan_video_a14b", "wan_video_ti2v", "qwen", "qwen_rocm"]
VAE_WORK_PER_PIXEL: Final[dict[VaeKind, dict[str, int]]] = {
    "sd": {"decode": 2200, "encode": 1100},
    "wan": {"decode": 2900, "encode": 1450},
    "wan_video_a14b": {"decode": 6500, "encode": 6500},
    "wan_video_ti2v": {"decode": 7000, "encode": 7000},
    "qwen": {"decode": 2900, "encode": 1600},
    "qwen_rocm": {"decode": 5500, "encode": 6300},
}
"""Working memory of a VAE in units of element size per pixel, measured by InvokeAI. ``sd`` are the VAEs of SD, SDXL,
SD 3, FLUX and CogView4; ``wan`` those of Anima and Wan, one frame."""
VAE_TILE_OVERHEAD: Final = 1.25
VAE_FP32_OVERHEAD: Final = 250 * MIB


@dataclass(frozen=True)
class Resident:
    """One cached component: ``last_used`` grows with time, ``locked`` means in use now."""

    key: str
    total_bytes: int
    resident_bytes: int = 0
    last_used: int = 0
    locked: bool = False


def ram_limit(
    ram_bytes: int,
    vram_bytes: int | None,
    *,
    working_gb: float,
    max_cache_ram_gb: float | None,
    max_cache_vram_gb: float | None,
) -> int:
    """Bytes of RAM the cache may fill.

    The setting where there is one. Else half the RAM less 2 GiB, at most the VRAM a model can use (32 GiB without a
    GPU), and never less than 4 GiB.
    """
    if max_cache_ram_gb is not None:
        return int(max_cache_ram_gb * GIB)
    if vram_bytes is None:
        cap: float = RAM_CAP_WITHOUT_GPU
    elif max_cache_vram_gb is not None:
        cap = max_cache_vram_gb * GIB
    else:
        cap = vram_bytes - working_gb * GIB
    return int(max(RAM_FLOOR, min(0.5 * ram_bytes - RAM_KEPT_FREE, cap)))


def vram_available(
    free_bytes: int,
    allocated_bytes: int,
    *,
    working_bytes: int | None,
    working_gb: float,
    max_cache_vram_gb: float | None,
) -> int:
    """Bytes of VRAM a further model may take; negative when that much has to be freed first.

    ``allocated_bytes`` are the models' own; ``working_bytes`` is what the next operation asks for, of which at
    least ``working_gb`` GiB are kept free. ``max_cache_vram_gb`` is what people say models may take, and takes
    precedence over working memory: InvokeAI's documentation says so, its code subtracts it all the same. More than
    is free it cannot give.
    """
    if max_cache_vram_gb is not None:
        return min(int(max_cache_vram_gb * GIB) - allocated_bytes, free_bytes)
    working = max(working_bytes or 0, int(working_gb * GIB))
    return free_bytes - working


def to_offload(entries: Sequence[Resident], needed: int) -> list[str]:
    """Keys to move out of VRAM so that ``needed`` bytes come free: unlocked ones, smallest first."""
    chosen: list[str] = []
    for entry in sorted(entries, key=lambda entry: entry.resident_bytes):
        if needed <= 0:
            break
        if not entry.locked and entry.resident_bytes:
            chosen.append(entry.key)
            needed -= entry.resident_bytes
    return chosen


def to_drop(entries: Sequence[Resident], limit: int, incoming: int) -> list[str]:
    """Keys to drop from RAM so that ``incoming`` more bytes keep within ``limit``: unlocked, least recent first.

    May free less than needed when too much is locked.
    """
    excess = sum(entry.total_bytes for entry in entries) + incoming - limit
    chosen: list[str] = []
    for entry in sorted(entries, key=lambda entry: entry.last_used):
        if excess <= 0:
            break
        if not entry.locked:
            chosen.append(entry.key)
            excess -= entry.total_bytes
    return chosen


def vae_working_bytes(
    operation: Literal["encode", "decode"],
    width: int,
    height: int,
    *,
    element_bytes: int,
    tile_size: int | None = None,
    own_tile_size: int = 512,
    kind: VaeKind = "sd",
) -> int:
    """Working memory of a VAE for a picture of ``width`` x ``height`` pixels.

    ``tile_size`` is in pixels: None is untiled, 0 the VAE's ``own_tile_size``.
    """
    unit = element_bytes * VAE_WORK_PER_PIXEL[kind][operation]
    if tile_size is None:
        work = float(width * height * unit)
    else:
        work = (tile_size or own_tile_size) ** 2 * unit * VAE_TILE_OVERHEAD
    return int(work + (VAE_FP32_OVERHEAD if element_bytes == 4 and kind == "sd" else 0))
