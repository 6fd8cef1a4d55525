"""A PNG of any size: what it is made of, and its pixels a band of lines at a time.

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
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Bytes of a pixel by the file's colour type, at eight bits."""
MOST_CHUNKS: Final = 100_000
BAND_BYTES: Final = 2 * 2**20
_BLOCK: Final = 2**20
"""Bytes of a file that are read at once."""


class Chunk(NamedTuple):
    """A piece of a PNG, and where in the file its ``length`` bytes begin."""

    kind: bytes
    first: int
    length: int


@dataclass(frozen=True)
class Layout:
    """What a PNG says of itself, and where its pixels lie."""

    width: int
    height: int
    header: bytes
    colours: list[tuple[bytes, bytes]]
    """Palette and transparency."""
    pixels: list[Chunk]

    @property
    def line(self) -> int:
        """Bytes of a line, with the one that says how it is written."""
        return 1 + self.width * CHANNELS[self.header[9]]

    @property
    def see_through(self) -> bool:
        """Whether it may show what is behind it."""
        return self.header[9] in (4, 6) or any(kind == b"tRNS" for kind, _ in self.colours)


def chunks(stream: IO[bytes]) -> Iterator[Chunk]:
    """Every piece, the end mark with them; of a file that is cut off, those that begin in it. More than ``MOST_CHUNKS``
    are nobody's picture, and end it too.
    """
    at = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        stream.seek(at)
        head = stream.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        yield Chunk(kind, at + 8, length)
        if kind == b"IEND":
            return
        at += 12 + length


def layout_of(stream: IO[bytes]) -> Layout | None:
    """How a PNG lies in its file; None for those that cannot be read by bands: interlaced, or not of eight bits."""
    stream.seek(0)
    if stream.read(len(SIGNATURE)) != SIGNATURE:
        return None
    header, colours, pixels = b"", dict[bytes, bytes](), list[Chunk]()
    for chunk in chunks(stream):
        if chunk.kind == b"IHDR":
            header = stream.read(min(chunk.length, 13))
        elif chunk.kind in (b"PLTE", b"tRNS"):
            colours[chunk.kind] = stream.read(min(chunk.length, 768))
        elif chunk.kind == b"IDAT":
            pixels.append(chunk)
    if len(header) != 13 or header[8] != 8 or header[12] != 0 or header[9] not in CHANNELS:
        return None
    width, height = struct.unpack_from(">II", header)
    return Layout(width, height, header, list(colours.items()), pixels) if width and height else None


def bands(stream: IO[bytes], layout: Layout, end: int, multiple: int) -> Iterator[tuple[int, Image]]:
    """Number of the first line and picture of every band above line ``end``; each, but the last, has a multiple of
    so many lines. Raises ``ValueError`` or what Pillow raises for a file that is damaged.
    """
    lines = max(1, BAND_BYTES // layout.line // multiple) * multiple
    above = b""
    pixels = _Pixels(stream, layout)
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
    pieces = [(b"IHDR", header), *layout.colours, (b"IDAT", zlib.compress(raw, 0)), (b"IEND", b"")]
    image = PIL.Image.open(io.BytesIO(SIGNATURE + b"".join(_chunk(*one) for one in pieces)), formats=["PNG"])
    image.load()
    return image


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


class _Pixels:
    """The lines of a file one after the other, no more unpacked than is asked for."""

    def __init__(self, stream: IO[bytes], layout: Layout) -> None:
        self._blocks = _blocks(stream, layout.pixels)
        self._unpack = zlib.decompressobj()
        self._rest = b""

    def read(self, size: int) -> bytes:
        """So many bytes. Raises ``ValueError`` where the file ends before."""
        had: list[bytes] = []
        while size > 0:
            if not self._rest:
                self._rest = next(self._blocks, b"")
            if not self._rest or self._unpack.eof:
                raise ValueError("the file ends too early")
            try:
                had.append(self._unpack.decompress(self._rest, size))
            except zlib.error as error:
                raise ValueError(str(error)) from error
            size -= len(had[-1])
            self._rest = self._unpack.unconsumed_tail
        return b"".join(had)


def _blocks(stream: IO[bytes], pieces: list[Chunk]) -> Iterator[bytes]:
    for piece in pieces:
        for first in range(piece.first, piece.first + piece.length, _BLOCK):
            stream.seek(first)
            if block := stream.read(min(_BLOCK, piece.first + piece.length - first)):
                yield block
