"""Calls about taking pictures in, and about the texts in their files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from invoke_tui.domain.gallery.importing import FileTexts, ImportJob, ImportOrder

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport

_JOBS = TypeAdapter(list[ImportJob])


class ImportCalls:
    """The part of the client that takes pictures in."""

    _transport: Transport

    async def start_import(self, order: ImportOrder) -> ImportJob:
        """Begin to take in a file, a folder or an InvokeAI root of the daemon's machine; it runs on in the daemon."""
        body = order.model_dump(mode="json")
        return ImportJob.model_validate_json(await self._transport.post("imports", body))

    async def import_jobs(self) -> list[ImportJob]:
        """The imports at work, and those that ended lately, oldest first."""
        return _JOBS.validate_json(await self._transport.get("imports"))

    async def import_job(self, job_id: str) -> ImportJob:
        """One import. Raises ``NotFoundError``."""
        return ImportJob.model_validate_json(await self._transport.get(f"imports/{job_id}"))

    async def cancel_import(self, job_id: str) -> ImportJob:
        """End an import; what it took stays. How it ended."""
        return ImportJob.model_validate_json(await self._transport.post(f"imports/{job_id}/cancel", {}))

    async def image_texts(self, name: str) -> FileTexts:
        """What a picture's file says, and every text in it as it stands there; safe to show, long ones cut."""
        return FileTexts.model_validate_json(await self._transport.get(f"images/{name}/texts"))
