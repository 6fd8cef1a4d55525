"""``models identify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import Json
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.domain.models.scan import ScanEntry


def identify(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Model files, or folders of models.")
    ],
    json: Json = False,
) -> None:
    """Say what model files are. Nothing is loaded, installed or run, and no studio is needed."""
    from invoke_tui.studio.models.scan import examine, scan

    output = Output(as_json=json)
    found = [entry for path in paths for entry in (scan(path) if path.is_dir() else [examine(path)])]
    output.result(
        {"models": [entry.model_dump(mode="json") for entry in found]},
        output.table(("name", "type", "base", "format", "size", ""), [_line(entry) for entry in found])
        if found
        else ["no model files there"],
    )
    if len(found) == len(paths) == 1 and found[0].status in ("unreadable", "unknown"):
        raise BadInputError(
            f"{safe_text(paths[0].name, limit=200)}: {found[0].reason}",
            hint="Nothing was changed. Get the file anew, or install it and set its type by hand.",
            code="not_identified",
        )


def _line(entry: ScanEntry) -> tuple[str, ...]:
    kind = (entry.type, entry.base) if entry.type != "unknown" else (entry.status, "")
    return (entry.name, *kind, entry.format, size(entry.file_size), remarks(entry))


def remarks(entry: ScanEntry) -> str:
    """What is worth saying about a find besides its kind."""
    about = [entry.variant or "", entry.precision or "", entry.dialect or "", *entry.assumed, entry.reason]
    return " · ".join(word for word in about if word)
