"""Pictures, and what is known of them, to the machine in front of the person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TextIO

from textual.app import SuspendNotSupported

from invoke_tui.client.export.run import file_of
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.texts import PictureText, text_of
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.external import away
from invoke_tui.tui.pictures.handover import File, hand_over

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.screens.base import StudioScreen

Copied = PictureText | Literal["picture"]


def copy(screen: StudioScreen, image: ImageRecord, what: Copied) -> None:
    """A picture, or a text of it, to the machine in front of the person; it is said what became of it."""
    beside(screen, "copy", _copy, screen, image, what)


async def _copy(screen: StudioScreen, image: ImageRecord, what: Copied) -> None:
    studio = screen.studio
    try:
        client = await studio.link.client()
        if what == "picture":
            file = File(image.image_name, await file_of(client, image.image_name, strip=False))
            screen.notify(hand_over_from(studio, [file]), timeout=6, markup=False)
            return
        if image.metadata is None and what != "path":
            image = await client.image(image.image_name)
        await studio.copy(text_of(image, what))
    except StudioError as error:
        studio.show_error(error, title="Copy")
        return
    screen.notify(f"{what.capitalize()} copied.", timeout=2, markup=False)


def hand_over_from(studio: StudioApp, files: Sequence[File]) -> str:
    """Give files to the terminal, which the app leaves meanwhile: the terminal asks, and answers.

    Says in a sentence what became of them. Raises ``StudioError``.
    """
    try:
        with away(studio):
            said = hand_over(files, _fd(sys.__stdin__), _fd(sys.__stdout__), print)
    except SuspendNotSupported as error:
        raise BadInputError("This terminal cannot be asked.", code="no_terminal") from error
    except OSError as error:
        raise StudioError(f"The terminal is gone: {error.strerror}.", code="no_terminal") from error
    finally:
        studio.refresh(layout=True)
    said = safe_text(said, limit=300)
    return f"{said[0].upper()}{said[1:]}."


def _fd(stream: TextIO | None) -> int:
    if stream is None:
        raise BadInputError("There is no terminal.", code="no_terminal")
    return stream.fileno()
