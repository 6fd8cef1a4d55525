"""The fake studio's models: a list in memory, scans and installs that the tests drive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from invoke_tui.client.models import ScanBegun
from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.events import Event, InstallChanged, ModelsChanged
from invoke_tui.domain.models.installs import (
    InstallAnswer,
    InstallJob,
    InstallRequest,
    InstallStatus,
    SourceReading,
    StarterBundle,
    StarterList,
    StarterModel,
)
from invoke_tui.domain.models.records import BaseModelType, ModelDefaults, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.models.scan import ScanEntry, ScanFolder, ScanRoot, ScanSummary
from invoke_tui.domain.models.wanted import FoundModel, WantedModel

ADDED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_model(name: str = "starter", key: str = "starter-key", **about: Any) -> ModelRecord:
    """A small model."""
    usual = ModelDefaults(width=128, height=128, steps=20, cfg_scale=4.0, scheduler="euler")
    told: dict[str, Any] = {
        "hash": "blake3:0",
        "base": BaseModelType.SD1,
        "type": ModelType.MAIN,
        "format": ModelFormat.DIFFUSERS,
        "path": f"/models/{key}",
        "file_size": 120 * 2**20,
        "default_settings": usual,
    }
    return ModelRecord.model_validate({"key": key, "name": name, **told, **about})


def a_find(name: str, status: str = "new", **about: Any) -> ScanEntry:
    """A line of a scan."""
    told: dict[str, Any] = {
        "path": f"/data/{name}.safetensors",
        "type": "lora",
        "base": "sdxl",
        "format": "lycoris",
        "file_size": 220_000_000,
    }
    return ScanEntry.model_validate({"name": name, "status": status, **told, **about})


def a_job(name: str, status: InstallStatus = InstallStatus.DOWNLOADING, **about: Any) -> InstallJob:
    """A model on its way."""
    told = {
        "job_id": f"job-{name}",
        "source": f"org/{name}",
        "source_type": "hf_repo_id",
        "created_at": ADDED,
    }
    return InstallJob.model_validate({"name": name, "status": status, **told, **about})


STARTERS = StarterList(
    models=(
        StarterModel(
            id="dream-8", name="Dream 8", source="org/dream", base=BaseModelType.SD1, type=ModelType.MAIN
        ),
        StarterModel(
            id="big-xl",
            name="Big XL",
            source="org/big",
            base=BaseModelType.SDXL,
            type=ModelType.MAIN,
            dependencies=("xl-vae",),
        ),
        StarterModel(
            id="xl-vae", name="XL VAE", source="org/vae", base=BaseModelType.SDXL, type=ModelType.VAE
        ),
    ),
    bundles=(StarterBundle(id="sdxl", name="SDXL", models=("big-xl", "xl-vae")),),
    installed=("xl-vae",),
)


class FakeModels:
    """Mixed into ``FakeClient``."""

    records: list[ModelRecord]
    calls: list[tuple[Any, ...]]
    send: Callable[[Event], None]

    def __init__(self) -> None:
        self.finds: list[ScanEntry] = []
        self.folders: list[ScanFolder] = []
        self.jobs: dict[str, InstallJob] = {}
        self.hold = asyncio.Event()
        """Cleared: scans stop before their last find, hashes in the middle, until it is set."""
        self.hold.set()
        self.refuse: dict[str, StudioError] = {}
        """Paths and verbs that fail."""
        self.elsewhere: dict[str, FoundModel] = {}
        """Models that are to be had, by the name that a picture gives them."""
        self._canceled = False

    def _fail(self, what: str) -> None:
        if what in self.refuse:
            raise self.refuse[what]

    async def models(self, *, refresh: bool = False) -> list[ModelRecord]:
        return list(self.records)

    def _place(self, record: ModelRecord) -> ModelRecord:
        index = next((i for i, known in enumerate(self.records) if known.key == record.key), None)
        if index is None:
            self.records.append(record)
        else:
            self.records[index] = record
        self.send(ModelsChanged())
        return record

    def _find(self, key: str) -> ModelRecord:
        for record in self.records:
            if record.key == key:
                return record
        raise NotFoundError("There is no such model.")

    async def edit_model(self, key: str, changes: dict[str, Any]) -> ModelRecord:
        self._fail("edit")
        self.calls.append(("edit", key, changes))
        record = self._find(key)
        settings = record.default_settings.model_dump() | changes.get("default_settings", {})
        update = changes | {"default_settings": settings, "by_hand": tuple(sorted(changes))}
        return self._place(ModelRecord.model_validate(record.model_dump() | update))

    async def remove_model(self, key: str, *, delete_files: bool = False) -> ModelRecord:
        self._fail("remove")
        self.calls.append(("remove", key, delete_files))
        record = self._find(key)
        self.records.remove(record)
        self.send(ModelsChanged())
        return record

    async def hash_model(self, key: str, progress: Callable[[int, int], None] | None = None) -> ModelRecord:
        record = self._find(key)
        if progress is not None:
            progress(record.file_size // 2, record.file_size)
        await self.hold.wait()
        return self._place(record.model_copy(update={"hash": "blake3:" + "ab" * 32}))

    async def convert_model(
        self, key: str, progress: Callable[[str, int, int], None] | None = None
    ) -> ModelRecord:
        record = self._find(key)
        if progress is not None:
            progress("unet", 1, 2)
        await self.hold.wait()
        return self._place(record.model_copy(update={"format": ModelFormat.DIFFUSERS}))

    async def scan_models(
        self, paths: Sequence[str] = (), *, install: Literal["none", "all"] = "none", copy_files: bool = False
    ) -> AsyncGenerator[ScanBegun | ScanEntry | ScanSummary]:
        self._fail("scan")
        self.calls.append(("scan", *paths))
        self._canceled = False
        root = ScanRoot(path=paths[0] if paths else "/data", kind="folder", folders=("/data",))
        yield ScanBegun(scan_id="scan-1", roots=(root,))
        for entry in self.finds[:-1]:
            yield entry
        await self.hold.wait()
        if not self._canceled:
            for entry in self.finds[-1:]:
                yield entry
        yield ScanSummary(total=len(self.finds), file_size=5 * 10**9, seconds=0.4, canceled=self._canceled)

    async def cancel_scan(self, scan_id: str) -> None:
        self.calls.append(("cancel scan", scan_id))
        self._canceled = True
        self.hold.set()

    async def install_models(
        self, paths: Sequence[str], *, copy_files: bool = False, overrides: dict[str, Any] | None = None
    ) -> list[ModelRecord]:
        self.calls.append(("install found", *paths, copy_files, overrides or {}))
        for path in paths:
            self._fail(path)
        return [self._place(a_model(path.rsplit("/")[-1], path, path=path)) for path in paths]

    async def scan_folders(self) -> list[ScanFolder]:
        return list(self.folders)

    async def forget_folder(self, path: str) -> None:
        self.calls.append(("forget", path))
        self.folders = [folder for folder in self.folders if folder.path != path]

    # -- installing -----------------------------------------------------------------------------------------------

    async def read_source(self, request: InstallRequest) -> SourceReading:
        if " " in request.source:
            raise BadInputError(
                f"“{request.source}” is no source of a model.", hint="Sources are a path, org/repo, …"
            )
        return SourceReading(kind="hub", text=f"The repository {request.source} of the hub.")

    async def find_model(self, wanted: WantedModel) -> FoundModel:
        self.calls.append(("find", wanted.name, wanted.hash))
        if wanted.name not in self.elsewhere:
            raise NotFoundError(
                f"Nobody known here has the {wanted.called} {wanted}.", hint="No hash is told."
            )
        return self.elsewhere[wanted.name]

    async def install(self, request: InstallRequest) -> InstallAnswer:
        await self.read_source(request)
        self.calls.append(("install", request.source, request.in_place))
        return InstallAnswer(jobs=[self.put_job(a_job(request.source))])

    def put_job(self, job: InstallJob) -> InstallJob:
        """Change a job and tell."""
        self.jobs[job.job_id] = job
        self.send(InstallChanged(job=job))
        return job

    async def install_jobs(self) -> list[InstallJob]:
        return list(self.jobs.values())

    async def steer_install(self, job_id: str, to: Literal["cancel", "pause", "resume"]) -> InstallJob:
        self.calls.append((to, job_id))
        status = {
            "cancel": InstallStatus.CANCELLED,
            "pause": InstallStatus.PAUSED,
            "resume": InstallStatus.DOWNLOADING,
        }
        return self.put_job(self.jobs[job_id].model_copy(update={"status": status[to], "error": None}))

    async def prune_installs(self) -> int:
        done = [job for job in self.jobs.values() if job.status.finished]
        for job in done:
            del self.jobs[job.job_id]
            self.send(InstallChanged(job=job, removed=True))
        return len(done)

    async def starters(self) -> StarterList:
        return STARTERS
