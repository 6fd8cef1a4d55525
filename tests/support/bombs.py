"""Pictures that are whole, or say so, and would cost a gigabyte to whoever decodes them without thinking."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from PIL import Image

SIDE: Final = 10_000
_LINES: Final = 100


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int,
    height: int,
    *,
    depth: int = 8,
    kind: int = 2,
    interlaced: bool = False,
    before: bytes = b"",
    pixels: bytes | None = None,
) -> bytes:
    """A PNG, whole unless other ``pixels`` are given; ``before`` are chunks that stand before them."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    palette = chunk(b"PLTE", bytes(range(12))) if kind == 3 else b""
    if pixels is None:
        pixels = _packed(_lines(width, height, depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind], interlaced))
    parts = chunk(b"IHDR", header), palette, before, chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _lines(width: int, height: int, bits: int, interlaced: bool) -> Iterator[bytes]:
    """Lines of pixels, some at a time; interlaced they lie in seven pictures."""
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ]
    for left, top, across, down in passes:
        wide, high = -(-(width - left) // across), -(-(height - top) // down)
        line = b"\0" + bytes(-(-wide * bits // 8))
        yield from (line * min(_LINES, high - at) for at in range(0, high, _LINES))


def _packed(lines: Iterator[bytes]) -> bytes:
    pack = zlib.compressobj(1)
    return b"".join(map(pack.compress, lines)) + pack.flush()


def moving_png(frames: int) -> bytes:
    """An APNG of tiny frames."""
    dot = zlib.compress(bytes(4 * 13))
    control = b"".join(
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 2 * at, 4, 4, 0, 0, 1, 30, 0, 0))
        + chunk(b"fdAT", struct.pack(">I", 2 * at + 1) + dot)
        for at in range(1, frames)
    )
    return (
        png(4, 4, before=chunk(b"acTL", struct.pack(">II", frames, 0)), pixels=dot)[:-12]
        + control
        + chunk(b"IEND", b"")
    )


def saved(mode: str, size: tuple[int, int], kind: str, **options: object) -> bytes:
    """A picture of one colour as Pillow saves it."""
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


def _moving_webp() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (2_000, 2_000), (number, 0, 0)) for number in range(30)]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:], lossless=True, method=0)
    return buffer.getvalue()


def _strips() -> bytes:
    return saved("L", (64, 60_000), "TIFF", compression="tiff_deflate", tiffinfo={278: 1})


MIB: Final = 2**20
BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "rgb.png": lambda: png(SIDE, SIDE),
    "rgba.png": lambda: png(SIDE, SIDE, kind=6),
    "grey.png": lambda: png(SIDE, SIDE, kind=0),
    "palette.png": lambda: png(SIDE, SIDE, kind=3),
    "one-bit.png": lambda: png(SIDE, SIDE, depth=1, kind=0),
    "sixteen-bits.png": lambda: png(SIDE, SIDE, depth=16),
    "sixteen-bits-grey.png": lambda: png(SIDE, SIDE, depth=16, kind=0),
    "interlaced.png": lambda: png(SIDE, SIDE, interlaced=True),
    "interlaced-30.png": lambda: png(6_000, 5_000, kind=6, interlaced=True),
    "header.png": lambda: png(60_000, 60_000, pixels=zlib.compress(bytes(9))),
    "packed.png": lambda: png(
        4, 4, before=chunk(b"zTXt", b"parameters\0\0" + zlib.compress(bytes(200 * MIB), 1))
    ),
    "texts.png": lambda: png(4, 4, before=b"".join(chunk(b"tEXt", b"k%d\0v" % n) for n in range(10_000))),
    "lists.png": lambda: png(
        4, 4, before=chunk(b"tEXt", b'invokeai_metadata\0{"a":[' + b"[]," * (5 * MIB) + b"1]}")
    ),
    "long.png": lambda: png(
        4, 4, before=chunk(b"tEXt", b'parameters\0{"prompt":"' + b"x" * (50 * MIB) + b'"}')
    ),
    "moving.png": lambda: moving_png(10_000),
    "stars.png": lambda: b"SIMPLE  =                    T".ljust(2880),
    "baseline.jpg": lambda: saved("RGB", (SIDE, SIDE), "JPEG"),
    "progressive.jpg": lambda: saved("RGB", (SIDE, SIDE), "JPEG", progressive=True, subsampling=0),
    "lossy.webp": lambda: saved("RGB", (SIDE, SIDE), "WEBP", method=0),
    "lossless.webp": lambda: saved("RGBA", (SIDE, SIDE), "WEBP", lossless=True, method=0),
    "20-million.webp": lambda: saved("RGB", (5_000, 4_000), "WEBP", method=0),
    "moving.webp": _moving_webp,
    "strips.tiff": _strips,
    "large.tiff": lambda: saved("RGB", (SIDE, SIDE), "TIFF", compression="tiff_deflate"),
    "large.gif": lambda: saved("P", (SIDE, SIDE), "GIF"),
    "large.bmp": lambda: saved("RGB", (7_000, 7_000), "BMP"),
}
"""Files of the fault table's F17, by names."""


def write_all(folder: Path, *names: str) -> None:
    """Write these, or all."""
    for name in names or BOMBS:
        (folder / name).write_bytes(BOMBS[name]())
