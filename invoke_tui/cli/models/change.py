"""``models edit``, ``models hash`` and ``models delete``."""

from __future__ import annotations

import json as json_
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.models.shared import Wanted, ask, find, size, tell
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, CanceledError
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.models.records import ModelRecord


def edit(
    model: Wanted,
    name: Annotated[str | None, typer.Option("--name")] = None,
    description: Annotated[str | None, typer.Option("--description")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="e.g. main, lora, vae")] = None,
    base: Annotated[str | None, typer.Option("--base", help="e.g. sd-1, sdxl, flux")] = None,
    format_: Annotated[str | None, typer.Option("--format", help="e.g. checkpoint, lycoris")] = None,
    variant: Annotated[str | None, typer.Option("--variant", help="e.g. normal, inpaint, dev")] = None,
    prediction_type: Annotated[
        str | None, typer.Option("--prediction-type", help="epsilon, v_prediction or sample")
    ] = None,
    triggers: Annotated[
        list[str] | None, typer.Option("--trigger", help="A trigger phrase; repeat for more, '' for none.")
    ] = None,
    defaults: Annotated[
        list[str] | None,
        typer.Option("--default", metavar="KEY=VALUE", help="A setting it asks for; KEY= takes it back."),
    ] = None,
    cover: Annotated[Path | None, typer.Option("--cover", help="A picture of what it makes.")] = None,
    related: Annotated[
        list[str] | None, typer.Option("--related", help="A model that goes with it; repeat, '' for none.")
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Set what is known about a model by hand. No rescan changes it afterwards."""
    changes: dict[str, Any] = {
        "name": name,
        "description": description,
        "type": type_,
        "base": base,
        "format": format_,
        "variant": variant,
        "prediction_type": prediction_type,
        "trigger_phrases": triggers,
        "default_settings": dict(map(_setting, defaults)) if defaults else None,
        "cover_image": _picture(cover) if cover else None,
    }
    changes = {field: value for field, value in changes.items() if value is not None}
    if not changes and related is None:
        raise BadInputError(
            "nothing to change", hint="'invoke-tui models edit --help' lists what can be set."
        )

    async def changed(client: StudioClient) -> ModelRecord:
        known = await client.models(refresh=True)
        if related is not None:
            changes["related"] = [find(known, other).key for other in related if other]
        return await client.edit_model(find(known, model).key, changes)

    tell(Output(as_json=json), ask(root, changed))


def hash_(model: Wanted, root: Root = None, json: Json = False) -> None:
    """Compute InvokeAI's hash of a model (blake3 over all of it) and keep it."""
    output = Output(as_json=json)

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{size(done)} of {size(total)} ")
            sys.stderr.flush()

    async def hashed(client: StudioClient) -> ModelRecord:
        return await client.hash_model(find(await client.models(refresh=True), model).key, progress)

    found = ask(root, hashed)
    if sys.stderr.isatty():
        sys.stderr.write("\r")
    output.result({"model": found.model_dump(mode="json"), "hash": found.hash}, [found.hash])


def convert(model: Wanted, root: Root = None, json: Json = False) -> None:
    """Turn a checkpoint into a diffusers folder in the models folder; it takes the checkpoint's place on the list."""
    output = Output(as_json=json)

    def progress(part: str, step: int, total: int) -> None:
        print(f"{step}/{total} {part}", file=sys.stderr, flush=True)

    async def converted(client: StudioClient) -> ModelRecord:
        return await client.convert_model(find(await client.models(refresh=True), model).key, progress)

    made = ask(root, converted)
    output.result({"model": made.model_dump(mode="json")}, [f"{made.name} is now {made.path}"])


def delete(
    model: Wanted,
    files: Annotated[
        bool, typer.Option("--files", help="Delete its files too, where they lie in the models folder.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Take a model off the list. Its files stay unless --files is given."""
    output = Output(as_json=json)

    async def removed(client: StudioClient) -> ModelRecord:
        found = find(await client.models(refresh=True), model)
        if files and not yes:
            _confirm(found)
        return await client.remove_model(found.key, delete_files=files)

    gone = ask(root, removed)
    what = "deleted, with its files" if files else f"is off the list; its files stay: {gone.path}"
    output.result({"model": gone.model_dump(mode="json")}, [f"{gone.name} {what}"])


def _confirm(model: ModelRecord) -> None:
    if not sys.stdin.isatty():
        raise BadInputError(
            f"{safe_text(model.path, limit=500)} would be deleted for good.",
            hint="Say --yes to do it.",
            code="not_confirmed",
        )
    question = f"Delete {safe_text(model.path, limit=500)} ({size(model.file_size)}) for good?"
    if not typer.confirm(question, err=True):
        raise CanceledError("Nothing was deleted.")


def _setting(text: str) -> tuple[str, Any]:
    """``steps=12`` as a name and a value; numbers, true, false and null are what JSON says they are."""
    name, equals, value = text.partition("=")
    if not equals:
        raise BadInputError(f"--default takes KEY=VALUE, not {text!r}", code="bad_usage")
    if not value:
        return name, None
    try:
        return name, json_.loads(value)
    except ValueError:
        return name, value


def _picture(path: Path) -> str:
    found = os.path.abspath(path.expanduser())
    if not os.path.isfile(found):
        raise BadInputError(f"there is no picture {found}", code="bad_usage")
    return found
