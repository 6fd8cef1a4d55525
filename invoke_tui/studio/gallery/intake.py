"""Pictures that come from outside: read whole, made plain, named by their content."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID, uuid5

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.files.decoding import strips
from invoke_tui.domain.files.png import SIGNATURE
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.gallery.png import DamagedPictureError, inspect

if TYPE_CHECKING:
    from PIL.Image import Image

TAKEN: Final = UUID("5f0c2f5e-94b4-4c55-9a53-8d0a4c2d7c1e")
"""The namespace of names that are made of a file's content."""
_PLAIN_TYPES: Final = (0, 2, 6)
"""PNG colour types: grey, colours, colours with transparency."""
_ENCODED: Final = 4
"""Bytes a pixel that the PNG of it may take."""


@dataclass(frozen=True)
class Look:
    """What pixels say: how many are not opaque, and how light (0 to 255) the lightest that shows is."""

    width: int
    height: int
    transparency: Literal["none", "some", "all"]
    lightest: int


def taken_name(data: bytes) -> str:
    """The name of the picture that a file becomes."""
    return f"{uuid5(TAKEN, hashlib.sha256(data).hexdigest())}.png"


def as_png(source: bytes | Path, called: str) -> bytes:
    """A whole PNG of 8 bits a channel, upright. ``called`` is what people call the file. Raises ``BadInputError``."""
    from invoke_tui.nodes.images.reading import measure, open_picture

    if isinstance(source, bytes) and _is_plain(source):
        measure(source, called)
        with _in_words(called):
            for _ in strips(io.BytesIO(source)):
                pass  # it can be decoded
        return source
    buffer = io.BytesIO()
    open_picture(source, called, beside=_ENCODED).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _is_plain(data: bytes) -> bool:
    """Whether these bytes can be kept: a PNG of 8 bits that says nothing of being turned, a colour as transparent, or
    more frames."""
    if not data.startswith(SIGNATURE):
        return False
    try:
        inspect(io.BytesIO(data))
    except DamagedPictureError:
        return False
    depth, kind = data[24], data[25]
    return (
        depth == 8 and kind in _PLAIN_TYPES and not any(mark in data for mark in (b"eXIf", b"tRNS", b"acTL"))
    )


def look(path: Path) -> Look:
    """Look at a picture."""
    facts = path.stat()
    return _look(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _look(path: Path, _changed: int, _size: int) -> Look:
    """Strip by strip, as the picture may be large."""
    from invoke_tui.nodes.images.reading import measure

    measured = measure(path, path.name)
    alphas, lightest = (255, 0), 0
    with path.open("rb") as stream, _in_words(path.name):
        for _, strip in strips(stream):
            grey = strip.convert("L")
            if strip.mode == "RGBA":
                alpha = strip.getchannel("A")
                least, most = _extremes(alpha)
                alphas = min(alphas[0], least), max(alphas[1], most)
                grey.paste(0, mask=alpha.point([255] + [0] * 255))
            else:
                alphas = alphas[0], 255
            lightest = max(lightest, _extremes(grey)[1])
    if alphas[1] == 0:
        return Look(measured.width, measured.height, "all", 0)
    return Look(measured.width, measured.height, "none" if alphas[0] == 255 else "some", lightest)


def _extremes(grey: Image) -> tuple[int, int]:
    found: Any = grey.getextrema()
    return int(found[0]), int(found[1])


@contextmanager
def _in_words(called: str) -> Iterator[None]:
    """What Pillow raises, as a sentence."""
    try:
        yield
    except StudioError as error:
        raise type(error)(
            f"{called} {error.message.removeprefix('It ')}", hint=error.hint, code=error.code
        ) from error
    except Exception as error:  # a decoder of files from anywhere raises whatever it likes
        raise BadInputError(
            f"{safe_text(called, limit=200)} is damaged: {safe_text(error, limit=200)}.",
            hint="It may be cut off; save or copy it again.",
            code="damaged_picture",
        ) from error
