"""Which pictures a verb is about: names, ``last``, or every picture that fits a query."""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from invoke_tui.cli.options import attach, open_studio, run
from invoke_tui.domain.errors import BadInputError, CanceledError, NotFoundError
from invoke_tui.domain.gallery.boards import UNCATEGORIZED
from invoke_tui.domain.gallery.images import (
    LAST,
    PICTURE_BEGINNING,
    PICTURE_NAME,
    ImageView,
    Listing,
    Selection,
)
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient

_Answer = TypeVar("_Answer")

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PICTURE...", help="Names, or how they begin, or last: the newest.", show_default=False
    ),
]
Query = Annotated[
    str | None,
    typer.Option("--query", help="Every picture that fits, e.g. 'cat starred:yes'.", metavar="QUERY"),
]
Board = Annotated[
    str | None, typer.Option("--board", help="Only those of this board; none = of no board.", metavar="BOARD")
]
View = Annotated[ImageView, typer.Option("--view", help="Pictures that were made, those brought, or both.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True)
class Chosen:
    """The pictures, and how many there are."""

    selection: Selection
    count: int


def ask(root: Path | None, question: Callable[[StudioClient], Awaitable[_Answer]]) -> _Answer:
    """Attach, ask, let go."""

    async def asked() -> _Answer:
        async with attach(open_studio(root)) as client:
            return await question(client)

    return run(asked())


async def chosen(
    client: StudioClient,
    names: list[str] | None,
    query: str | None = None,
    board: str | None = None,
    view: ImageView = "images",
    *,
    trash: bool = False,
    **more: Any,
) -> Chosen:
    """The pictures that are meant. Raises where a name is unknown, nothing fits, or the query is not understood."""
    if not names and query is None and board is None:
        raise BadInputError(
            "Which pictures?",
            hint="Give names, 'last', --query or --board; 'invoke-tui gallery list' shows what there is.",
            code="bad_usage",
        )
    found = [await named(client, name) for name in dict.fromkeys(names or ())]
    if query is None and board is None:
        return Chosen(Selection(names=found), len(found))
    listing = await listed(client, query or "", board, view, trash=trash, **more)
    page = await client.images(listing, limit=0)
    if page.problems:  # what is done to pictures is done to those that were meant, or to none
        raise BadInputError(f"--query: {page.problems[0]}", code="bad_query")
    if not page.total and not found:
        raise NotFoundError(
            "No picture fits.", hint="--view all counts those that were brought, too.", code="nothing_fits"
        )
    return Chosen(Selection(names=found, listing=listing), page.total + len(found))


async def listed(
    client: StudioClient, query: str, board: str | None, view: ImageView, *, trash: bool = False, **more: Any
) -> Listing:
    """A listing; the board is meant by its name or id."""
    if board is not None and board.lower() != UNCATEGORIZED:
        board = (await client.board(board)).board_id
    elif board is not None:
        board = UNCATEGORIZED
    return Listing(board_id=board, view=view, query=query, trash=trash, **more)


async def named(client: StudioClient, name: str) -> str:
    """The name of a picture that is there; ``last`` is the newest."""
    if name == LAST:
        newest = await client.images(limit=1)
        if not newest.images:
            raise NotFoundError(
                "last: the gallery is empty",
                hint="'invoke-tui gallery import' brings pictures.",
                code="no_file",
            )
        return newest.images[0].image_name
    return (await client.image(await _whole(client, name))).image_name


async def _whole(client: StudioClient, name: str) -> str:
    """The name that begins so; screens show the first eight letters. Raises where there is none, or several."""
    if PICTURE_NAME.fullmatch(name):
        return name
    match await client.images_beginning(name) if re.fullmatch(PICTURE_BEGINNING, name) else []:
        case [one]:
            return one
        case []:
            raise NotFoundError(
                f"There is no picture {safe_text(name, limit=200)}.",
                hint="'invoke-tui gallery list' shows them.",
            )
        case found:
            raise BadInputError(
                f"More than one picture begins with {name}.", hint=f"E.g. {found[0]}.", code="ambiguous"
            )


def confirm(question: str, *, yes: bool, would: str) -> None:
    """Ask a person; where there is none, ``--yes`` must have been said. Raises ``CanceledError``."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInputError(f"{would}.", hint="Say --yes to do it.", code="not_confirmed")
    if not typer.confirm(question, err=True):
        raise CanceledError("Nothing was changed.")


def pictures(count: int) -> str:
    """``1 picture``, ``2 pictures``."""
    return f"{count:,} {'picture' if count == 1 else 'pictures'}"
