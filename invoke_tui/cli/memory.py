"""``studio memory``, ``unload`` and ``limits``: where every byte is, and giving some back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.running.device import CacheLimits
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.running.device import WorkerStatus
    from invoke_tui.domain.running.machine import MachineUse, NodeTime
    from invoke_tui.domain.running.status import StudioStatus

Device = Annotated[
    str, typer.Option("--device", help="Only the engine of this device.", metavar="NAME", show_default=False)
]
_GB = 2**30


def memory(root: Root = None, json: Json = False) -> None:
    """Show memory, GPUs, disks and the model caches of the engines."""
    status, machine, nodes = run(_look(open_studio(root)))
    document = {
        "workers": [worker.model_dump(mode="json") for worker in status.workers],
        "machine": machine.model_dump(mode="json"),
        "nodes": [node.model_dump(mode="json") for node in nodes],
    }
    output = Output(as_json=json)
    output.result(document, _lines(output, status.workers, machine, nodes))


def unload(
    keys: Annotated[
        list[str] | None,
        typer.Argument(help="Keys of components, as 'studio memory' shows them.", metavar="[KEY]…"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is not in use.")] = False,
    device: Device = "",
    root: Root = None,
    json: Json = False,
) -> None:
    """Drop components from the engines' memory, unless they are in use."""
    if bool(keys) == everything:
        raise BadInputError(
            "name the components, or give --all",
            hint="'invoke-tui studio memory' lists them.",
            code="bad_usage",
        )
    told = run(_unload(open_studio(root), keys or [], device))
    Output(as_json=json).result({"workers": told}, [_told(told)])


def limits(
    vram: Annotated[
        str | None, typer.Option("--vram", help="max_cache_vram_gb; auto: what is free.", metavar="GB")
    ] = None,
    ram: Annotated[
        str | None,
        typer.Option("--ram", help="max_cache_ram_gb; auto: from the memory there is.", metavar="GB"),
    ] = None,
    work: Annotated[
        str | None, typer.Option("--work", help="device_working_mem_gb; auto: 3.", metavar="GB")
    ] = None,
    device: Device = "",
    root: Root = None,
    json: Json = False,
) -> None:
    """Change the limits of the model caches until the studio restarts. What is not named is as configured."""
    studio = open_studio(root)
    given = {"max_cache_vram_gb": vram, "max_cache_ram_gb": ram, "device_working_mem_gb": work}
    if not any(given.values()):
        raise BadInputError(
            "no limit was given", hint="For example --vram 6, or --vram auto.", code="bad_usage"
        )
    wanted: dict[str, Any] = {}
    for name, text in given.items():
        if text is None:
            wanted[name] = getattr(studio.settings, name)
        elif text != "auto":
            wanted[name] = text
    try:
        chosen = CacheLimits.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInputError(f"{first['loc'][0]}: {first['msg']}", code="bad_value") from error
    told = run(_limit(studio, chosen, device))
    Output(as_json=json).result({"workers": told, "limits": chosen.model_dump()}, [_told(told)])


async def _look(studio: Studio) -> tuple[StudioStatus, MachineUse, list[NodeTime]]:
    async with attach(studio, start=False) as client:
        return await client.status(), await client.machine(), await client.node_times()


async def _unload(studio: Studio, keys: list[str], device: str) -> int:
    async with attach(studio, start=False) as client:
        if not keys:
            return await client.clear_cache(device=device)
        return max([await client.unload(key, device=device) for key in keys])


async def _limit(studio: Studio, chosen: CacheLimits, device: str) -> int:
    async with attach(studio, start=False) as client:
        return await client.set_limits(chosen, device=device)


def _told(workers: int) -> str:
    if not workers:
        return "no engine runs"
    return "1 engine was told" if workers == 1 else f"{workers} engines were told"


def _lines(
    output: Output, workers: list[WorkerStatus], machine: MachineUse, nodes: list[NodeTime]
) -> Iterator[str]:
    yield f"machine  RAM {_of(machine.ram_used, machine.ram_total)}, CPU {machine.cpu:.0f} % of {machine.cores} cores"
    for gpu in machine.gpus:
        figures = ((gpu.load, "{:.0f} %"), (gpu.temperature, "{:.0f} °C"), (gpu.power, "{:.0f} W"))
        told = [text.format(value) for value, text in figures if value is not None]
        yield f"gpu {gpu.index}    {', '.join([safe_text(gpu.name, limit=60), *told])}"
    for disk in machine.disks:
        yield f"disk     {disk.label}: {disk.free / 1e9:.1f} GB free in {disk.path}"
    for worker in workers:
        yield from _worker(output, worker)
    if not workers:
        yield "engine   asleep: it holds no model"
    if nodes:
        yield ""
        rows = [(node.node_type, node.runs, f"{node.mean:.2f} s", f"{node.last:.2f} s") for node in nodes]
        yield from output.table(("NODE", "RUNS", "MEAN", "LAST"), rows)


def _worker(output: Output, worker: WorkerStatus) -> Iterator[str]:
    use = worker.memory
    vram = f"VRAM {_of(use.vram_used, use.vram_total)}, " if use.vram_total else ""
    name = safe_text(worker.choice.device if worker.choice else worker.device, limit=60)
    yield f"engine   {name}: {worker.state}, {vram}process {use.process_rss / _GB:.1f} GB"
    counts = f"hits {use.hits}, misses {use.misses}, evicted {use.evictions}, moved off {use.offloads}"
    yield f"cache    {counts}, streamed {use.streamed_bytes / _GB:.1f} GB, RAM limit {use.ram_limit / _GB:.1f} GB"
    if use.rungs:
        yield f"         memory ran out {use.rungs} times, last given up: {safe_text(use.last_rung, limit=100)}"
    if not use.components:
        return
    yield ""
    rows = (
        (
            part.key,
            part.model,
            part.part,
            f"{part.total_bytes / 2**20:.0f} MB",
            f"{100 * part.resident_bytes / part.total_bytes:.0f} %"
            if use.vram_total and part.total_bytes
            else "",
            part.streamed_layers or "",
            "yes" if part.locked else "",
        )
        for part in use.components
    )
    yield from output.table(("KEY", "MODEL", "PART", "SIZE", "ON DEVICE", "STREAMED", "IN USE"), rows)


def _of(used: int, total: int) -> str:
    return f"{used / _GB:.1f} of {total / _GB:.1f} GB"
