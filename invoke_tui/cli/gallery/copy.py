"""``gallery copy``: to the machine in front of the person, by the terminal alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from invoke_tui.cli.gallery.chosen import ask, named
from invoke_tui.cli.options import Json, Root
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import ImageRecord


def copy(
    picture: Annotated[str, typer.Argument(help="A name, or last.", show_default=False)],
    what: Annotated[
        Literal["picture", "path", "prompt", "metadata"],
        typer.Argument(help="The picture itself, or what is known of it."),
    ] = "picture",
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
        file = await file_of(client, name, strip=strip) if what == "picture" else b""
        return await client.image(name), file

    record, file = ask(root, fetched)
    from invoke_tui.domain.gallery.texts import text_of
    from invoke_tui.tui.pictures.handover import File, hand_over, put_into_clipboard

    text = "" if what == "picture" else text_of(record, what)
    with _terminal() as terminal:
        if what == "picture":
            said = hand_over([File(record.image_name, file)], terminal, terminal, output.note)
        else:
            put_into_clipboard(text, terminal)
            said = f"the {what} went to the terminal for its clipboard"
    output.result({"image_name": record.image_name, "copied": what, "message": said}, [said])


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
