"""``gallery list`` and ``search``: pictures in rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from invoke_tui.cli.gallery.chosen import Board, View, ask, listed
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.gallery.images import ImageOrder
from invoke_tui.domain.gallery.query import KEYS

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import ImagePage, ImageRecord

_NO_WORD: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.\w+")

WORDS: Final = {"ignore_unknown_options": True}
"""For verbs that take ``-dog`` as a word of a query."""
LANGUAGE: Final = (
    "Words are found as they begin, -word leaves out, '\"two words\"' as they stand. "
    + "; ".join(f"{key}: {means}" for key, means in KEYS.items())
    + ". Numbers: 30, >30, <=30, 20..30; key:a,b is either."
)
Order = Annotated[ImageOrder, typer.Option("--order", help="What comes first.")]
InTrash = Annotated[bool, typer.Option("--trash", help="Those in the trash instead.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")]
At = Annotated[int, typer.Option("--at", help="Number of the first; -20 begins 20 before the end.")]


def list_(
    query: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY...", help="Only those that fit.", show_default=False),
    ] = None,
    board: Board = None,
    view: View = "images",
    order: Order = "newest",
    trash: InTrash = False,
    limit: Limit = 20,
    at: At = 0,
    root: Root = None,
    json: Json = False,
) -> None:
    """List pictures, the newest first, or those that fit a query.

    E.g. gallery list cat -dog starred:yes 'steps:>30' before:2026-01-01 --board portraits --order rating
    """
    _show(query or [], board, view, order, trash, limit, at, root, json)


def search(
    query: Annotated[list[str], typer.Argument(metavar="QUERY...", help="What to look for.")],
    board: Board = None,
    view: View = "images",
    order: Order = "newest",
    trash: InTrash = False,
    limit: Limit = 20,
    at: At = 0,
    root: Root = None,
    json: Json = False,
) -> None:
    """Find pictures by words of their prompts, names, notes and models, and by key:value.

    E.g. gallery search fox -snow model:sdxl seed:42 has:lora
    """
    _show(query, board, view, order, trash, limit, at, root, json)


def _show(
    words: list[str],
    board: str | None,
    view: View,
    order: Order,
    trash: bool,
    limit: int,
    at: int,
    root: Path | None,
    json: bool,
) -> None:
    if typo := next((word for word in words if word.startswith("--")), None):
        raise BadInputError(
            f"No such option: {typo.partition('=')[0]}",
            hint="'invoke-tui gallery list --help' explains it.",
            code="bad_usage",
        )
    query = " ".join(words)
    output = Output(as_json=json)

    async def page(client: StudioClient) -> ImagePage:
        listing = await listed(client, query, board, view, trash=trash, order=order)
        return await client.images(listing, limit=limit, at=at)

    found = ask(root, page)
    for problem in () if json else found.problems:
        output.note(f"query: {problem}")
    output.result(
        {**found.model_dump(mode="json"), "next": found.next},
        _lines(output, found, filtered=bool(query or board or trash or at)),
    )


def _lines(output: Output, page: ImagePage, *, filtered: bool) -> list[str]:
    if not page.images:
        return ["no picture fits" if filtered else "no pictures yet"]
    headings, row = (_READ, _to_read) if output.on_terminal else (_WHOLE, _whole)
    lines = output.table(headings, map(row, page.images))
    if page.next:
        lines.append(f"{page.at + 1} to {page.next} of {page.total}; more with --at {page.next}")
    return lines


_WHOLE: Final = ("name", "size", "made", "star", "seed", "path")
_READ: Final = ("name", "made", "star", "size", "seed", "prompt")


def _whole(image: ImageRecord) -> tuple[object, ...]:
    return image.image_name, _size(image), _when(image), _star(image), _seed(image), image.path


def _to_read(image: ImageRecord) -> tuple[object, ...]:
    """What a line of a terminal has room for; of a name that is no word its beginning, which stands for it."""
    name = image.image_name[:8] if _NO_WORD.fullmatch(image.image_name) else image.image_name
    prompt = (image.metadata or {}).get("positive_prompt") or ""
    return name, _when(image), _star(image), _size(image), _seed(image), prompt


def _size(image: ImageRecord) -> str:
    return f"{image.width}x{image.height}"


def _star(image: ImageRecord) -> str:
    return ("*" if image.starred else " ") + ("" if not image.rating else str(image.rating))


def _seed(image: ImageRecord) -> object:
    return "" if image.seed is None else image.seed


def _when(image: ImageRecord) -> str:
    return image.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
