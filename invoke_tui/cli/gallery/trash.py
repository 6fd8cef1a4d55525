"""``gallery delete``, ``restore``, ``trash``, ``purge``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.gallery.chosen import Board, Names, Query, View, Yes, ask, chosen, confirm, pictures
from invoke_tui.cli.models.shared import size
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.gallery.images import Listing, Selection, TrashRecord

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient


def delete(
    names: Names = None,
    query: Query = None,
    board: Board = None,
    view: View = "images",
    yes: Yes = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Put pictures into the trash, from where 'gallery restore' has them back.

    E.g. gallery delete last; gallery delete --query 'rating:1'
    """

    async def work(client: StudioClient) -> list[str]:
        found = await chosen(client, names, query, board, view)
        if found.count > 1 and sys.stdin.isatty():
            confirm(f"Put {pictures(found.count)} into the trash?", yes=yes, would="")
        return await client.delete_images(found.selection)

    gone = ask(root, work)
    said = f"{pictures(len(gone))} in the trash; 'invoke-tui gallery restore' has them back"
    Output(as_json=json).result({"changed": len(gone), "images": gone}, [said])


def restore(
    names: Names = None,
    query: Query = None,
    board: Board = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything in the trash.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Have pictures back from the trash, on the boards where they were.

    E.g. gallery restore NAME; gallery restore --query fox; gallery restore --all
    """

    async def work(client: StudioClient) -> int:
        if everything:
            return await client.restore_images(Selection(listing=Listing(view="all", trash=True)))
        found = await chosen(client, names, query, board, "all", trash=True)
        return await client.restore_images(found.selection)

    back = ask(root, work)
    Output(as_json=json).result({"changed": back}, [f"{pictures(back)} back in the gallery"])


def trash(root: Root = None, json: Json = False) -> None:
    """Say what lies in the trash; 'gallery list --trash' lists it."""
    held = ask(root, lambda client: client.trash())
    Output(as_json=json).result({"trash": held.model_dump()}, [f"{pictures(held.count)}, {size(held.size)}"])


def purge(
    names: Names = None,
    query: Query = None,
    yes: Yes = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Delete pictures of the trash for good, without names all of it. Says the space that frees, and asks."""

    async def work(client: StudioClient) -> TrashRecord:
        meant: Selection | None = None
        held = await client.trash()
        if names or query is not None:
            found = await chosen(client, names, query, None, "all", trash=True)
            meant, held = (
                found.selection,
                TrashRecord(count=found.count, size=await _size(client, found.selection)),
            )
        if not held.count:
            return held
        what = f"{pictures(held.count)}, {size(held.size)}"
        confirm(f"Delete {what} for good?", yes=yes, would=f"{what} would be deleted for good")
        return await client.purge_images(meant)

    gone = ask(root, work)
    said = (
        f"{pictures(gone.count)} deleted for good, {size(gone.size)} freed"
        if gone.count
        else "nothing in the trash"
    )
    Output(as_json=json).result({"purged": gone.model_dump()}, [said])


async def _size(client: StudioClient, meant: Selection) -> int:
    """The bytes of some pictures."""
    total = sum([(await client.image(name)).file_size for name in meant.names])
    at: int | None = 0
    while meant.listing is not None and at is not None:
        page = await client.images(meant.listing, at=at, limit=1000, metadata=False)
        total, at = total + sum(image.file_size for image in page.images), page.next
    return total
