"""``templates``: prompt templates of the studio and of files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from invoke_tui.cli.files import read_bounded, write_text
from invoke_tui.cli.options import Json, Root, attach, open_studio, program, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.request.templates import ImportOutcome

templates = program("Prompt templates: list, import, export, create, delete.")
_Answer = TypeVar("_Answer")
Name = Annotated[str, typer.Argument(help="Name or id.", show_default=False)]
Replace = Annotated[bool, typer.Option("--replace", help="Take the place of one of the same name.")]


class FileFormat(StrEnum):
    """Of template files."""

    CSV = "csv"
    JSON = "json"


@templates.command(name="list")
def list_(
    query: Annotated[str, typer.Argument(help="Only those that hold these words.", show_default=False)] = "",
    root: Root = None,
    json: Json = False,
) -> None:
    """List the templates, your own first."""
    found = ask(root, lambda client: client.templates(query))
    output = Output(as_json=json)
    rows = [(t.name, t.type, t.positive_prompt or f"not: {t.negative_prompt}") for t in found]
    output.result(
        {"templates": [t.model_dump() for t in found]}, output.table(("name", "type", "prompt"), rows)
    )


@templates.command()
def show(name: Name, root: Root = None, json: Json = False) -> None:
    """Show one template whole."""
    found = ask(root, lambda client: client.template(name))
    lines = [found.name, f"  positive: {found.positive_prompt}", f"  negative: {found.negative_prompt}"]
    Output(as_json=json).result({"template": found.model_dump()}, lines)


@templates.command()
def create(
    name: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
    positive: Annotated[
        str, typer.Option("--positive", "-p", help="With {prompt} where the prompt goes.")
    ] = "",
    negative: Annotated[str, typer.Option("--negative", "-n", help="The same for the negative prompt.")] = "",
    replace: Replace = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Keep a new template."""
    from pydantic import ValidationError

    from invoke_tui.domain.request.templates import TemplateText

    try:
        text = TemplateText(name=name, positive_prompt=positive, negative_prompt=negative)
    except ValidationError as error:
        raise BadInputError(
            f"the template cannot be kept: {error.errors()[0]['msg']}", code="bad_value"
        ) from error
    made = ask(root, lambda client: client.create_template(text, replace=replace))
    Output(as_json=json).result({"template": made.model_dump()}, [f"kept {made.name}"])


@templates.command()
def delete(name: Name, root: Root = None, json: Json = False) -> None:
    """Delete one of your templates."""

    async def work(client: StudioClient) -> str:
        found = await client.template(name)
        await client.delete_template(found.id)
        return found.name

    gone = ask(root, work)
    Output(as_json=json).result({"deleted": gone}, [f"deleted {gone}"])


@templates.command(name="import")
def import_(
    file: Annotated[
        str, typer.Argument(help="A1111 or InvokeAI CSV, InvokeAI or Fooocus JSON; - reads stdin.")
    ],
    replace: Replace = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Keep the templates of a file, all or none."""
    from invoke_tui.prompt.templates.files import MOST_BYTES, read_templates

    texts = read_templates(read_bounded(file, MOST_BYTES), file)
    outcome = ask(root, lambda client: client.import_templates(texts, replace=replace))
    Output(as_json=json).result(outcome.model_dump(), [outcome_line(outcome)])


@templates.command()
def export(
    file: Annotated[
        str | None, typer.Argument(help="Where to; without it stdout.", show_default=False)
    ] = None,
    kind: Annotated[
        FileFormat | None, typer.Option("--format", help="csv or json.", show_default=False)
    ] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="The default templates, too.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Write your templates to a file."""
    from invoke_tui.prompt.templates.files import write_templates

    found = [t for t in ask(root, lambda client: client.templates()) if defaults or t.type == "user"]
    chosen = kind or (FileFormat.JSON if file and file.lower().endswith(".json") else FileFormat.CSV)
    if json and file is None:
        Output(as_json=True).result({"templates": [t.model_dump() for t in found]})
        return
    path = write_text(file, write_templates(list(found), chosen.value))
    if path:
        Output(as_json=json).result(
            {"path": path, "count": len(found)}, [f"wrote {len(found)} templates to {path}"]
        )


def ask(root: Any, question: Callable[[StudioClient], Awaitable[_Answer]]) -> _Answer:
    """One question to the daemon."""

    async def work() -> _Answer:
        async with attach(open_studio(root)) as client:
            return await question(client)

    return run(work())


def outcome_line(outcome: ImportOutcome) -> str:
    """What an import did."""
    return f"{len(outcome.added)} added, {len(outcome.replaced)} replaced, {len(outcome.unchanged)} known already"
