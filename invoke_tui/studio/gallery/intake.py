"""Pictures that come from outside: read whole, made plain, named by their content."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID, uuid5

from invoke_tui.studio.gallery.png import SIGNATURE, DamagedPictureError, inspect

if TYPE_CHECKING:
    from PIL.Image import Image

TAKEN: Final = UUID("5f0c2f5e-94b4-4c55-9a53-8d0a4c2d7c1e")
"""The namespace of names that are made of a file's content."""
_PLAIN_TYPES: Final = (0, 2, 6)
"""PNG colour types: grey, colours, colours with transparency."""


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


def as_png(data: bytes, called: str) -> bytes:
    """A whole PNG of 8 bits a channel, upright. ``called`` is what people call the file. Raises ``BadInputError``."""
    from invoke_tui.nodes.images.reading import open_picture

    picture = open_picture(data, called)
    if _is_plain(data):
        return data
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _is_plain(data: bytes) -> bool:
    """Whether these bytes can be kept: a PNG of 8 bits that says nothing of being turned, a colour as transparent, or
    more frames."""
    if not data.startswith(SIGNATURE):
        return False
    try:
        inspect(data)
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
    from invoke_tui.nodes.images.reading import open_picture

    picture = open_picture(path)
    grey, width, height = picture.convert("L"), picture.width, picture.height
    if picture.mode != "RGBA":
        return Look(width, height, "none", _lightest(grey))
    alpha = picture.getchannel("A")
    if _lightest(alpha) == 0:
        return Look(width, height, "all", 0)
    clear = alpha.point([255] + [0] * 255)
    if _lightest(alpha.point(range(255, -1, -1))) == 0:
        return Look(width, height, "none", _lightest(grey))
    grey.paste(0, mask=clear)
    return Look(width, height, "some", _lightest(grey))


def _lightest(grey: Image) -> int:
    extremes: Any = grey.getextrema()
    return int(extremes[1])
