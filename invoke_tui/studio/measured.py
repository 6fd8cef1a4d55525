"""What was measured on this machine, kept for forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.running.device import MemoryUse, WorkerStatus
from invoke_tui.domain.running.machine import NodeTime
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import component_sizes, step_times
from invoke_tui.studio.workers.run import Run

DENOISERS: Final = ("unet", "transformer")
_NEWEST: Final = 0.3
"""Weight of the newest run in the mean that is kept."""
_BUCKET: Final = 5
"""Percent by which streamed shares are told apart."""


@dataclass(frozen=True)
class StepTime:
    """What decides how long a step takes. ``batch`` is 2 with guidance; ``streamed`` is a percentage."""

    device: str
    model_key: str
    base: str
    pixels: int
    batch: int
    streamed: int
    seconds: float


class Measured:
    """Step times and component sizes, in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._nodes: dict[str, NodeTime] = {}

    @property
    def nodes(self) -> list[NodeTime]:
        """Times of node types, the longest first."""
        return sorted(self._nodes.values(), key=lambda node: -node.mean)

    async def keep_run(self, run: Run, status: WorkerStatus | None, model: ModelRecord | None) -> None:
        """Remember a finished item: its nodes, and where it came from a request its steps and its model's size."""
        self._add_nodes(run.node_seconds)
        request = run.claimed.item.request
        if request is None or model is None or status is None or run.seconds_per_step is None:
            return
        first = request.highres or request
        time = StepTime(
            device=status.choice.device if status.choice is not None else status.device,
            model_key=model.key,
            base=model.base.value,
            pixels=first.width * first.height,
            batch=2 if request.cfg_scale > 1 else 1,
            streamed=streamed_percent(status.memory, model.key),
            seconds=run.seconds_per_step,
        )
        beside = request.controls or request.references or request.regions
        await self.keep(None if beside else time, sizes_of(status.memory, model.key), model.key)

    def _add_nodes(self, times: list[tuple[str, float]]) -> None:
        for node_type, seconds in times:
            before = self._nodes.get(node_type) or NodeTime(node_type=node_type, runs=0, mean=0, last=0)
            runs = before.runs + 1
            mean = before.mean + (seconds - before.mean) / runs
            self._nodes[node_type] = NodeTime(node_type=node_type, runs=runs, mean=mean, last=seconds)

    async def keep(self, time: StepTime | None, sizes: dict[str, int], model_key: str) -> None:
        """Remember a run: its time per step, where nothing beside the model took a share of it, and the bytes of the
        model's components by part."""

        def write(connection: Connection) -> None:
            if time is not None:
                _keep_time(connection, time)
            for part, size in sizes.items():
                values = {"model_key": model_key, "part": part, "bytes": size}
                keys = ["model_key", "part"]
                statement = insert(component_sizes).values(values)
                connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={"bytes": size}))

        await self._database.write(write)

    async def size(self, model_key: str, parts: tuple[str, ...] = DENOISERS) -> int | None:
        """Bytes of the component that draws, as it was in memory; None when it never was."""
        table = component_sizes.c

        def read(connection: Connection) -> int | None:
            query = select(table.bytes).where(table.model_key == model_key, table.part.in_(parts))
            return connection.scalar(query)

        return await self._database.read(read)

    async def step(self, like: StepTime) -> tuple[float, bool] | None:
        """Seconds per step of what is most like ``like``, and whether it is just that; None: nothing is.

        The same model counts before others of its base, the same share streamed before the same size. Times of other
        sizes are scaled by the pixels.
        """
        table = step_times.c

        def read(connection: Connection) -> tuple[float, bool] | None:
            query = select(step_times).where(table.device == like.device, table.base == like.base)
            rows = connection.execute(query).all()
            if not rows:
                return None
            best = min(
                rows,
                key=lambda row: (
                    row.model_key != like.model_key,
                    row.batch != like.batch,
                    abs(row.streamed - like.streamed) // (2 * _BUCKET),
                    abs(row.pixels - like.pixels),
                ),
            )
            same = (
                best.model_key == like.model_key
                and best.batch == like.batch
                and best.pixels == like.pixels
                and abs(best.streamed - like.streamed) <= _BUCKET
            )
            return best.seconds * like.pixels / best.pixels * like.batch / best.batch, same

        return await self._database.read(read)


def streamed_percent(memory: MemoryUse, model_key: str) -> int:
    """How much of the part that draws passes through the device, from a heart-beat."""
    if not memory.vram_total:
        return 0
    for part in memory.components:
        if part.part in DENOISERS and part.key.startswith(f"{model_key}:") and part.total_bytes:
            return round(100 * (1 - part.resident_bytes / part.total_bytes))
    return 0


def sizes_of(memory: MemoryUse, model_key: str) -> dict[str, int]:
    """Bytes of a model's components by part, from a heart-beat."""
    return {p.part: p.total_bytes for p in memory.components if p.key.startswith(f"{model_key}:")}


def _keep_time(connection: Connection, time: StepTime) -> None:
    streamed = _BUCKET * round(time.streamed / _BUCKET)
    table = step_times.c
    same = (
        (table.device == time.device)
        & (table.model_key == time.model_key)
        & (table.pixels == time.pixels)
        & (table.batch == time.batch)
        & (table.streamed == streamed)
    )
    before = connection.execute(select(table.seconds, table.runs).where(same)).first()
    if before is not None:
        mean = before.seconds + _NEWEST * (time.seconds - before.seconds)
        values = {"seconds": mean, "runs": before.runs + 1}
        connection.execute(step_times.update().where(same).values(values))
        return
    connection.execute(
        step_times.insert().values(
            device=time.device,
            model_key=time.model_key,
            base=time.base,
            pixels=time.pixels,
            batch=time.batch,
            streamed=streamed,
            seconds=time.seconds,
            runs=1,
        )
    )
