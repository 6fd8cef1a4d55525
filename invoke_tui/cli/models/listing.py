"""``models list`` and ``models show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.models.shared import Wanted, ask, find, size, tell
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output

if TYPE_CHECKING:
    from invoke_tui.domain.models.records import ModelRecord

_LISTED = ("key", "name", "base", "type", "format", "path", "file_size", "hash", "installed", "missing")


def list_(
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, e.g. main, vae, lora.")] = None,
    base: Annotated[str | None, typer.Option("--base", help="Only this base, e.g. sd-1, sdxl.")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="Only names that hold this text.")] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the installed models. The models folder is looked at before."""
    output = Output(as_json=json)
    wanted = (filter_ or "").casefold()
    found = [
        model
        for model in ask(root, lambda client: client.models(refresh=True))
        if type_ in (None, model.type) and base in (None, model.base) and wanted in model.name.casefold()
    ]
    rows = [(m.name, m.base, m.type, m.format, size(m.file_size), _state(m)) for m in found]
    output.result(
        {"models": [model.model_dump(mode="json", include=set(_LISTED)) for model in found]},
        output.table(("name", "base", "type", "format", "size", ""), rows) if rows else ["no models"],
    )


def show(model: Wanted, root: Root = None, json: Json = False) -> None:
    """Everything known about one model."""
    tell(Output(as_json=json), find(ask(root, lambda client: client.models(refresh=True)), model))


def _state(model: ModelRecord) -> str:
    return "missing" if model.missing else ""
