"""``gallery copy``: to the machine in front of the person, by the terminal alone."""

from __future__ import annotations

import json as json_
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from invoke_tui.cli.gallery.chosen import ask, named
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.images import ImageRecord


class What(StrEnum):
    """What is copied."""

    PICTURE = "picture"
    PATH = "path"
    PROMPT = "prompt"
    METADATA = "metadata"


def copy(
    picture: Annotated[str, typer.Argument(help="A name, or last.", show_default=False)],
    what: Annotated[What, typer.Argument(help="The picture itself, or what is known of it.")] = What.PICTURE,
    strip: Annotated[bool, typer.Option("--strip", help="The picture without metadata.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Hand a picture, its path, prompt or metadata to the machine in front of you, over SSH too.

    kitty takes the file into your home folder there after asking, iTerm2 downloads it; any other terminal is given
    text for its clipboard, a picture as a data: address, smaller where there is no room. E.g. gallery copy last prompt
    """
    output = Output(as_json=json)

    async def fetched(client: StudioClient) -> tuple[ImageRecord, bytes]:
        from invoke_tui.client.export.run import file_of

        name = await named(client, picture)
        file = await file_of(client, name, strip=strip) if what is What.PICTURE else b""
        return await client.image(name), file

    record, file = ask(root, fetched)
    from invoke_tui.tui.pictures.handover import File, hand_over, put_into_clipboard

    text = _text(record, what)
    with _terminal() as terminal:
        if what is What.PICTURE:
            said = hand_over([File(record.image_name, file)], terminal, terminal, output.note)
        else:
            put_into_clipboard(text, terminal)
            said = f"the {what} went to the terminal for its clipboard"
    output.result({"image_name": record.image_name, "copied": what, "message": said}, [said])


def _text(record: ImageRecord, what: What) -> str:
    found = record.metadata or {}
    text = {
        What.PATH: safe_text(record.path, limit=4_000),
        What.PROMPT: safe_text(found.get("positive_prompt") or "", limit=200_000, multiline=True),
        What.METADATA: json_.dumps(found, indent=2) if found else "",
    }.get(what)
    if text == "":
        raise BadInputError(f"{record.image_name} has no {what}.", code="no_metadata")
    return text or ""


@contextmanager
def _terminal() -> Iterator[int]:
    """The terminal itself, wherever standard output goes."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise BadInputError(
            "There is no terminal to hand anything to.",
            hint="'invoke-tui gallery export' writes files.",
            code="no_terminal",
        ) from error
    try:
        yield terminal
    finally:
        os.close(terminal)
