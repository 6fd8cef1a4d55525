"""``gallery searches``: queries under a name."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.gallery.chosen import ask
from invoke_tui.cli.options import Json, Root, program
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT
from invoke_tui.domain.gallery.query import LONGEST, read_query

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.boards import SavedSearch

searches = program("Saved searches, which the screen shows beside the boards.")
Name = Annotated[str, typer.Argument(help="Its name.", show_default=False)]


@searches.command(name="list")
def list_(root: Root = None, json: Json = False) -> None:
    """List the saved searches."""
    found = ask(root, lambda client: client.saved_searches())
    output = Output(as_json=json)
    lines = output.table(("name", "query"), [(one.name, one.query) for one in found])
    output.result(
        {"searches": [one.model_dump() for one in found]}, lines if found else ["no saved searches"]
    )


@searches.command()
def save(
    name: Name,
    query: Annotated[str, typer.Argument(help="What it looks for.", show_default=False)],
    root: Root = None,
    json: Json = False,
) -> None:
    """Keep a query under a name. E.g. gallery searches save 'best foxes' 'fox rating:>=4'"""
    if not 0 < len(name.strip()) <= BOARD_NAME_LIMIT or not 0 < len(query.strip()) <= LONGEST:
        raise BadInputError("A saved search needs a name and a query.", code="bad_value")
    if problems := read_query(query, date.today()).problems:
        raise BadInputError(f"query: {problems[0].message}", code="bad_query")
    kept = ask(root, lambda client: client.save_search(name, query))
    Output(as_json=json).result({"search": kept.model_dump()}, [f"kept {kept.name}"])


@searches.command()
def delete(name: Name, root: Root = None, json: Json = False) -> None:
    """Forget a saved search; pictures stay as they are."""

    async def work(client: StudioClient) -> SavedSearch:
        known = await client.saved_searches()
        found = next((one for one in known if name in (one.name, one.search_id)), None)
        if found is None:
            raise NotFoundError(
                f"There is no saved search {name!r}.",
                hint="'invoke-tui gallery searches list' shows all.",
                code="no_search",
            )
        await client.delete_search(found.search_id)
        return found

    gone = ask(root, work)
    Output(as_json=json).result({"deleted": gone.name}, [f"forgot {gone.name}"])
