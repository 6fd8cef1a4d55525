"""``presets``: all settings of a request under a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.files import read_bounded, write_text
from invoke_tui.cli.options import Json, Root, program
from invoke_tui.cli.output import Output
from invoke_tui.cli.templates import Replace, ask, outcome_line
from invoke_tui.domain.errors import NotFoundError

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.domain.request.presets import Preset

presets = program("Presets: all settings under a name. Use one with 'generate --preset NAME'.")
Name = Annotated[str, typer.Argument(help="The preset's name.", show_default=False)]


@presets.command(name="list")
def list_(root: Root = None, json: Json = False) -> None:
    """List the presets."""
    from invoke_tui.client.preset_files import entry

    found = ask(root, lambda client: client.presets())
    output = Output(as_json=json)
    rows = [(p.name, ", ".join(f"{k}={v}" for k, v in p.changed().items())) for p in found]
    output.result({"presets": [entry(p) for p in found]}, output.table(("name", "settings"), rows))


@presets.command()
def show(name: Name, root: Root = None, json: Json = False) -> None:
    """Show the settings of a preset that are not the default."""
    from invoke_tui.client.preset_files import entry

    found = ask(root, lambda client: find(client, name))
    lines = [f"{key}: {value}" for key, value in found.changed().items()]
    Output(as_json=json).result({"preset": entry(found)}, [found.name, *lines])


@presets.command()
def save(
    name: Name,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="field=value", metavar="FIELD=VALUE")
    ] = None,
    replace: Replace = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Keep settings under a name, e.g. --set steps=20 --set model=NAME."""
    from invoke_tui.cli.vary import assigned
    from invoke_tui.client.preset_files import entry
    from invoke_tui.domain.request.presets import Preset

    preset = Preset(name=name, request=assigned(settings or []))
    kept = ask(root, lambda client: client.save_preset(preset, replace=replace))
    Output(as_json=json).result({"preset": entry(kept)}, [f"kept {kept.name}"])


@presets.command()
def diff(
    name: Name,
    other: Annotated[
        str | None, typer.Argument(help="Another; none = the defaults.", show_default=False)
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Show in what two presets differ."""
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.domain.request.presets import difference

    one = ask(root, lambda client: find(client, name)).request
    two = ask(root, lambda client: find(client, other)).request if other else GenerationRequest()
    found = difference(one, two)
    output = Output(as_json=json)
    rows = [(key, first, second) for key, (first, second) in found.items()]
    document = {"differences": [{"setting": k, "first": a, "second": b} for k, (a, b) in found.items()]}
    output.result(
        document, output.table(("setting", name, other or "default"), rows) if rows else ["no difference"]
    )


@presets.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(help="Its new name.", show_default=False)],
    root: Root = None,
    json: Json = False,
) -> None:
    """Give a preset another name."""
    from invoke_tui.client.preset_files import entry

    kept = ask(root, lambda client: client.rename_preset(name, new))
    Output(as_json=json).result({"preset": entry(kept)}, [f"{name} is {kept.name} now"])


@presets.command()
def delete(name: Name, root: Root = None, json: Json = False) -> None:
    """Delete a preset."""
    ask(root, lambda client: client.delete_preset(name))
    Output(as_json=json).result({"deleted": name}, [f"deleted {name}"])


@presets.command()
def export(
    names: Annotated[list[str] | None, typer.Argument(help="Which; none = all.", show_default=False)] = None,
    file: Annotated[str | None, typer.Option("--file", "-f", help="Where to; .yaml or .json.")] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Write presets to a file, or to stdout as YAML."""
    from invoke_tui.client.preset_files import document, write_presets

    found = ask(root, lambda client: client.presets())
    for name in names or ():
        if all(preset.name != name for preset in found):
            raise _unknown(name)
    chosen = [preset for preset in found if not names or preset.name in names]
    if json and file is None:
        Output(as_json=True).result(document(chosen))
        return
    as_json = file is not None and file.lower().endswith(".json")
    path = write_text(file, write_presets(chosen, as_json=as_json))
    if path:
        Output(as_json=json).result(
            {"path": path, "count": len(chosen)}, [f"wrote {len(chosen)} presets to {path}"]
        )


@presets.command(name="import")
def import_(
    file: Annotated[str, typer.Argument(help="YAML or JSON as 'export' writes it; - reads stdin.")],
    replace: Replace = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Keep the presets of a file, all or none."""
    from invoke_tui.client.preset_files import MOST_BYTES, read_presets

    output = Output(as_json=json)
    found, notes = read_presets(read_bounded(file, MOST_BYTES), file)
    outcome = ask(root, lambda client: client.import_presets(found, replace=replace))
    output.result({**outcome.model_dump(), "skipped": notes}, [outcome_line(outcome)])
    if not json:
        for note in notes:
            output.note(note)


async def find(client: StudioClient, name: str) -> Preset:
    """A preset by name; raises ``NotFoundError``."""
    found = next((preset for preset in await client.presets() if preset.name == name), None)
    if found is None:
        raise _unknown(name)
    return found


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no preset {name!r}.", hint="'invoke-tui presets list' shows all.", code="no_preset"
    )


def over_preset(studio: Studio, name: str, request: GenerationRequest, given: set[str]) -> GenerationRequest:
    """The preset's settings, and over them the fields ``given`` on the command line, defaults too."""
    from invoke_tui.cli.options import attach, run

    async def wanted() -> GenerationRequest:
        async with attach(studio) as client:
            return (await find(client, name)).request

    return over(run(wanted()), request, given)


def over(base: GenerationRequest, request: GenerationRequest, given: set[str]) -> GenerationRequest:
    """The settings of ``base``, and over them what ``request`` has of its own or was ``given``."""
    own = request.model_dump(mode="json", exclude_defaults=True)
    own |= request.model_dump(mode="json", include=given)
    return type(request).model_validate({**base.model_dump(mode="json"), **own})
