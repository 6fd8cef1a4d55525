"""The machine the studio runs on, as the monitor shows it."""

from __future__ import annotations

from pydantic import Field

from invoke_tui.domain.base import Record


class DiskUse(Record):
    """The disk under one of the studio's folders."""

    label: str = Field(description="models, outputs")
    path: str
    free: int = Field(description="bytes this user can write")
    total: int


class GpuUse(Record):
    """One GPU. What its driver does not tell is None."""

    index: int
    name: str
    load: float | None = Field(default=None, description="percent of the time it computed")
    temperature: float | None = Field(default=None, description="degrees Celsius")
    power: float | None = Field(default=None, description="watts")
    power_limit: float | None = Field(default=None, description="watts")
    memory_used: int | None = None
    memory_total: int | None = None


class Pressure(Record):
    """Linux's pressure stall information: percent of the last ten seconds in which work waited."""

    cpu: float | None = None
    memory: float | None = None
    io: float | None = None


class NodeTime(Record):
    """How long nodes of one type took since the studio started; those answered from the cache are not counted."""

    node_type: str
    runs: int
    mean: float = Field(description="seconds")
    last: float = Field(description="seconds")


class MachineUse(Record):
    """How the machine does now. Bytes, unless said otherwise."""

    cpu: float = Field(description="percent of all cores since the last look")
    cores: int
    ram_used: int
    ram_total: int
    swap_used: int
    swap_total: int
    pressure: Pressure | None = Field(default=None, description="None where the system does not measure it")
    disks: tuple[DiskUse, ...] = ()
    gpus: tuple[GpuUse, ...] = ()
