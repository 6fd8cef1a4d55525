"""A real daemon that is killed in the middle of a download, and started again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from invoke_tui.domain.events import InstallChanged, InstallProgress, ModelsChanged
from invoke_tui.domain.models.installs import InstallRequest, InstallStatus
from tests.studio.harness import StudioHarness, collect, until
from tests.studio.install.made import lora, pipeline
from tests.studio.install.server import SHA, Site


async def test_killed_in_the_middle(studio: StudioHarness, site: Site) -> None:
    studio.set(
        HF_ENDPOINT=site.url, INVOKE_TUI_ALLOW_PRIVATE_DOWNLOAD_URLS="true", HTTP_PROXY="http://127.0.0.1:1"
    )
    site.repository("org/Painter", pipeline())
    weights = f"/org/Painter/resolve/{SHA}/unet/diffusion_pytorch_model.safetensors"
    weights_bytes = site.files[weights]
    client = await studio.start()
    site.hold.clear()
    answer = await client.install(InstallRequest(source="org/Painter"))
    [job] = answer.jobs

    async def begun() -> bool | None:
        return len(site.requests(weights)) > 0 or None

    await until(begun)
    studio.kill()
    site.hold.set()
    assert not (studio.paths.models_dir / job.job_id).exists()

    client = await studio.start()
    ready = asyncio.Event()

    async def finished() -> bool | None:
        jobs = {known.job_id: known for known in await client.install_jobs()}
        gone = job.job_id not in jobs
        return gone or jobs[job.job_id].status is InstallStatus.COMPLETED or None

    await until(finished)
    [model] = [model for model in await client.models() if model.name == "Painter"]
    assert model.key == job.job_id
    assert (Path(model.path) / "unet/diffusion_pytorch_model.safetensors").read_bytes() == weights_bytes

    site.files["/files/ink.safetensors"] = lora(seed=3)
    watching = asyncio.create_task(collect(client, lambda event: isinstance(event, ModelsChanged), ready))
    await ready.wait()
    await client.install(InstallRequest(source=f"{site.web}/files/ink.safetensors"))
    events = await watching
    changes = [event.job for event in events if isinstance(event, InstallChanged)]
    assert [change.status for change in changes][-1] is InstallStatus.COMPLETED
    assert any(isinstance(event, InstallProgress) for event in events)
    [starter] = [model for model in (await client.starters()).models if model.id == "dreamshaper-8"]
    assert starter.source == "Lykon/dreamshaper-8"
    assert await client.prune_installs() >= 1
    assert b"Bearer" not in (studio.paths.logs_dir / "daemon.log").read_bytes()
