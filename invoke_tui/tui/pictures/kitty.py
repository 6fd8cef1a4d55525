"""The kitty graphics protocol: send a picture once, then show it with Unicode placeholders.

Placeholders are ordinary characters, so a picture composes with everything else on the screen, survives scrolling
and works inside tmux. The picture's id is the colour of its cells.
"""

from __future__ import annotations

import base64
import io
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

PLACEHOLDER: Final = "\U0010eeee"
CHUNK: Final = 4096
_MARKS: Final = (
    "305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 "
    "5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 "
    "735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 "
    "f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 "
    "1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 "
    "2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 "
    "fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244"
)
"""The protocol's 297 row and column marks, as hexadecimal ranges."""


def _expand(ranges: str) -> tuple[str, ...]:
    marks: list[str] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        marks.extend(chr(code) for code in range(int(first, 16), int(last or first, 16) + 1))
    return tuple(marks)


MARKS: Final = _expand(_MARKS)
MAX_SIDE: Final = len(MARKS)

_ids = count(0x1A2B01, 0x101)


def new_id() -> int:
    """An id of 24 bits that no other picture of ours has; it is a colour, so it stays clear of black and white."""
    return next(_ids) & 0xFFFFFF or new_id()


def payload(image: Image, side: int = 256, colours: int | None = 256) -> bytes:
    """``image`` as a PNG with its longer side at most ``side`` pixels: the terminal scales it up.

    Its colours are rounded to so many, which makes it a fifth of the size; None leaves them.
    """
    import PIL.Image

    small = image.convert("RGB")
    small.thumbnail((side, side), PIL.Image.Resampling.LANCZOS)
    if colours is not None:
        small = small.quantize(
            colours, method=PIL.Image.Quantize.FASTOCTREE, dither=PIL.Image.Dither.FLOYDSTEINBERG
        )
    out = io.BytesIO()
    small.save(out, "PNG", compress_level=6)
    return out.getvalue()


def transmit(png: bytes, image_id: int, columns: int, rows: int) -> list[str]:
    """The sequences that send ``png`` and make it showable over ``columns`` × ``rows`` placeholder cells."""
    data = base64.standard_b64encode(png).decode("ascii")
    chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)] or [""]
    head = f"a=T,U=1,q=2,f=100,i={image_id},c={columns},r={rows},"
    sequences = []
    for index, chunk in enumerate(chunks):
        more = int(index + 1 < len(chunks))
        sequences.append(f"\x1b_G{head if index == 0 else 'q=2,'}m={more};{chunk}\x1b\\")
    return sequences


def free(image_id: int) -> str:
    """The sequence that deletes exactly this picture and its data."""
    return f"\x1b_Ga=d,d=I,i={image_id},q=2\x1b\\"


def placeholders(columns: int, rows: int) -> list[str]:
    """One line of placeholder characters per row; each cell says its own row and column, so any part can be redrawn."""
    columns, rows = min(columns, MAX_SIDE), min(rows, MAX_SIDE)
    return [
        "".join(f"{PLACEHOLDER}{MARKS[row]}{MARKS[column]}" for column in range(columns))
        for row in range(rows)
    ]


def colour(image_id: int) -> tuple[int, int, int]:
    """The foreground that names the picture."""
    return image_id >> 16 & 255, image_id >> 8 & 255, image_id & 255
