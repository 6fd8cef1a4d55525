"""``models``: what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.options import Json, Root, attach, open_studio, program, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.models import ModelRecord
    from invoke_tui.domain.scan import ScanEntry

models = program("Look at the installed models.")
_LISTED = ("key", "name", "base", "type", "format", "path", "file_size", "hash", "installed", "missing")


@models.command(name="list")
def list_(
    type_: Annotated[str | None, typer.Option("--type", help="Only this type, e.g. main, vae, lora.")] = None,
    base: Annotated[str | None, typer.Option("--base", help="Only this base, e.g. sd-1, sdxl.")] = None,
    filter_: Annotated[str | None, typer.Option("--filter", help="Only names that hold this text.")] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the installed models."""
    output = Output(as_json=json)
    wanted = (filter_ or "").casefold()
    found = [
        model
        for model in run(_models(open_studio(root)))
        if type_ in (None, model.type) and base in (None, model.base) and wanted in model.name.casefold()
    ]
    rows = [(m.name, m.base, m.type, m.format, size(m.file_size), _state(m)) for m in found]
    output.result(
        {"models": [model.model_dump(mode="json", include=set(_LISTED)) for model in found]},
        output.table(("name", "base", "type", "format", "size", ""), rows) if rows else ["no models"],
    )


@models.command()
def show(
    model: Annotated[str, typer.Argument(help="Key or name.")], root: Root = None, json: Json = False
) -> None:
    """Everything known about one model."""
    output = Output(as_json=json)
    found = _find(run(_models(open_studio(root))), model)
    document: dict[str, Any] = found.model_dump(mode="json")
    rows = [(name, value) for name, value in document.items() if value not in (None, "", [], {})]
    output.result({"model": document}, output.table(("model", found.name), rows))


@models.command()
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
    about = [entry.variant or "", entry.precision or "", entry.dialect or "", *entry.assumed, entry.reason]
    return (
        entry.name,
        *kind,
        entry.format,
        size(entry.file_size),
        " · ".join(word for word in about if word),
    )


def _find(known: list[ModelRecord], wanted: str) -> ModelRecord:
    for model in known:
        if model.key == wanted:
            return model
    named = [model for model in known if model.name.casefold() == wanted.casefold()]
    if named:
        return named[0]
    from difflib import get_close_matches

    near = get_close_matches(wanted, [model.name for model in known], n=1, cutoff=0.5)
    raise NotFoundError(
        f"there is no model {wanted!r}",
        hint=f"Did you mean {near[0]!r}?" if near else "'invoke-tui models list' shows what is installed.",
        code="model_not_found",
    )


async def _models(studio: Studio) -> list[ModelRecord]:
    async with attach(studio) as client:
        return await client.models()


def _state(model: ModelRecord) -> str:
    return "missing" if model.missing else ""


def size(count: float) -> str:
    """Return a number of bytes as people say it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
