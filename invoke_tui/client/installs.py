"""The part of the client that installs models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from invoke_tui.domain.models.installs import (
    InstallAnswer,
    InstallJob,
    InstallRequest,
    SourceReading,
    StarterList,
)
from invoke_tui.domain.models.wanted import FoundModel, WantedModel

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport

_JOBS = TypeAdapter(list[InstallJob])


class Installing:
    """Mixed into ``StudioClient``."""

    _transport: Transport

    async def install(self, request: InstallRequest) -> InstallAnswer:
        """Begin to install a model and what it needs; the jobs run on in the daemon."""
        body = request.model_dump(mode="json")
        return InstallAnswer.model_validate_json(await self._transport.post("installs", body))

    async def read_source(self, request: InstallRequest) -> SourceReading:
        """What a source means, in words; nothing is fetched. Raises ``BadInputError`` for what is no source."""
        body = request.model_dump(mode="json")
        return SourceReading.model_validate_json(await self._transport.post("installs/reading", body))

    async def find_model(self, wanted: WantedModel) -> FoundModel:
        """Where a model is to be had that a picture names; Civitai is asked for its hash. Raises ``StudioError``."""
        body = wanted.model_dump(mode="json")
        return FoundModel.model_validate_json(await self._transport.post("installs/finding", body))

    async def install_jobs(self) -> list[InstallJob]:
        """Every job, oldest first."""
        return _JOBS.validate_json(await self._transport.get("installs"))

    async def install_job(self, job_id: str) -> InstallJob:
        """One job."""
        return InstallJob.model_validate_json(await self._transport.get(f"installs/{job_id}"))

    async def steer_install(self, job_id: str, to: Literal["cancel", "pause", "resume"]) -> InstallJob:
        """Cancel, pause or go on with a job; how it is then."""
        return InstallJob.model_validate_json(await self._transport.post(f"installs/{job_id}/{to}", {}))

    async def prune_installs(self) -> int:
        """Forget the finished jobs; how many."""
        return int((await self._transport.post_json("installs/prune", {}))["changed"])

    async def starters(self) -> StarterList:
        """The starter models and bundles, and which are installed."""
        return StarterList.model_validate_json(await self._transport.get("installs/starters"))
