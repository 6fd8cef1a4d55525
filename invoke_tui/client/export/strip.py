"""A picture's file without what it says about itself. The pixels are not decoded, so they stay what they are.

What is needed to show them stays: colour profiles, gamma, density, transparency, frames, and which way is up. All
else goes: texts, EXIF, XMP, comments, graphs, chunks nobody knows, and what lies behind the end.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from invoke_tui.domain.errors import BadInputError

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs hIST acTL fcTL fdAT".split()
)
_WEBP_KEPT: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04
_ORIENTATION, _SHORT, _TURNED = 0x0112, 3, range(2, 9)


def stripped(data: bytes) -> bytes:
    """A PNG, JPEG or WebP without metadata. Raises ``BadInputError`` for what is no whole file of these."""
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data[:3] == b"\xff\xd8\xff":
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError) as error:
        raise BadInputError("The picture's file is cut off.", code="bad_picture") from error
    raise BadInputError("Metadata can be taken out of PNG, JPEG and WebP only.", code="bad_picture")


def _png(data: bytes) -> bytes:
    kept, at, kind = [_PNG], len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise struct.error
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        elif kind == b"eXIf" and (up := _upwards(data[at + 8 : end - 4])):
            kept.append(struct.pack(">I", len(up)) + kind + up + struct.pack(">I", zlib.crc32(kind + up)))
        at = end
    return b"".join(kept)


def _jpeg(data: bytes) -> bytes:
    """Segment by segment; between them lie the pixels, which are taken as they are."""
    kept, at = [data[:2]], 2
    while True:
        begin = at
        while data[at] == 0xFF and data[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = data[at + 1]
        if data[at] != 0xFF:
            raise struct.error
        if marker == 0xD9:
            return b"".join((*kept, b"\xff\xd9"))
        (length,) = struct.unpack_from(">H", data, at + 2)
        body, begin, at = data[at + 4 : at + 2 + length], at, at + 2 + length
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            if up := _upwards(body[6:]):
                kept.append(b"\xff\xe1" + struct.pack(">H", len(up) + 8) + b"Exif\0\0" + up)
        elif _shows(marker, body):
            kept.append(data[begin:at])
        if marker == 0xDA:
            begin, at = at, _scan_end(data, at)
            kept.append(data[begin:at])


def _shows(marker: int, body: bytes) -> bool:
    """Whether a segment of a JPEG is needed to show it: of the application's own only JFIF, a profile and Adobe's."""
    if marker == 0xE2:
        return body.startswith(b"ICC_PROFILE\0")
    if marker == 0xE0:
        return body.startswith(b"JFIF\0")
    return marker == 0xEE or not (0xE0 <= marker <= 0xEF or marker == 0xFE)


def _scan_end(data: bytes, at: int) -> int:
    """Where the pixels of a scan end: at a marker that is none of theirs."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise struct.error
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7:
            return at
        at += 2


def _webp(data: bytes) -> bytes:
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise struct.error
    kept: list[bytes] = []
    up = b""
    for kind, body in _riff(data[12:end]):
        if kind == b"EXIF":
            up = _upwards(body.removeprefix(b"Exif\0\0"))
        elif kind in _WEBP_KEPT:
            kept.append(kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))
    if kept and kept[0].startswith(b"VP8X"):
        flags = kept[0][8] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if up else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
    if up:
        kept.append(b"EXIF" + struct.pack("<I", len(up)) + up + b"\0" * (len(up) % 2))
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if at + 8 + length > len(data):
            raise struct.error
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _upwards(exif: bytes) -> bytes:
    """EXIF that says which way is up and nothing else; empty where that needs no saying."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return b""
    try:
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, _, way = struct.unpack_from(f"{order}HHIH", exif, entry)
            if (tag, kind) == (_ORIENTATION, _SHORT) and way in _TURNED:
                return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHHI", tag, kind, 1, way, 0, 0)
    except struct.error:  # what cannot be read says nothing
        pass
    return b""
