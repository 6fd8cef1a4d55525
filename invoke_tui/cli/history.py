"""``prompt history``: the prompts that were used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.cli.templates import ask
from invoke_tui.domain.errors import BadInputError

if TYPE_CHECKING:
    from invoke_tui.domain.request.history import RememberedPrompt


def history(
    query: Annotated[
        str, typer.Argument(help="Words or a few of their letters, in any order.", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 20,
    pin: Annotated[int | None, typer.Option("--pin", help="Keep this one for ever.", metavar="ID")] = None,
    unpin: Annotated[int | None, typer.Option("--unpin", help="Keep it as the others.", metavar="ID")] = None,
    forget: Annotated[int | None, typer.Option("--forget", help="Remove this one.", metavar="ID")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all that are not pinned.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the prompts that were used: pins and the newest first, or the best match of a query."""
    output = Output(as_json=json)
    wishes = [wish for wish in (pin, unpin, forget) if wish is not None]
    if len(wishes) + clear > 1 or (query and (wishes or clear)):
        raise BadInputError("one of QUERY, --pin, --unpin, --forget and --clear", code="bad_usage")
    if clear:
        gone = ask(root, lambda client: client.clear_history())
        output.result({"removed": gone}, [f"removed {gone}"])
    elif forget is not None:
        ask(root, lambda client: client.forget_prompt(forget))
        output.result({"removed": 1}, [f"removed {forget}"])
    elif wishes:
        pinned = pin is not None
        ask(root, lambda client: client.pin_prompt(wishes[0], pinned))
        output.result(
            {"id": wishes[0], "pinned": pinned}, [f"{'pinned' if pinned else 'unpinned'} {wishes[0]}"]
        )
    else:
        found = ask(root, lambda client: client.prompt_history(query, limit))
        rows = [_row(one) for one in found]
        document = {"prompts": [one.model_dump(mode="json") for one in found]}
        output.result(document, output.table(("id", "", "used", "prompt", "negative"), rows))


def _row(one: RememberedPrompt) -> tuple[Any, ...]:
    used = one.used_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return one.id, "★" if one.pinned else "", used, one.positive_prompt, one.negative_prompt
