"""A PNG of any size, decoded a band of lines at a time.

Pillow decodes a PNG whole, four bytes a pixel. A line of a PNG needs no more than the line above it, so a band is
decoded as a small PNG of its own: the last line of the band before, as it is, and then the band's lines as they
stand in the file.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Bytes of a pixel by the file's colour type, at eight bits."""
BAND_BYTES: Final = 2 * 2**20


@dataclass(frozen=True)
class Layout:
    """What a PNG says of itself, and where its data lie."""

    width: int
    height: int
    header: bytes
    colours: list[tuple[bytes, bytes]]
    """Palette and transparency."""
    data: list[tuple[int, int]]
    """First and end of every piece of the pixels."""

    @property
    def line(self) -> int:
        """Bytes of a line, with the one that says how it is written."""
        return 1 + self.width * CHANNELS[self.header[9]]


def layout_of(data: bytes) -> Layout | None:
    """How a PNG lies in its file; None for those that cannot be read by bands: interlaced, or not of eight bits."""
    if not data.startswith(SIGNATURE):
        return None
    header, colours, pieces, at = b"", [], [], len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        first, end = at + 8, min(at + 8 + length, len(data))
        if kind == b"IHDR":
            header = data[first:end]
        elif kind in (b"PLTE", b"tRNS"):
            colours.append((kind, data[first:end]))
        elif kind == b"IDAT":
            pieces.append((first, end))
        elif kind == b"IEND":
            break
        at = end + 4
    if len(header) != 13 or header[8] != 8 or header[12] != 0 or header[9] not in CHANNELS:
        return None
    width, height = struct.unpack_from(">II", header)
    return Layout(width, height, header, colours, pieces) if width and height else None


def bands(data: bytes, layout: Layout, end: int, multiple: int) -> Iterator[tuple[int, Image]]:
    """Number of the first line and picture of every band above line ``end``; each, but the last, has a multiple of
    so many lines. Raises ``ValueError`` or what Pillow raises for a file that is damaged.
    """
    lines = max(1, BAND_BYTES // layout.line // multiple) * multiple
    above = b""
    pixels = _Pixels(data, layout)
    for first in range(0, min(end, layout.height), lines):
        count = min(lines, layout.height - first)
        raw = pixels.read(count * layout.line)
        whole = _decoded(layout, b"\0" + above + raw if above else raw)
        band = whole.crop((0, whole.height - count, layout.width, whole.height))
        above = band.crop((0, count - 1, layout.width, count)).tobytes()
        yield first, band


def _decoded(layout: Layout, raw: bytes) -> Image:
    import PIL.Image

    height = len(raw) // layout.line
    header = struct.pack(">II", layout.width, height) + layout.header[8:]
    chunks = [(b"IHDR", header), *layout.colours, (b"IDAT", zlib.compress(raw, 0)), (b"IEND", b"")]
    image = PIL.Image.open(io.BytesIO(SIGNATURE + b"".join(_chunk(*one) for one in chunks)), formats=["PNG"])
    image.load()
    return image


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class _Pixels:
    """The lines of a file one after the other, no more unpacked than is asked for."""

    def __init__(self, data: bytes, layout: Layout) -> None:
        self._file = memoryview(data)
        self._pieces = iter(layout.data)
        self._unpack = zlib.decompressobj()
        self._rest: bytes | memoryview = b""

    def read(self, size: int) -> bytes:
        """So many bytes. Raises ``ValueError`` where the file ends before."""
        had: list[bytes] = []
        while size > 0:
            if not self._rest:
                first, end = next(self._pieces, (0, 0))
                if not end:
                    raise ValueError("the file ends too early")
                self._rest = self._file[first:end]
            try:
                had.append(self._unpack.decompress(self._rest, size))
            except zlib.error as error:
                raise ValueError(str(error)) from error
            size -= len(had[-1])
            self._rest = self._unpack.unconsumed_tail
        return b"".join(had)
