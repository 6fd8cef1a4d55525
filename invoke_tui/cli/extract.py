"""``prompt extract``: what a picture was made with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output


def extract(
    file: Annotated[str, typer.Argument(help="A PNG, JPEG or WebP file.", show_default=False)],
    root: Root = None,
    json: Json = False,
) -> None:
    """Show the prompts and settings a picture was made with, by InvokeAI or another program."""
    from invoke_tui.prompt.extract.read import read_picture

    found = read_picture(Path(file).expanduser())
    document = {
        "program": found.program,
        "a1111": found.a1111,
        "metadata": found.metadata,
        "notes": list(found.notes),
    }
    output = Output(as_json=json)
    rows = [("program", found.program), *((name, _shown(value)) for name, value in found.metadata.items())]
    output.result(document, [f"{name:<18}{value}" for name, value in rows])
    if not json:
        for note in found.notes:
            output.note(note)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
