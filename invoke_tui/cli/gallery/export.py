"""``gallery export``: pictures as a folder, a zip, a contact sheet or a page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.gallery.chosen import Board, Names, Query, View, ask, chosen, pictures
from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.client.export.makers import ExportForm, Wishes, form_of
from invoke_tui.domain.errors import ExitCode
from invoke_tui.domain.gallery.images import ImageOrder

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.client.export.run import Exported


def export(
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A folder, or a .zip, .html or .png file.", metavar="PLACE")
    ],
    names: Names = None,
    query: Query = None,
    board: Board = None,
    view: View = "images",
    order: Annotated[ImageOrder, typer.Option("--order", help="What comes first.")] = "newest",
    form: Annotated[
        ExportForm | None,
        typer.Option("--as", help="What it becomes; else what PLACE ends in says.", show_default=False),
    ] = None,
    strip: Annotated[bool, typer.Option("--strip", help="Without metadata; not a pixel changes.")] = False,
    sidecar: Annotated[
        bool, typer.Option("--sidecar", help="What is known of each picture as .json beside it.")
    ] = False,
    template: Annotated[
        str, typer.Option("--names", help="What the files are called.", metavar="TEMPLATE")
    ] = "",
    title: Annotated[str, typer.Option("--title", help="What stands above a page.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Give pictures away: as a folder, a zip, a contact sheet, or a page that needs no other file.

    E.g. gallery export last -o ~/fox/; gallery export --board Foxes -o foxes.zip --strip; gallery export --query
    'rating:>=4' -o best.html; gallery export --query fox -o foxes --names '{date}/{seed}-{prompt:40}'
    """
    output = Output(as_json=json)
    place = out.expanduser().absolute()
    wishes = Wishes(
        form=form or (ExportForm.FOLDER if place.is_dir() else form_of(place.name)),
        strip=strip,
        sidecar=sidecar,
        force=force,
        names=template,
        title=title or board or query or "",
    )

    async def work(client: StudioClient) -> Exported:
        from invoke_tui.client.export.run import export as give

        found = await chosen(client, names, query, board, view, order=order)
        return await give(client, found.selection, place, wishes, _progress())

    done = ask(root, work)
    for name, error in () if json else done.skipped.items():
        output.note(f"skipped {name}: {error.message}")
    output.result(
        _document(done, wishes), [f"{pictures(len(done.names))}, {size(done.size)}, in {done.path}"]
    )
    if done.skipped:
        raise typer.Exit(ExitCode.FAILED)


def _document(done: Exported, wishes: Wishes) -> dict[str, Any]:
    skipped = [{"image_name": name, **error.as_json()} for name, error in done.skipped.items()]
    return {
        "path": str(done.path),
        "form": wishes.form,
        "size": done.size,
        "images": done.names,
        "skipped": skipped,
    }


def _progress() -> Any:
    """A line on a terminal that counts."""
    shown = sys.stderr.isatty()

    def told(done: int, total: int) -> None:
        if shown:
            end = "" if done < total else "\r\x1b[K"
            sys.stderr.write(f"\r{done:,} of {total:,} " + end)
            sys.stderr.flush()

    return told
