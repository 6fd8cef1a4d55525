"""What a request will take on this machine: bytes, the share that streams, and time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

from invoke_tui.config.settings import Settings
from invoke_tui.domain.models.families import FILL, traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.running.device import MemoryUse, WorkerStatus
from invoke_tui.domain.running.machine import GpuUse
from invoke_tui.studio.measured import DENOISERS, Measured, StepTime

_GB: Final = 2**30
_SHARE_OF_FILE: Final = {
    BaseModelType.SD1: 0.80,
    BaseModelType.SD2: 0.67,
    BaseModelType.SDXL: 0.74,
    BaseModelType.SDXL_REFINER: 0.76,
}
"""What the UNet is of a single file that holds a whole model."""
_UNPACKED: Final = {ModelFormat.BNB_NF4: 3.6, ModelFormat.BNB_INT8: 2.0}
"""Bytes in memory for a byte of a quantised file."""


@dataclass(frozen=True)
class Room:
    """Where a run would take place. Bytes; ``models`` is what weights may take of ``total``."""

    device: str
    total: int
    models: int
    working: int
    streams: bool


async def forecast(
    request: ResolvedRequest,
    model: ModelRecord,
    room: Room,
    measured: Measured,
    beside: Sequence[ModelRecord] = (),
) -> Forecast:
    """The forecast of one picture. ``beside`` are the models that act with ``model`` at every step."""
    known = await measured.size(model.key)
    own = known or estimated_bytes(model)
    weights = own + sum(estimated_bytes(record) for record in beside)
    missing = max(weights - max(room.models, 0), 0)
    share = missing / weights if weights and room.streams else 0.0
    fits = missing == 0 or room.streams
    batch = 2 if request.cfg_scale > 1 else 1
    like = StepTime(
        device=room.device,
        model_key=model.key,
        base=model.base.value,
        pixels=request.width * request.height,
        batch=batch,
        streamed=round(100 * share),
        seconds=0,
    )
    found = await measured.step(like) if fits else None
    seconds, same = found or (None, False)
    if seconds is not None:
        seconds *= 1 + sum(map(estimated_bytes, _asked(beside))) / max(own, 1)
    speed: Literal["measured", "scaled", "unknown"] = "unknown"
    if found is not None:
        speed = "measured" if same and not beside else "scaled"
    needed = weights + room.working
    return Forecast(
        model=model.name,
        device=room.device,
        bytes_needed=needed,
        bytes_available=room.total,
        sizes="measured" if known else "estimated",
        streamed_share=share,
        fits=fits,
        seconds_per_step=seconds,
        seconds=None if seconds is None else seconds * steps_of(request, model),
        speed=speed,
        sentence=_sentence(needed, room.total, share, fits, seconds),
    )


def steps_of(request: ResolvedRequest, model: ModelRecord) -> float:
    """The steps that are made, in steps of the finished picture's size.

    A picture to start from spares the first ones, a small first pass makes cheaper ones.
    """
    traits = traits_of(model)
    if (first := request.highres) is not None:
        small = first.width * first.height / (request.width * request.height)
        return request.steps * small + first.steps * _span(first.strength, spread=traits.optimized_denoising)
    start = request.start
    if start is None or model.variant == FILL:  # FLUX Fill draws from noise, whatever the strength
        return request.steps
    span = _span(start.strength, spread=traits.optimized_denoising and start.optimized_denoising)
    begin = 1 - span if start.denoising_start is None else start.denoising_start
    return request.steps * max(start.denoising_end - begin, 0)


def _span(strength: float, *, spread: bool) -> float:
    """The share of the steps that a strength makes."""
    return strength**0.2 if spread else strength


def _asked(beside: Sequence[ModelRecord]) -> list[ModelRecord]:
    """Those of them that compute anew at every step: a ControlNet takes time like a model of its size."""
    return [record for record in beside if record.type is ModelType.CONTROLNET]


def room_for(worker: WorkerStatus | None, settings: Settings, gpus: tuple[GpuUse, ...]) -> Room:
    """The room on the worker's device, or on the device that the settings would choose."""
    memory = worker.memory if worker is not None else MemoryUse()
    device = _device(worker, settings, gpus)
    total = memory.vram_total or _gpu_memory(device, gpus)
    if not total:
        ram = psutil.virtual_memory()
        own = sum(part.total_bytes for part in memory.components)
        return Room(device, int(ram.total), int(ram.available) + own, 0, streams=False)
    working = int(settings.device_working_mem_gb * _GB)
    limit = memory.vram_limit or int((settings.max_cache_vram_gb or 0) * _GB)
    ours = sum(part.resident_bytes for part in memory.components)
    free = total - memory.vram_used + ours
    models = min(limit, free) if limit else free - working
    return Room(device, total, models, working, streams=settings.enable_partial_loading)


def estimated_bytes(model: ModelRecord) -> int:
    """Bytes of the part that draws, from the files. They are kept in memory at about the size they have on disk."""
    folder = Path(model.path)
    for part in DENOISERS:
        if (folder / part).is_dir():
            sizes = [file.stat().st_size for file in (folder / part).glob("*.safetensors")]
            half = [file.stat().st_size for file in (folder / part).glob("*.fp16*.safetensors")]
            return sum(half) or sum(sizes)
    whole = _SHARE_OF_FILE.get(model.base, 1.0) if model.type is ModelType.MAIN else 1.0
    return int(model.file_size * whole * _in_memory(model))


def _in_memory(model: ModelRecord) -> float:
    """How much bigger weights are in memory than in a file: 8 and 4 bits are unpacked unless they are kept so."""
    if model.precision == "fp8" and not model.default_settings.fp8_storage:
        return 2.0
    return _UNPACKED.get(model.format, 1.0)


def _device(worker: WorkerStatus | None, settings: Settings, gpus: tuple[GpuUse, ...]) -> str:
    if worker is not None and worker.choice is not None:
        return worker.choice.device
    wished = worker.device if worker is not None else settings.device
    if wished != "auto":
        return wished
    return "cuda:0" if gpus else "cpu"


def _gpu_memory(device: str, gpus: tuple[GpuUse, ...]) -> int:
    kind, _, index = device.partition(":")
    if kind != "cuda" or int(index or 0) >= len(gpus):
        return 0
    return gpus[int(index or 0)].memory_total or 0


def _sentence(needed: int, total: int, share: float, fits: bool, seconds: float | None) -> str:
    small = needed < _GB / 10
    words = [f"needs {needed / 2**20:.0f} MB of" if small else f"needs {needed / _GB:.1f} of"]
    words[0] += f" {total / _GB:.1f} GB"
    if not fits:
        words.append("does not fit")
    elif share:
        words.append(f"{100 * share:.0f} % will stream")
    if seconds is not None:
        words.append(f"about {seconds:.2g} s/step" if seconds >= 0.1 else f"about {1 / seconds:.0f} steps/s")
    elif fits:
        words.append("speed not measured yet")
    return ", ".join(words)
