"""Enough of every format the gallery keeps to know that a file is whole and what it says, without decoding a pixel."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import IO, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.files.decoding import opened, room
from invoke_tui.domain.files.jpeg import SIZED, segments
from invoke_tui.domain.files.png import SIGNATURE
from invoke_tui.domain.files.xmp import LONGEST, texts_in
from invoke_tui.domain.gallery.images import ImageFormat
from invoke_tui.studio.gallery.png import DamagedPictureError, PictureFacts, inspect

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_APP1: Final = 0xE1
_END: Final = b"\xff\xd9"
_BLOCK: Final = 2**20
_FAST: Final = 8
"""How far a JPEG is reduced where only its being whole counts."""


def format_in(head: bytes) -> ImageFormat | None:
    """The format of a file by its first bytes, of those that the gallery keeps."""
    if head.startswith(SIGNATURE):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def format_of_file(path: Path) -> ImageFormat | None:
    """The same of a file."""
    with path.open("rb") as stream:
        return format_in(stream.read(12))


def facts_of(source: bytes | Path) -> PictureFacts:
    """What a picture is and says, however large its file. Raises ``DamagedPictureError`` unless it is complete."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        kind = format_in(stream.read(12))
        if kind is None:
            raise DamagedPictureError("The data is no PNG, JPEG or WebP.")
        return {"png": inspect, "jpeg": _jpeg, "webp": _webp}[kind](stream)


def check_pixels(path: Path) -> None:
    """Decode a picture, unless that would take too much. Raises ``DamagedPictureError`` where it cannot be done."""
    try:
        with path.open("rb") as stream, opened(stream) as picture:
            picture.draft("RGB", (picture.width // _FAST, picture.height // _FAST))
            with room(picture):
                picture.load()
    except BadInputError:
        return
    except Exception as error:  # a decoder of files from anywhere raises whatever it likes
        raise DamagedPictureError(f"The pixels cannot be read: {error}.") from error


def _jpeg(stream: IO[bytes]) -> PictureFacts:
    size, xmp = (0, 0), b""
    try:
        for marker, body in segments(stream):
            if marker in SIZED and len(body) >= 5:
                height, width = struct.unpack_from(">HH", body, 1)
                size = (width, height)
            elif marker == _APP1 and body.startswith(_XMP):
                xmp = body[len(_XMP) :]
    except ValueError as error:
        raise _cut_off("JPEG", stream) from error
    if not _has_end(stream):
        raise _cut_off("JPEG", stream)
    return PictureFacts(*size, texts_in(xmp.decode(errors="replace")))


def _has_end(stream: IO[bytes]) -> bool:
    """Whether the mark of a JPEG's end comes in what follows."""
    last = b""
    while block := stream.read(_BLOCK):
        if _END in last + block:
            return True
        last = block[-1:]
    return False


def _webp(stream: IO[bytes]) -> PictureFacts:
    end = stream.seek(0, 2)
    stream.seek(4)
    told = struct.unpack("<I", stream.read(4))[0] + 8
    if told > end:
        raise _cut_off("WebP", stream)
    size, xmp = (0, 0), b""
    at = 12
    while at + 8 <= told:
        stream.seek(at)
        kind, length = struct.unpack("<4sI", stream.read(8))
        at += 8 + length + length % 2
        if at - length % 2 > end:
            raise _cut_off("WebP", stream)
        if kind == b"XMP ":
            xmp = stream.read(min(length, LONGEST))
        elif size == (0, 0):
            size = _webp_size(kind, stream.read(min(length, 10)))
    if size == (0, 0):
        raise DamagedPictureError("The WebP holds no picture.")
    return PictureFacts(*size, texts_in(xmp.decode(errors="replace")))


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    if kind == b"VP8X" and len(body) >= 10:
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0


def _cut_off(kind: str, stream: IO[bytes]) -> DamagedPictureError:
    return DamagedPictureError(f"The {kind} is cut off after {stream.seek(0, 2)} bytes.")
