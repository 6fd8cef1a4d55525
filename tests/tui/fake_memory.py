"""The fake studio's memory: a card with models on it, a machine, and what was asked of them."""

from __future__ import annotations

from typing import Any

from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.device import CacheLimits, ComponentUse, DeviceChoice, MemoryUse, WorkerStatus
from invoke_tui.domain.running.machine import DiskUse, GpuUse, MachineUse, NodeTime, Pressure

GIB = 2**30


def a_component(
    part: str, size: float, *, share: float = 1.0, model: str = "sdxl-base 1.0", **more: Any
) -> ComponentUse:
    """A component of ``size`` GiB with that share on the device."""
    return ComponentUse(
        key=f"{model}:{part}", model=model, part=part, total_bytes=int(size * GIB),
        resident_bytes=int(size * share * GIB), **more,
    )  # fmt: skip


CUT = (
    a_component("unet", 4.8, share=0.69, streamed_layers=412, locked=True),
    a_component("text_encoder_2", 1.3),
    a_component("text_encoder", 0.23),
    a_component("vae", 0.16, share=0),
)


def a_card(components: tuple[ComponentUse, ...] = CUT, **more: Any) -> WorkerStatus:
    """A worker on a card of 8 GB."""
    memory: dict[str, Any] = {
        "vram_used": int(5.9 * GIB), "vram_total": 8 * GIB, "ram_used": 9 * GIB, "ram_total": 16 * GIB,
        "process_rss": 4 * GIB, "components": components, "reserved": 3 * GIB, "ram_limit": 6 * GIB, "hits": 12,
        "misses": 4, "evictions": 1, "offloads": 2, "streamed_bytes": 31 * GIB,
    }  # fmt: skip
    return WorkerStatus(
        pid=77, device="cuda:0", state="busy",
        choice=DeviceChoice(device="cuda:0", kind="cuda", name="NVIDIA GeForce RTX 4060", precision="bfloat16",
                            device_reason="first GPU", precision_reason="it can"),
        memory=MemoryUse(**(memory | more)),
    )  # fmt: skip


A_GPU = GpuUse(index=0, name="NVIDIA GeForce RTX 4060", load=97, temperature=64, power=112, power_limit=115)


class FakeMemory:
    """The part of the fake client that is about memory."""

    calls: list[tuple[Any, ...]]

    def __init__(self) -> None:
        self.gpus: tuple[GpuUse, ...] = ()
        self.looks = 0
        self.forecasts: list[GenerationRequest] = []
        self.streamed_share = 0.0
        self.fits = True
        self.pressure: Pressure | None = Pressure(cpu=31, memory=0, io=2)

    async def machine(self) -> MachineUse:
        self.looks += 1
        return MachineUse(
            cpu=38, cores=8, ram_used=9 * GIB, ram_total=16 * GIB, swap_used=0, swap_total=2 * GIB,
            pressure=self.pressure, gpus=self.gpus,
            disks=(
                DiskUse(label="models", path="/srv/models", free=412 * 10**9, total=1800 * 10**9),
                DiskUse(label="outputs", path="/home/me/invokeai/outputs", free=3 * 10**9, total=60 * 10**9),
            ),
        )  # fmt: skip

    async def node_times(self) -> list[NodeTime]:
        return [
            NodeTime(node_type="denoise_latents", runs=4, mean=21.3, last=19.8),
            NodeTime(node_type="l2i", runs=4, mean=1.42, last=1.38),
            NodeTime(node_type="compel", runs=8, mean=0.031, last=0.029),
        ]

    async def forecast(self, request: GenerationRequest) -> Forecast:
        self.forecasts.append(request)
        streams = f", {100 * self.streamed_share:.0f} % will stream" if self.streamed_share else ""
        return Forecast(
            model=request.model or "starter", device="cuda:0", bytes_needed=int(9.8 * GIB), bytes_available=8 * GIB,
            sizes="measured", streamed_share=self.streamed_share, fits=self.fits, seconds_per_step=1.4, seconds=28,
            speed="measured", sentence=f"needs 9.8 of 8.0 GB{streams}, about 1.4 s/step",
        )  # fmt: skip

    async def unload(self, key: str, *, device: str = "") -> int:
        self.calls.append(("unload", key, device))
        return 1

    async def clear_cache(self, *, device: str = "") -> int:
        self.calls.append(("clear_cache", device))
        return 1

    async def set_limits(self, limits: CacheLimits, *, device: str = "") -> int:
        self.calls.append(("set_limits", limits))
        return 1
