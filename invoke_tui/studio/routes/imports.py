"""Taking pictures in that lie elsewhere on this machine."""

from __future__ import annotations

from fastapi import APIRouter

from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder
from invoke_tui.studio.services import Given

router = APIRouter(prefix="/imports", tags=["gallery"])


@router.post("")
async def start(body: ImportOrder, studio: Given) -> ImportJob:
    """Begin to take pictures in; the job runs on in the daemon."""
    studio.keeping.require_folder()
    return studio.imports.start(body)


@router.get("")
async def jobs(studio: Given) -> list[ImportJob]:
    """The imports at work, and those that ended lately, oldest first."""
    return studio.imports.jobs()


@router.get("/{job_id}")
async def job(job_id: str, studio: Given) -> ImportJob:
    """One import."""
    return studio.imports.job(job_id)


@router.post("/{job_id}/cancel")
async def cancel(job_id: str, studio: Given) -> ImportJob:
    """End an import; what it took stays."""
    return await studio.imports.cancel(job_id)
