"""An installer with a real database and a folder of its own, and a site it may download from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from invoke_tui.config.settings import load
from invoke_tui.domain.models.installs import InstallJob, InstallRequest, InstallStatus
from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.models.install import service, web
from invoke_tui.studio.models.registry import Models
from tests.studio.harness import until
from tests.studio.install.server import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


class Workbench:
    """Makes installers of one root, one after the other, as daemons would."""

    def __init__(self, root: Path, site: Site) -> None:
        self.root, self.site = root, site
        self.environment = {
            "HOME": str(root / "home"),
            "HF_ENDPOINT": site.url,
            "CIVITAI_ENDPOINT": site.url,
        }
        self.settings: dict[str, Any] = {"allow_private_download_urls": True}
        self.events: list[Any] = []

    async def start(self, **settings: Any) -> service.Installs:
        studio = load(self.root, **(self.settings | settings))
        studio.paths.prepare()
        migrate.prepare(studio.paths.database)
        self.database = Database(studio.paths.database)
        self.models = Models(self.database, studio.paths.models_dir)
        await self.models.refresh()
        hub = Hub()
        publish = hub.publish
        hub.publish = lambda event: (self.events.append(event), publish(event))[1]  # type: ignore[method-assign,assignment]
        self.installs = service.Installs(self.models, hub, studio.settings, self.environment)
        await self.installs.open()
        return self.installs

    async def stop(self) -> None:
        await self.installs.close()
        self.database.close()

    async def install(self, source: str, **more: Any) -> InstallJob:
        """Ask, and wait for the end of the last job."""
        answer = await self.installs.start(InstallRequest(source=source, **more))
        return await self.finished(answer.jobs[-1].job_id)

    async def finished(self, job_id: str) -> InstallJob:
        async def done() -> InstallJob | None:
            job = self.installs.job(job_id)
            return job if job.status.finished and not self.installs.active else None

        return await until(done)

    async def failure(self, source: str, **more: Any) -> tuple[str, str]:
        """The code and the words of a job that must fail, with nothing left that looks like a model."""
        job = await self.install(source, **more)
        assert job.status is InstallStatus.ERROR, job
        assert job.error is not None
        assert self.placed() == []
        await self.models.refresh()
        assert self.names() == []
        return job.error.code, f"{job.error.message} {job.error.hint}"

    def names(self) -> list[str]:
        return [model.name for model in self.models.all() if model.name != "starter"]

    def placed(self) -> list[Path]:
        """What lies in the models folder, without the downloads."""
        return [path for path in self.models.folder.iterdir() if not path.name.startswith(".")]


@pytest_asyncio.fixture
async def bench(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Workbench]:
    monkeypatch.setattr(web, "FIRST_PAUSE", 0.01)
    made = Workbench(tmp_path / "root", site)
    await made.start()
    yield made
    await made.stop()
