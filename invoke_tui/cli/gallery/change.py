"""``gallery star``, ``unstar``, ``rate``, ``note``, ``move``: what is known about pictures, and where they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.gallery.chosen import Board, Names, Query, View, ask, chosen, pictures
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.gallery.boards import UNCATEGORIZED
from invoke_tui.domain.gallery.images import ImageChanges

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient

Rating = Annotated[int, typer.Argument(min=0, max=5, help="0 to 5; 0 takes it back.", show_default=False)]
Note = Annotated[str, typer.Argument(help="The text; '' takes it away.", show_default=False)]
Target = Annotated[
    str,
    typer.Option("--board", help="Where to, by name or id; none = on no board.", metavar="BOARD"),
]
From = Annotated[str | None, typer.Option("--from", help="Every picture of this board.", metavar="BOARD")]


def star(
    names: Names = None,
    query: Query = None,
    board: Board = None,
    view: View = "images",
    root: Root = None,
    json: Json = False,
) -> None:
    """Give pictures a star. E.g. gallery star last"""
    _change(root, json, (names, query, board, view), "starred", starred=True)


def unstar(
    names: Names = None,
    query: Query = None,
    board: Board = None,
    view: View = "images",
    root: Root = None,
    json: Json = False,
) -> None:
    """Take the star away. E.g. gallery unstar --query 'before:2026-01-01'"""
    _change(root, json, (names, query, board, view), "without a star", starred=False)


def rate(
    rating: Rating,
    names: Names = None,
    query: Query = None,
    board: Board = None,
    view: View = "images",
    root: Root = None,
    json: Json = False,
) -> None:
    """Rate pictures 0 to 5. E.g. gallery rate 4 last"""
    _change(root, json, (names, query, board, view), f"rated {rating}", rating=rating)


def note(
    text: Note,
    names: Names = None,
    query: Query = None,
    board: Board = None,
    view: View = "images",
    root: Root = None,
    json: Json = False,
) -> None:
    """Write a note on pictures in the place of the one they have. E.g. gallery note 'for the cover' last"""
    _change(root, json, (names, query, board, view), "annotated" if text else "without notes", notes=text)


def move(
    board: Target,
    names: Names = None,
    query: Query = None,
    source: From = None,
    view: View = "images",
    root: Root = None,
    json: Json = False,
) -> None:
    """Put pictures on a board. E.g. gallery move last --board Foxes; gallery move --query fox --board Foxes"""
    where = board if board.lower() != UNCATEGORIZED else UNCATEGORIZED
    said = "on no board" if where == UNCATEGORIZED else f"on {board}"
    _change(root, json, (names, query, source, view), said, board_id=where)


def _change(root: Path | None, json: bool, asked: tuple[Any, ...], done: str, **changes: Any) -> None:
    async def work(client: StudioClient) -> int:
        found = await chosen(client, *asked)
        return await client.change_images(found.selection, ImageChanges(**changes))

    changed = ask(root, work)
    Output(as_json=json).result({"changed": changed}, [f"{pictures(changed)} {done}"])
