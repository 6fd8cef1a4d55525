"""iTerm2's inline pictures: the cheapest way to a photograph over a slow link, understood by WezTerm and others too."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image


def payload(image: Image, side: int = 512, quality: int = 75) -> bytes:
    """``image`` as a JPEG with its longer side at most ``side`` pixels."""
    import PIL.Image

    small = image.convert("RGB")
    small.thumbnail((side, side), PIL.Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality)
    return out.getvalue()


def inline(jpeg: bytes, columns: int, rows: int) -> str:
    """The sequence that draws ``jpeg`` over ``columns`` × ``rows`` cells from the cursor on."""
    data = base64.standard_b64encode(jpeg).decode("ascii")
    return f"\x1b]1337;File=inline=1;size={len(jpeg)};width={columns};height={rows};preserveAspectRatio=0:{data}\x07"


def at(sequence: str, column: int, row: int) -> str:
    """``sequence`` drawn from a cell of the screen (from 0), with the cursor put back where it was."""
    return f"\x1b7\x1b[{row + 1};{column + 1}H{sequence}\x1b8"
