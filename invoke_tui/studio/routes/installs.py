"""Installing models: requests, jobs, starter models."""

from __future__ import annotations

from fastapi import APIRouter

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.installs import (
    InstallAnswer,
    InstallJob,
    InstallRequest,
    SourceReading,
    StarterList,
)
from invoke_tui.domain.models.wanted import FoundModel, WantedModel
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/installs", tags=["models"])


class Pruned(Record):
    """How many jobs are off the list."""

    changed: int


@router.post("")
async def start(body: InstallRequest, studio: Given) -> InstallAnswer:
    """Begin to install a model, and what it needs."""
    return await studio.installs.start(body)


@router.get("")
async def jobs(studio: Given) -> list[InstallJob]:
    """Every job, oldest first."""
    return studio.installs.jobs()


@router.get("/starters")
async def starters(studio: Given) -> StarterList:
    """The starter models and bundles, and which are installed."""
    return await studio.installs.starter_list()


@router.post("/reading")
async def reading(body: InstallRequest, studio: Given) -> SourceReading:
    """What a source means; nothing is fetched or changed."""
    return await studio.installs.reading(body)


@router.post("/finding")
async def finding(body: WantedModel, studio: Given) -> FoundModel:
    """Where a model is to be had that is not here; asks Civitai for its hash."""
    return await studio.installs.find(body)


@router.post("/prune")
async def prune(studio: Given) -> Pruned:
    """Forget the finished jobs and what failed ones had downloaded."""
    return Pruned(changed=await studio.installs.prune())


@router.get("/{job_id}")
async def job(job_id: str, studio: Given) -> InstallJob:
    """One job."""
    return studio.installs.job(job_id)


@router.post("/{job_id}/cancel")
async def cancel(job_id: str, studio: Given) -> InstallJob:
    """Stop a job and remove what it had."""
    return await studio.installs.cancel(job_id)


@router.post("/{job_id}/pause")
async def pause(job_id: str, studio: Given) -> InstallJob:
    """Stop a job and keep what it has."""
    return await studio.installs.pause(job_id)


@router.post("/{job_id}/resume")
async def resume(job_id: str, studio: Given) -> InstallJob:
    """Go on with a paused or failed job."""
    return await studio.installs.resume(job_id)
