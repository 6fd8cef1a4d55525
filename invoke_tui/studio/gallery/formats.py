"""Enough of every format the gallery keeps to know that a file is whole and what it says, without decoding a pixel."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

from invoke_tui.domain.images import FORMATS, ImageFormat
from invoke_tui.domain.xmp import texts_in
from invoke_tui.studio.gallery.png import SIGNATURE, DamagedPictureError, PictureFacts, inspect

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_SIZED: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers that say the size."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG's markers without a length."""


def format_in(data: bytes) -> ImageFormat | None:
    """The format of a file by its first bytes, of those that the gallery keeps."""
    if data.startswith(SIGNATURE):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def facts_of(data: bytes) -> PictureFacts:
    """What a picture is and says. Raises ``DamagedPictureError`` unless it is complete."""
    match format_in(data):
        case "png":
            return inspect(data)
        case "jpeg":
            return _jpeg(data)
        case "webp":
            return _webp(data)
    raise DamagedPictureError("The data is no PNG, JPEG or WebP.")


def check_pixels(path: Path) -> None:
    """Decode a picture. Raises ``DamagedPictureError`` where that cannot be done."""
    try:
        with Image.open(path, formats=[kind.upper() for kind in FORMATS.values()]) as picture:
            picture.load()
    except Exception as error:  # a decoder of files from anywhere raises whatever it likes
        raise DamagedPictureError(f"The pixels cannot be read: {error}.") from error


def _jpeg(data: bytes) -> PictureFacts:
    at, size, xmp = 2, (0, 0), b""
    while True:
        if at + 4 > len(data) or data[at] != 0xFF:
            raise _cut_off("JPEG", data)
        marker = data[at + 1]
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if len(body) != length - 2:
            raise _cut_off("JPEG", data)
        if marker in _SIZED and len(body) >= 5:
            height, width = struct.unpack_from(">HH", body, 1)
            size = (width, height)
        elif marker == 0xE1 and body.startswith(_XMP):
            xmp = body[len(_XMP) :]
        at += 2 + length
        if marker == 0xDA:
            break
    if data.rfind(b"\xff\xd9") < at:
        raise _cut_off("JPEG", data)
    return PictureFacts(*size, texts_in(xmp.decode(errors="replace")))


def _webp(data: bytes) -> PictureFacts:
    if len(data) < 12 or struct.unpack_from("<I", data, 4)[0] + 8 > len(data):
        raise _cut_off("WebP", data)
    size, xmp = (0, 0), b""
    for kind, body in _chunks(data):
        if kind == b"XMP ":
            xmp = body
        elif size == (0, 0):
            size = _webp_size(kind, body)
    if size == (0, 0):
        raise DamagedPictureError("The WebP holds no picture.")
    return PictureFacts(*size, texts_in(xmp.decode(errors="replace")))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, struct.unpack_from("<I", data, 4)[0] + 8
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise _cut_off("WebP", data)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


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


def _cut_off(kind: str, data: bytes) -> DamagedPictureError:
    return DamagedPictureError(f"The {kind} is cut off after {len(data)} bytes.")
