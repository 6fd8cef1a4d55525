"""``models scan`` and ``models folders``."""

from __future__ import annotations

import json as json_
import os
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from invoke_tui.cli.models.identify import remarks
from invoke_tui.cli.models.shared import ask, size
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.models.scan import ScanEntry, ScanFolder, ScanSummary

_KINDS = {"invokeai": "InvokeAI", "comfyui": "ComfyUI", "a1111": "A1111 or Forge", "folder": "models"}


def scan(
    directories: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...", help="Folders, or roots of other programs; none: those scanned before."
        ),
    ] = None,
    install: Annotated[
        Literal["none", "all"], typer.Option("--install", help="Install nothing, or all that is new.")
    ] = "none",
    in_place: Annotated[
        bool, typer.Option("--in-place/--copy", help="Use models where they lie, or copy them.")
    ] = True,
    root: Root = None,
    json: Json = False,
) -> None:
    """Look for models and say what each is. JSON lines, the last is the summary."""
    output = Output(as_json=json)
    paths = [os.path.abspath(path.expanduser()) for path in directories or []]

    async def told(client: StudioClient) -> None:
        lines = client.scan_lines(paths, install=install, copy_files=not in_place)
        async with aclosing(lines):
            async for line in lines:
                _tell(output, line)

    ask(root, told)


def folders(
    forget: Annotated[
        Path | None, typer.Option("--forget", metavar="DIR", help="Look through this folder no more.")
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the folders that were scanned, which 'models scan' without a folder looks through again."""
    output = Output(as_json=json)
    left_out = os.path.abspath(forget.expanduser()) if forget else ""

    async def asked(client: StudioClient) -> list[ScanFolder]:
        if left_out:
            await client.forget_folder(left_out)
        return await client.scan_folders()

    found = ask(root, asked)
    rows = [(f.path, _KINDS[f.kind], f.summary.new + f.summary.installed, f.scanned_at[:16]) for f in found]
    output.result(
        {"folders": [folder.model_dump(mode="json") for folder in found]},
        output.table(("folder", "of", "models", "scanned"), rows)
        if rows
        else ["no folders were scanned yet"],
    )


def _tell(output: Output, line: str) -> None:
    """Pass a line of the daemon's on, or say it to people."""
    if line.startswith('{"scan_id"'):
        for found in json_.loads(line)["roots"]:
            _tell_root(output, found)
    elif output.as_json:
        output.json_line(json_.loads(line))
    elif line.startswith('{"summary"'):
        from invoke_tui.domain.models.scan import ScanSummary

        output.line(_sum_up(ScanSummary.model_validate(json_.loads(line)["summary"])))
    else:
        from invoke_tui.domain.models.scan import ScanEntry

        output.line(_say(ScanEntry.model_validate_json(line)))


def _tell_root(output: Output, found: dict[str, Any]) -> None:
    if found["kind"] != "folder":
        output.note(f"{found['path']} belongs to {_KINDS[found['kind']]}; models are looked for in:")
        for folder in found["folders"]:
            output.note(f"  {folder}")
    for note in found["notes"]:
        output.note(f"  {note}")


def _say(entry: ScanEntry) -> str:
    kind = f"{entry.type} {entry.base}" if entry.type != "unknown" else ""
    about = remarks(entry)
    return f"{entry.status:<10}  {kind:<24}  {size(entry.file_size):>9}  {entry.path}" + (
        f"  ({about})" if about else ""
    )


def _sum_up(summary: ScanSummary) -> str:
    counts = {
        "new": summary.new,
        "installed": summary.installed,
        "changed": summary.changed,
        "unreadable": summary.unreadable,
        "unknown": summary.unknown,
    }
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no models there"
    ended = "canceled: " if summary.canceled else ""
    added = f"; {summary.added} added to the list" if summary.added else ""
    return f"{ended}{told}{added} ({size(summary.file_size)}, {summary.seconds:.1f} s)"
