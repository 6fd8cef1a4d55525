"""Memory: what the machine has, and the model caches of the workers."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter

from invoke_tui.domain.base import Record
from invoke_tui.domain.protocol import ClearCache, UnloadComponent
from invoke_tui.domain.request.forecast import Forecast
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.device import CacheLimits
from invoke_tui.domain.running.machine import MachineUse, NodeTime
from invoke_tui.studio.requests.expand import expand
from invoke_tui.studio.requests.forecast import forecast, room_for
from invoke_tui.studio.services import Given

router = APIRouter(tags=["memory"])


class DeviceBody(Record):
    """A device whose worker is meant; empty: all of them."""

    device: str = ""


class UnloadBody(DeviceBody):
    """A component by its key in ``MemoryUse``."""

    key: str


class BudgetBody(DeviceBody):
    """The limits to keep."""

    limits: CacheLimits


class Told(Record):
    """How many workers were told; what came of it is in their next heart-beat."""

    workers: int


@router.get("/machine")
async def machine(studio: Given) -> MachineUse:
    """RAM, disks, pressure and GPUs now."""
    folders = {"models": studio.paths.models_dir, "outputs": studio.paths.images_dir.parent}
    return await asyncio.to_thread(studio.machine.look, folders)


@router.get("/machine/nodes")
async def nodes(studio: Given) -> list[NodeTime]:
    """How long the nodes of the finished items took, the longest first."""
    return studio.measured.nodes


@router.post("/forecast")
async def forecast_(studio: Given, request: GenerationRequest) -> Forecast:
    """What one picture of this request will take on the first device."""
    one = request.model_copy(update={"count": 1})
    resolved = (
        await expand(one, studio.models, studio.library, gallery=studio.gallery, limit=one.max_prompts)
    )[0]
    worker = next(iter(studio.supervisor.workers), None)
    seen = await asyncio.to_thread(studio.machine.look, {})
    room = room_for(worker, studio.settings, seen.gpus)
    beside = {one.model for one in resolved.controls} | {one.model for one in resolved.references}
    return await forecast(
        resolved,
        studio.models.require(resolved.model),
        room,
        studio.measured,
        [studio.models.require(key) for key in sorted(beside)],
    )


@router.post("/memory/unload")
async def unload(studio: Given, body: UnloadBody) -> Told:
    """Drop a component of the model cache, unless it is in use."""
    return Told(workers=await studio.supervisor.tell(UnloadComponent(key=body.key), body.device))


@router.post("/memory/clear")
async def clear(studio: Given, body: DeviceBody) -> Told:
    """Drop every component that is not in use."""
    return Told(workers=await studio.supervisor.tell(ClearCache(), body.device))


@router.post("/memory/budget")
async def budget(studio: Given, body: BudgetBody) -> Told:
    """Keep other limits from now on, until the studio is started anew."""
    return Told(workers=await studio.supervisor.set_limits(body.limits, body.device))
