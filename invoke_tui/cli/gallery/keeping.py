"""``gallery verify``, ``rebuild``, ``arrange``, ``move-folder``, ``thumbnails``: looking after the files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.gallery.chosen import ask
from invoke_tui.cli.options import Json, Root, attach, open_studio, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, ExitCode, StudioError
from invoke_tui.domain.gallery.keeping import (
    FINDINGS,
    ArrangeOrder,
    ArrangePlan,
    ArrangeReport,
    CheckReport,
    Finding,
    MoveReport,
    RebuildReport,
    Step,
    ThumbnailReport,
)
from invoke_tui.domain.gallery.names import wrong_template

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.client.keeping import Progress
    from invoke_tui.config.settings import Studio


def verify(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended, and say how.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Check that files, the list of pictures and the search agree. Exit code 1 when something is left as it is.

    Nothing that could be a picture is deleted: it is set aside in outputs/set-aside. The database is backed up before
    a repair.
    """

    async def work(client: StudioClient) -> CheckReport:
        with _progress() as told:
            return await client.verify_gallery(repair=repair, progress=told)

    report = ask(root, work)
    Output(as_json=json).result(
        report.model_dump(mode="json") | {"left": report.left}, _verified(report, repair)
    )
    if report.left:
        raise typer.Exit(ExitCode.FAILED)


def rebuild(root: Root = None, json: Json = False) -> None:
    """List the pictures anew from what their files say, after the database was lost.

    Pictures that are listed stay as they are. Boards, stars, ratings and notes come from the newest backup. A damaged
    database is put among the backups first.
    """
    output = Output(as_json=json)
    report = run(_rebuilt(open_studio(root), output))
    output.result(report.model_dump(mode="json"), _listed(report))


def arrange(
    template: Annotated[
        str | None,
        typer.Argument(
            help="Folders and names, e.g. {date}/{model}/{seed}-{prompt:40}; without: as the settings say."
        ),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be moved, and move nothing.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Move the pictures that were made here to where a template, or the settings, want them.

    Where new pictures go says image_name_template, else image_subfolder_strategy. Not while the queue is at work.
    """
    if template and (wrong := wrong_template(template)):
        raise BadInputError(f"{template}: {wrong}", code="bad_template")
    settings = open_studio(root).settings
    order = ArrangeOrder(
        strategy=settings.image_subfolder_strategy,
        template=settings.image_name_template if template is None else template,
    )

    async def work(client: StudioClient) -> ArrangeReport:
        with _progress() as told:
            return await client.arrange_images(order, told)

    if plan:
        planned = ask(root, lambda client: client.plan_arranging(order))
        Output(as_json=json).result(planned.model_dump(mode="json"), _planned(planned))
        return
    report = ask(root, work)
    lines = [f"{report.moved} moved, {report.in_place} where they should be"]
    if report.left:
        lines.append(f"{report.left} were left: 'invoke-tui gallery verify' says why")
    Output(as_json=json).result(report.model_dump(mode="json"), lines)


def move_folder(
    folder: Annotated[Path, typer.Argument(help="New outputs_dir; the pictures go into its folder images.")],
    root: Root = None,
    json: Json = False,
) -> None:
    """Move the pictures' folder to another place, and write that into invokeai.yaml.

    Files are removed from the old place when all are in the new one. The studio ends afterwards; the next verb starts
    it there. Cut short, it is undone or ended at the next start. Not while the queue is at work.
    """

    async def work(client: StudioClient) -> MoveReport:
        with _progress() as told:
            return await client.move_outputs(str(folder.expanduser().absolute()), told)

    report = ask(root, work)
    said = f"{report.files} files are in {report.outputs_dir}; {report.settings_file} says so"
    Output(as_json=json).result(report.model_dump(mode="json"), [said])


def thumbnails(root: Root = None, json: Json = False) -> None:
    """Make every thumbnail anew."""

    async def work(client: StudioClient) -> ThumbnailReport:
        with _progress() as told:
            return await client.rebuild_thumbnails(told)

    report = ask(root, work)
    failed = f", {report.failed} could not be made" if report.failed else ""
    Output(as_json=json).result(report.model_dump(mode="json"), [f"{report.made} made{failed}"])


async def _rebuilt(studio: Studio, output: Output) -> RebuildReport:
    from invoke_tui.client.keeping import offline

    try:
        async with attach(studio) as client:
            with _progress() as told:
                return await client.rebuild_gallery(told)
    except StudioError as error:
        if error.code != "database_damaged":
            raise
        output.note(error.message)
    done = await offline(studio.paths, "put-away")
    output.note(f"It is kept as {done['kept']}.")
    async with attach(studio) as client:
        with _progress() as told:
            return await client.rebuild_gallery(told)


def _verified(report: CheckReport, repair: bool) -> Iterator[str]:
    yield f"{report.pictures} pictures are listed, {report.files} lie in the folder"
    yield from _found(report.findings)
    if not report.findings:
        yield "nothing is wrong"
    elif repair:
        yield f"{len(report.findings) - report.left} repaired, {report.left} left; before: {report.backup}"
    else:
        yield f"{len(report.findings)} findings; 'invoke-tui gallery verify --repair' mends what it can"


def _planned(plan: ArrangePlan) -> Iterator[str]:
    for move in plan.first:
        yield f"{move.old} -> {move.new}"
    if (more := plan.moves - len(plan.first)) > 0:
        yield f"and {more} more"
    yield f"{plan.moves} would be moved, {plan.in_place} where they should be"


def _listed(report: RebuildReport) -> Iterator[str]:
    yield from _found(report.findings)
    yield f"{report.taken_in} pictures taken in; {report.listed_before} were listed"
    if report.backup:
        yield f"{report.remembered} of them, and {report.boards} boards, as {report.backup} knows them"
    yield from report.unknown


def _found(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        where = finding.file or "the database"
        reason = f" ({finding.reason})" if finding.reason else ""
        done = f": {finding.repair}" if finding.repair else ""
        yield f"{where}: {FINDINGS[finding.kind]}{reason}{done}"


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A line on the terminal that is written over."""
    if not sys.stderr.isatty():
        yield None
        return

    def say(step: Step) -> None:
        of = f" {step.done} of {step.total}" if step.total else ""
        sys.stderr.write(f"\r{step.doing}{of}\x1b[K")
        sys.stderr.flush()

    try:
        yield say
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
