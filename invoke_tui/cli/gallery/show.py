"""``gallery show``: a picture on the terminal, with what is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.gallery.chosen import ask, named
from invoke_tui.cli.options import Json, Root, open_studio
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.images import LAST, PICTURE_NAME

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.prompt.extract.read import Reading


def show(
    picture: Annotated[
        str, typer.Argument(help="A name, how it begins, last, or a file.", show_default=False)
    ],
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
    said: Reading | None
    if picture != LAST and (path.is_file() or (path.suffix and not PICTURE_NAME.fullmatch(picture))):
        said = reading = _read(path)
        document, lines = _of_file(path, reading)
    else:
        record, board = ask(root, lambda client: _record(client, picture))
        path = Path(record.path)
        document, lines = _of_record(record, board)
        said = _read(path) if raw else _read_if_whole(path)
    if said is not None and said.found is not None and said.found.notes:
        document["notes"] = list(said.found.notes)
        lines += [f"{'note':<18}{note}" for note in said.found.notes]
    if raw and said is not None:
        document["raw"] = said.texts
        lines += [f"{name}: {text}" for name, text in said.texts.items()] or ["the file holds no texts"]
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
        "program": record.program,
        "made": f"{record.created_at.astimezone():%Y-%m-%d %H:%M}",
        "board": board,
        "starred": "yes" if record.starred else "",
        "rating": record.rating or "",
        "notes": record.notes,
        "in the trash since": record.deleted_at and f"{record.deleted_at.astimezone():%Y-%m-%d %H:%M}",
        "path": record.path,
    }
    return {"image": record.model_dump(mode="json")}, _rows(about, record.metadata)


def _read(path: Path) -> Reading:
    from invoke_tui.prompt.extract.read import read_all

    return read_all(path)


def _read_if_whole(path: Path) -> Reading | None:
    """A picture of the gallery is shown, too, when its file is gone or damaged."""
    try:
        return _read(path)
    except StudioError:
        return None


def _of_file(path: Path, said: Reading) -> tuple[dict[str, Any], list[str]]:
    """What a file says of itself; nothing is no error, only no picture is."""
    program = said.found.program if said.found else None
    metadata = said.found.metadata if said.found else None
    document = {"path": str(path.absolute()), "program": program, "metadata": metadata}
    about = {"path": path.absolute(), "program": program or "does not say what it was made with"}
    return document, _rows(about, metadata)


def _rows(about: Mapping[str, object], metadata: dict[str, Any] | None) -> list[str]:
    from invoke_tui.client.export.settings import settings

    told = [(name, str(value)) for name, value in about.items() if value]
    return [f"{name:<18}{value}" for name, value in (*told, *settings(metadata))]
