"""``gallery import`` and ``gallery imports``: pictures that lie elsewhere."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from invoke_tui.cli.gallery.chosen import ask, pictures
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import ExitCode, UnreachableError
from invoke_tui.domain.gallery.images import ImageCategory
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder

_LOOK: Final = 0.2
_KINDS: Final = {
    "file": "a file",
    "folder": "a folder",
    "invokeai": "an InvokeAI root",
    "a1111": "A1111's or Forge's folder",
    "comfyui": "ComfyUI's folder",
}


def import_(
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="A picture, a folder, or a program's root.", show_default=False),
    ],
    board: Annotated[
        str | None,
        typer.Option("--board", help="The board to put them on; made where there is none.", metavar="NAME"),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place/--copy", help="Leave the files where they lie, or copy them.")
    ] = False,
    boards_from_folders: Annotated[
        bool, typer.Option("--boards-from-folders", help="A board for each folder, one in the other.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive/--no-recursive", help="Folders in the folder too.")
    ] = True,
    category: Annotated[
        ImageCategory | None,
        typer.Option(
            "--category",
            help="What they are. Else general where they say what they were made with, and user where not.",
            show_default=False,
        ),
    ] = None,
    intermediates: Annotated[
        bool,
        typer.Option(
            "--intermediates/--no-intermediates",
            help="Of an InvokeAI root also what runs made on their way; no list shows it.",
        ),
    ] = True,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until all are there.")] = True,
    root: Root = None,
    json: Json = False,
) -> None:
    """Take pictures in, with what they were made with. A picture that is here already is not taken again.

    E.g. gallery import ~/Pictures/foxes --board Foxes; gallery import ~/invokeai --in-place; gallery import
    ~/ComfyUI --boards-from-folders. An InvokeAI root brings its boards and stars and is never written to.
    """
    from invoke_tui.domain.gallery.importing import ImportOrder

    order = ImportOrder(
        path=os.path.abspath(Path(path).expanduser()),
        board=board,
        in_place=in_place,
        boards_from_folders=boards_from_folders,
        recursive=recursive,
        category=category,
        intermediates=intermediates,
    )
    output = Output(as_json=json)
    job = ask(root, lambda client: _import(client, order, output, wait=wait))
    for skipped in job.told if not json else ():
        output.note(f"{skipped.path}: {skipped.reason}")
    if job.error is not None:
        raise job.error.as_error()
    output.result(job.model_dump(mode="json"), [*job.notes, _told(job)])
    if job.skipped:
        raise typer.Exit(ExitCode.FAILED)
    raise typer.Exit(job.exit_code)


def imports(
    cancel: Annotated[
        str | None,
        typer.Option("--cancel", metavar="JOB", help="End an import, or forget it; what it took stays."),
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the imports that run, those that ended lately, and those that the end of the studio interrupted."""
    output = Output(as_json=json)

    async def work(client: StudioClient) -> list[ImportJob]:
        if cancel is not None:
            await client.cancel_import(cancel)
        return await client.import_jobs()

    jobs = ask(root, work)
    rows = [(job.job_id, job.status, _of(job), _told(job), job.order.path) for job in jobs]
    lines = output.table(("job", "state", "done", "", "path"), rows) if rows else ["no imports"]
    lines = [*lines, *(line for job in jobs if job.status == "interrupted" for line in _way_on(job))]
    output.result({"jobs": [job.model_dump(mode="json") for job in jobs]}, lines)


async def _import(client: StudioClient, order: ImportOrder, output: Output, *, wait: bool) -> ImportJob:
    job = await client.start_import(order)
    try:
        with _line() as show:
            while wait and not job.status.finished:
                await asyncio.sleep(_LOOK)
                job = await client.import_job(job.job_id)
                show(job)
    except UnreachableError as gone:
        raise UnreachableError(gone.message, hint=job.hint) from gone
    except asyncio.CancelledError:
        output.note(f"The import goes on; 'invoke-tui gallery imports --cancel {job.job_id}' ends it.")
        raise
    return job


def _way_on(job: ImportJob) -> Iterator[str]:
    yield f"Interrupted at {_of(job)}. For the rest: {safe_text(job.order.command, limit=1_000)}"
    yield f"To forget it: invoke-tui gallery imports --cancel {job.job_id}"


@contextmanager
def _line() -> Iterator[Any]:
    """A line on a terminal that counts."""
    shown = sys.stderr.isatty()

    def show(job: ImportJob) -> None:
        if shown:
            rate = f", {job.rate:,.0f} a second" if job.rate else ""
            sys.stderr.write(f"\r{_of(job)}{rate}, {_counts(job)}\x1b[K")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _of(job: ImportJob) -> str:
    return f"{job.done:,} of {job.total:,}" if job.total is not None else "looking"


def _counts(job: ImportJob) -> str:
    among = f" ({job.assets:,} among the assets)" if job.assets else ""
    counts = [f"{job.added:,} new{among}", f"{job.known:,} known"]
    return ", ".join([*counts, f"{job.skipped:,} skipped"] if job.skipped else counts)


def _told(job: ImportJob) -> str:
    if job.status == "interrupted":
        return _counts(job)
    if job.error is not None:
        return job.error.message
    boards = f", {job.boards} new board{'s' * (job.boards != 1)}" if job.boards else ""
    if not job.status.finished:
        return f"job {job.job_id}: {_counts(job)}"
    ended = "" if job.status == "completed" else f"{job.status}: "
    return f"{ended}{pictures(job.done)} of {_KINDS[job.kind]}: {_counts(job)}{boards}"
