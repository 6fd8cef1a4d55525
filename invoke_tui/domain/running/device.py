"""What a worker runs on and what it holds, as shown in the status bar, the monitor and ``doctor``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from invoke_tui.domain.base import Record

DeviceKind = Literal["cuda", "rocm", "mps", "cpu", "other"]
PrecisionName = Literal["float16", "bfloat16", "float32"]
WorkerState = Literal["starting", "warming", "idle", "busy", "stopping", "dead"]


class DeviceChoice(Record):
    """The device and precision an engine chose, and why in one sentence each."""

    device: str = Field(description="torch's name: cuda:0, mps, cpu")
    kind: DeviceKind
    name: str = Field(description="What people call it: NVIDIA H200, CPU (Intel Xeon)")
    precision: PrecisionName
    device_reason: str
    precision_reason: str
    total_memory: int = Field(default=0, description="bytes of VRAM; 0 on the CPU")


class ComponentUse(Record):
    """One component in the model cache: where its bytes are."""

    key: str
    model: str = Field(default="", description="The model's name")
    part: str = Field(default="", description="unet, vae, text_encoder, ...")
    total_bytes: int = 0
    resident_bytes: int = Field(
        default=0, description="on the device; 0 where it shares the machine's memory"
    )
    streamed_layers: int = Field(default=0, description="layers that pass through the device call by call")
    locked: bool = Field(default=False, description="in use now, so it cannot be unloaded")
    last_used: float = Field(default=0, description="seconds since 1970")


class MemoryUse(Record):
    """Bytes in use on the machine that runs the engine. VRAM figures are 0 where there is none."""

    vram_used: int = 0
    vram_total: int = 0
    ram_used: int = 0
    ram_total: int = 0
    process_rss: int = 0
    components: tuple[ComponentUse, ...] = Field(default=(), description="The cut by model")
    reserved: int = Field(default=0, description="VRAM kept free for the work itself")
    ram_limit: int = Field(default=0, description="what the model cache may fill")
    vram_limit: int = Field(
        default=0, description="what models may take by max_cache_vram_gb; 0 = what is free"
    )
    streamed_bytes: int = Field(default=0, description="copied to the device layer by layer, since the start")
    hits: int = 0
    misses: int = 0
    evictions: int = Field(default=0, description="components dropped to keep within ram_limit")
    offloads: int = Field(default=0, description="components moved off the device to make room")
    rungs: int = Field(default=0, description="times something was given up because memory ran out")
    last_rung: str = ""


class CacheLimits(Record):
    """The limits of a worker's model cache that can be changed while it runs; names are ``invokeai.yaml``'s."""

    max_cache_ram_gb: float | None = Field(default=None, gt=0, description="None: from the memory there is")
    max_cache_vram_gb: float | None = Field(
        default=None, ge=0, description="None: what is free, less working memory"
    )
    device_working_mem_gb: float = Field(default=3, ge=0)


class WorkerStatus(Record):
    """One worker process as the daemon sees it."""

    pid: int
    device: str
    state: WorkerState
    choice: DeviceChoice | None = None
    memory: MemoryUse = MemoryUse()
    item_id: int | None = None
    restarts: int = 0

    @property
    def vram(self) -> int:
        """Bytes of VRAM in use."""
        return self.memory.vram_used

    @property
    def ram(self) -> int:
        """Bytes of RAM the process holds."""
        return self.memory.process_rss
