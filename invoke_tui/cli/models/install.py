"""``models install``, ``models starter`` and ``models jobs``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.models.shared import ask, size
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.models.installs import InstallJob, InstallRequest, StarterList
    from invoke_tui.domain.models.records import ModelRecord


def install(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A path, an address, org/repo[:variant][::file], a Civitai page, an AIR, the name of a starter "
            "model, or bundle:sdxl.",
        ),
    ],
    name: Annotated[str | None, typer.Option("--name", help="What to call it.")] = None,
    type_: Annotated[
        str | None, typer.Option("--type", help="What it is, if nobody can tell: main, lora, vae, …")
    ] = None,
    base: Annotated[str | None, typer.Option("--base", help="sd-1, sdxl, flux, …")] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place/--copy", help="Use a local file where it lies, or copy it.")
    ] = False,
    token: Annotated[
        bool,
        typer.Option("--token-from-config/--no-token", help="Send the configuration's token where one fits."),
    ] = True,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until it is installed.")] = True,
    root: Root = None,
    json: Json = False,
) -> None:
    """Install a model and what it needs. JSON lines of progress; the last one holds the model."""
    from pydantic import ValidationError

    from invoke_tui.domain.models.installs import InstallRequest

    try:
        request = InstallRequest.model_validate(
            {
                "source": _absolute(source),
                "name": name,
                "type": type_,
                "base": base,
                "in_place": in_place,
                "use_tokens": token,
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInputError(f"--{where}: {first['msg']}.", code="bad_usage") from error
    run(_install(open_studio(root), request, Output(as_json=json), wait=wait))


async def brought(
    client: StudioClient, studio: Studio, jobs: list[InstallJob], output: Output
) -> list[ModelRecord]:
    """Follow jobs to their end, with progress; the models. Raises the error of the first that failed."""
    from invoke_tui.cli.models.install_progress import InstallProgressLines
    from invoke_tui.cli.models.install_wait import InstallWait

    with InstallProgressLines(output) as lines:
        waiting = InstallWait(jobs, lines)
        await waiting.until_done(client, studio.paths)
    waiting.check()
    return [job.model for job in waiting.jobs.values() if job.model is not None]


async def _install(studio: Studio, request: InstallRequest, output: Output, *, wait: bool) -> None:
    from invoke_tui.cli.models.install_wait import not_started

    async with attach(studio) as client:
        answer = await client.install(request)
        for model in answer.installed:
            output.note(f"{model.name}: already installed")
        if not wait:
            jobs = [job.model_dump(mode="json") for job in answer.jobs]
            output.result({"jobs": jobs}, [f"{job.name}: job {job.job_id}" for job in answer.jobs])
            return
        models = [*answer.installed, *await brought(client, studio, answer.jobs, output)]
    if not models:
        raise not_started()
    output.result(
        {
            "model": models[-1].model_dump(mode="json"),
            "models": [model.model_dump(mode="json") for model in models],
            "already_installed": [model.key for model in answer.installed],
        },
        [f"{m.name}  {m.type}  {m.base}  {size(m.file_size)}  {m.path}" for m in models],
    )


def starter(
    action: Annotated[str, typer.Argument(metavar="[list]", help="List them.", show_default=False)] = "list",
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, e.g. main, lora.")] = None,
    base: Annotated[str | None, typer.Option("--base", help="Only this base, e.g. sd-1, sdxl.")] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """List models to start with, and bundles of them. 'models install ID' installs one."""
    output = Output(as_json=json)
    if action != "list":
        raise BadInputError(
            f"'models starter {action}' is no verb.",
            hint=f"'invoke-tui models install {action}' installs a starter model.",
            code="bad_usage",
        )

    async def question(client: StudioClient) -> StarterList:
        return await client.starters()

    found = ask(root, question)
    models = [m for m in found.models if type_ in (None, m.type) and base in (None, m.base)]
    here = set(found.installed)
    rows = [(m.id, m.name, m.type, m.base, "installed" if m.id in here else "") for m in models]
    bundles = [(f"bundle:{b.id}", f"{b.name}: {len(b.models)} models", "", "", "") for b in found.bundles]
    output.result(
        {
            "models": [m.model_dump(mode="json") | {"installed": m.id in here} for m in models],
            "bundles": [bundle.model_dump(mode="json") for bundle in found.bundles],
        },
        output.table(("id", "name", "type", "base", ""), [*rows, *bundles]),
    )


def jobs(
    cancel: Annotated[
        str | None, typer.Option("--cancel", metavar="JOB", help="Stop a job and remove what it has.")
    ] = None,
    pause: Annotated[
        str | None, typer.Option("--pause", metavar="JOB", help="Stop a job and keep what it has.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="JOB", help="Go on with a paused or failed job.")
    ] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Forget the finished jobs.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """List what is being installed, or steer it."""
    output = Output(as_json=json)

    async def steered(client: StudioClient) -> list[InstallJob]:
        if cancel:
            await client.steer_install(cancel, "cancel")
        if pause:
            await client.steer_install(pause, "pause")
        if resume:
            await client.steer_install(resume, "resume")
        if prune:
            await client.prune_installs()
        return await client.install_jobs()

    found = ask(root, steered)
    output.result(
        {"jobs": [job.model_dump(mode="json") for job in found]},
        output.table(("job", "name", "status", "done", "of", ""), [_row(job) for job in found])
        if found
        else ["no jobs"],
    )


def _row(job: InstallJob) -> tuple[str, ...]:
    total = size(job.bytes_total) if job.bytes_total is not None else ""
    about = job.error.message if job.error else job.note
    return (job.job_id, job.name, job.status, size(job.bytes_done), total, about)


def _absolute(source: str) -> str:
    """A path that exists here, as the daemon can read it; everything else as it is."""
    path = Path(source).expanduser()
    looks_like_path = source.startswith(("/", "~", "./", "../"))
    return os.path.abspath(path) if looks_like_path or ("://" not in source and path.exists()) else source
