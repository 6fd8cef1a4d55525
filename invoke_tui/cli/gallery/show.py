"""``gallery show``: a picture on the terminal, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.gallery.chosen import ask, named
from invoke_tui.cli.options import Json, Root, open_studio
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.images import LAST, PICTURE_NAME

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.images import ImageRecord


def show(
    picture: Annotated[str, typer.Argument(help="A name, last, or a file.", show_default=False)],
    raw: Annotated[
        bool, typer.Option("--raw", help="The texts in the file as they stand there, too.")
    ] = False,
    plain: Annotated[bool, typer.Option("--no-picture", help="Only what is known about it.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Show a picture where the terminal can, and what it was made with, by InvokeAI or another program.

    E.g. gallery show last; gallery show ~/Downloads/fox.png --raw
    """
    output = Output(as_json=json)
    path = Path(picture).expanduser()
    if picture != LAST and (not PICTURE_NAME.fullmatch(picture) or path.is_file()):
        document, lines = _of_file(path)
    else:
        record, board = ask(root, lambda client: _record(client, picture))
        path = Path(record.path)
        document, lines = _of_record(record, board)
    if raw:
        texts = _raw(path)
        document["raw"] = texts
        lines += [f"{name}: {text}" for name, text in texts.items()] or ["the file holds no texts"]
    if not plain and output.on_terminal and path.is_file():
        _draw(output, path, root)
    output.result(document, lines)


def _draw(output: Output, path: Path, root: Path | None) -> None:
    """The picture; one that cannot be drawn is told, and what is known about it follows all the same."""
    from invoke_tui.cli.call import show as draw
    from invoke_tui.cli.files import read_bounded
    from invoke_tui.client.taking import MOST_BYTES

    try:
        draw(read_bounded(str(path), MOST_BYTES), open_studio(root))
    except BadInputError as error:
        output.note(error.message)


async def _record(client: StudioClient, picture: str) -> tuple[ImageRecord, str]:
    """The picture, and the name of its board."""
    record = await client.image(await named(client, picture))
    return record, (await client.board(record.board_id)).board_name if record.board_id else ""


def _of_record(record: ImageRecord, board: str) -> tuple[dict[str, Any], list[str]]:
    about = {
        "name": record.image_name,
        "size": f"{record.width} x {record.height}",
        "made": f"{record.created_at.astimezone():%Y-%m-%d %H:%M}",
        "board": board,
        "starred": "yes" if record.starred else "",
        "rating": record.rating or "",
        "notes": record.notes,
        "in the trash since": record.deleted_at and f"{record.deleted_at.astimezone():%Y-%m-%d %H:%M}",
        "path": record.path,
    }
    return {"image": record.model_dump(mode="json")}, _rows(about, record.metadata)


def _of_file(path: Path) -> tuple[dict[str, Any], list[str]]:
    """What a file says of itself; nothing is no error, only no picture is."""
    from invoke_tui.prompt.extract.chunks import texts_of
    from invoke_tui.prompt.extract.read import found_in

    found = found_in(texts_of(path))
    program = found.program if found else None
    metadata = found.metadata if found else None
    document = {"path": str(path.absolute()), "program": program, "metadata": metadata}
    about = {"path": path.absolute(), "program": program or "does not say what it was made with"}
    return document, _rows(about, metadata)


def _raw(path: Path) -> dict[str, str]:
    from invoke_tui.prompt.extract.chunks import texts_of

    return texts_of(path)


def _rows(about: Mapping[str, object], metadata: dict[str, Any] | None) -> list[str]:
    from invoke_tui.client.export.settings import settings

    told = [(name, str(value)) for name, value in about.items() if value]
    return [f"{name:<18}{value}" for name, value in (*told, *settings(metadata))]
