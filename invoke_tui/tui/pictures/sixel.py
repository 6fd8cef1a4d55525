"""Sixel: pictures as DEC's terminals drew them, understood by foot, xterm, Windows Terminal and others.

A band is six lines high; a character holds six pixels of one column, and every colour of a band is drawn over it.
The terminal does not scale: a picture has the pixels it takes on the screen. Used where one picture is looked at,
for it is sent again with every change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

BAND: Final = 6
COLOURS: Final = 256
_EMPTY: Final = 63
"""The character of a column without a pixel."""
_RUN: Final = re.compile(rb"(.)\1{3,}", re.DOTALL)


def encode(image: Image, colours: int = COLOURS) -> str:
    """The sequence that draws ``image`` from the cursor on, in at most so many colours."""
    import numpy as np
    import PIL.Image

    packed = image.convert("RGB").quantize(
        colours, method=PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.FLOYDSTEINBERG
    )
    palette = packed.getpalette() or []
    pixels = np.asarray(packed)
    height, width = pixels.shape
    parts = [f'\x1bP0;1;0q"1;1;{width};{height}'.encode()]
    for number in np.unique(pixels).tolist():
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * number : 3 * number + 3])
        parts.append(f"#{number};2;{red};{green};{blue}".encode())
    columns = np.arange(width)
    for top in range(0, height, BAND):
        band = pixels[top : top + BAND]
        used, places = np.unique(band, return_inverse=True)
        bits = np.zeros((len(used), width), np.uint8)
        for row, line in enumerate(places.reshape(band.shape)):
            bits[line, columns] |= 1 << row
        bits += _EMPTY
        for number, line in zip(used.tolist(), bits, strict=True):
            drawn = line.tobytes().rstrip(b"?")
            parts.append(b"#%d%s$" % (number, _RUN.sub(_repeated, drawn)))
        parts.append(b"-")
    parts.append(b"\x1b\\")
    return b"".join(parts).decode("ascii")


def _repeated(run: re.Match[bytes]) -> bytes:
    return b"!%d%s" % (len(run[0]), run[1])
