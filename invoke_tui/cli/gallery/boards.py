"""``boards`` and ``gallery boards``: list, make, rename, archive and delete them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.gallery.chosen import Yes, ask, confirm, named, pictures
from invoke_tui.cli.options import Json, Root, program
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT, UNCATEGORIZED, BoardChanges

if TYPE_CHECKING:
    from pathlib import Path

    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.boards import BoardList, BoardRecord

boards = program("Boards: list, create, rename, archive, delete; say where new pictures go.")
Wanted = Annotated[str, typer.Argument(metavar="BOARD", help="Name or id.", show_default=False)]


@boards.command(name="list")
def list_(root: Root = None, json: Json = False) -> None:
    """List the boards by name, those within others below them."""
    found = ask(root, lambda client: client.boards())
    output = Output(as_json=json)
    rows = [_row(found, board, depth) for board, depth in [(found.uncategorized, 0), *_nested(found)]]
    lines = output.table(("board", "images", "assets", "", "id"), rows)
    output.result(found.model_dump(mode="json"), lines)


@boards.command()
def create(
    name: Annotated[str, typer.Argument(help="Its name.", show_default=False)],
    within: Annotated[
        str | None, typer.Option("--in", help="The board it shall be in.", metavar="BOARD")
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Make a board. E.g. boards create Foxes --in Animals"""
    name = _checked(name)

    async def work(client: StudioClient) -> BoardRecord:
        parent = (await client.board(within)).board_id if within else None
        return await client.create_board(name, parent_id=parent)

    _print(json, ask(root, work), "made")


@boards.command()
def rename(
    board: Wanted,
    new: Annotated[str, typer.Argument(help="Its new name.", show_default=False)],
    root: Root = None,
    json: Json = False,
) -> None:
    """Give a board another name."""
    _edit(root, json, board, "is its name now", board_name=_checked(new))


@boards.command()
def move(
    board: Wanted,
    into: Annotated[str, typer.Argument(help="The board around it; none = the top.", show_default=False)],
    root: Root = None,
    json: Json = False,
) -> None:
    """Put a board into another one."""

    async def work(client: StudioClient) -> BoardRecord:
        parent = None if into.lower() == UNCATEGORIZED else (await client.board(into)).board_id
        found = await client.board(board)
        return await client.edit_board(found.board_id, BoardChanges(parent_id=parent))

    _print(json, ask(root, work), "moved")


@boards.command()
def cover(
    board: Wanted,
    picture: Annotated[str, typer.Argument(help="A picture's name, or last.", show_default=False)],
    root: Root = None,
    json: Json = False,
) -> None:
    """Choose the picture that stands for a board."""

    async def work(client: StudioClient) -> BoardRecord:
        found = await client.board(board)
        changes = BoardChanges(cover_image_name=await named(client, picture))
        return await client.edit_board(found.board_id, changes)

    _print(json, ask(root, work), "has its cover")


@boards.command()
def archive(
    board: Wanted,
    undo: Annotated[bool, typer.Option("--undo", help="Bring it back.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Hide a board; its pictures stay where they are."""
    _edit(root, json, board, "is back" if undo else "is archived", archived=not undo)


@boards.command()
def delete(
    board: Wanted,
    with_images: Annotated[
        bool, typer.Option("--with-images", help="Its pictures go into the trash.")
    ] = False,
    yes: Yes = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Delete a board. Its pictures stay, on no board, unless --with-images is given; boards in it move up."""

    async def work(client: StudioClient) -> tuple[BoardRecord, list[str]]:
        found = await client.board(board)
        count = found.image_count + found.asset_count
        if with_images and count:
            what = f"the board {found.board_name} and {pictures(count)}"
            confirm(f"Delete {what}?", yes=yes, would=f"{what} would be deleted")
        return found, await client.delete_board(found.board_id, with_images=with_images)

    gone, names = ask(root, work)
    where = "in the trash" if with_images else "on no board now"
    said = f"deleted {gone.board_name}" + (f"; {pictures(len(names))} {where}" if names else "")
    Output(as_json=json).result({"boards": [gone.model_dump(mode="json")], "images": names}, [said])


@boards.command(name="auto-add")
def auto_add(
    board: Annotated[
        str | None,
        typer.Argument(metavar="[BOARD]", help="Name or id; none = on no board.", show_default=False),
    ] = None,
    root: Root = None,
    json: Json = False,
) -> None:
    """Say on which board new pictures go; without a board, tell on which they go now."""

    async def work(client: StudioClient) -> BoardList:
        if board is None:
            return await client.boards()
        if board.lower() == UNCATEGORIZED:
            return await client.auto_add_board(None)
        return await client.auto_add_board((await client.board(board)).board_id)

    found = ask(root, work)
    auto = next((one for one in found.boards if one.board_id == found.auto_add_board_id), None)
    said = f"new pictures go on {auto.board_name}" if auto else "new pictures go on no board"
    Output(as_json=json).result({"auto_add_board_id": found.auto_add_board_id}, [said])


def _edit(root: Path | None, json: bool, board: str, done: str, **changes: Any) -> None:
    async def work(client: StudioClient) -> BoardRecord:
        found = await client.board(board)
        return await client.edit_board(found.board_id, BoardChanges(**changes))

    _print(json, ask(root, work), done)


def _print(json: bool, board: BoardRecord, done: str) -> None:
    Output(as_json=json).result({"boards": [board.model_dump(mode="json")]}, [f"{board.board_name} {done}"])


def _checked(name: str) -> str:
    if not 0 < len(name.strip()) <= BOARD_NAME_LIMIT:
        raise BadInputError(f"A board's name has 1 to {BOARD_NAME_LIMIT} characters.", code="bad_value")
    return name.strip()


def _nested(found: BoardList, parent: str | None = None, depth: int = 0) -> Iterator[tuple[BoardRecord, int]]:
    """The boards, each followed by those within it."""
    known = {board.board_id for board in found.boards}
    for board in found.boards:
        if (board.parent_id if board.parent_id in known else None) == parent:
            yield board, depth
            yield from _nested(found, board.board_id, depth + 1)


def _row(found: BoardList, board: BoardRecord, depth: int) -> tuple[object, ...]:
    marks = ["archived"] if board.archived else []
    if (found.auto_add_board_id or UNCATEGORIZED) == board.board_id:
        marks.append("new pictures go here")
    name = "  " * depth + board.board_name
    return name, board.image_count, board.asset_count, ", ".join(marks), board.board_id
