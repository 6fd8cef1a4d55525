"""The way of a person's pictures into the gallery: files are given to it, what is there already is found."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.images import LAST, PICTURE_NAME

if TYPE_CHECKING:
    from invoke_tui.client.client import StudioClient
    from invoke_tui.domain.gallery.images import ImageCategory, ImageRecord

MOST_BYTES: Final = 64 * 2**20


async def take(client: StudioClient, named: str, category: ImageCategory, *, asked: str = "") -> ImageRecord:
    """The picture of the gallery that a file becomes, that has this name, or that is the ``last`` one.

    ``asked`` is what messages begin with. Raises ``StudioError`` for what is no picture.
    """
    if named == LAST:
        newest = await client.images(limit=1)
        if not newest.images:
            raise NotFoundError(f"{asked}{LAST}: the gallery is empty", code="no_file")
        return newest.images[0]
    data = await asyncio.to_thread(_file, named, asked)
    if data is not None:
        return await client.upload_image(data, name=named, category=category)
    if PICTURE_NAME.fullmatch(named):
        with suppress(NotFoundError):
            return await client.image(named)
    raise NotFoundError(
        f"{asked}{named}: there is no such file, nor a picture of that name in the gallery",
        hint="Give a file, a gallery name or 'last'.",
        code="no_file",
    )


def _file(named: str, asked: str) -> bytes | None:
    """A file's bytes; None where there is no file of that name."""
    try:
        path = Path(named).expanduser()
        if path.is_dir():
            raise BadInputError(f"{asked}{named} is a folder", hint="Give one of its files.", code="no_file")
        if not path.is_file():
            if path.exists():  # to read a pipe or a device might never end
                raise BadInputError(
                    f"{asked}{named} is a pipe or a device", hint="Save it to a file first.", code="no_file"
                )
            return None
        with path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
    except (RuntimeError, ValueError):  # a home that is none, a NUL
        return None
    except OSError as error:
        raise BadInputError(f"{asked}{named}: {error.strerror}", code="cannot_read") from error
    if len(data) > MOST_BYTES:
        raise BadInputError(f"{asked}{named}: larger than {MOST_BYTES // 2**20} MiB", code="too_large")
    return data
