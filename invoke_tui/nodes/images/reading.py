"""From any picture file to pixels that everything here understands: L, RGB or RGBA of 8 bits, upright.

Everything that reads a picture from outside comes through here: what is none, is damaged or far too large ends in
one sentence.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text

MOST_PIXELS: Final = 100_000_000
"""A picture of more is refused before it is unpacked."""
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
_PLAIN: Final = ("L", "RGB", "RGBA")


def open_picture(source: str | Path | bytes, name: str = "") -> Image.Image:
    """Read a picture. ``name`` is what people call it. Raises ``BadInputError`` for anything that is none."""
    called = safe_text(name or (source if isinstance(source, str | Path) else "The picture"), limit=200)
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(opened, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _too_large(called, image.width, image.height)
            image.load()
            return plain(ImageOps.exif_transpose(image))
    except Image.DecompressionBombError as error:
        raise _too_large(called) from error
    except UnidentifiedImageError as error:
        raise BadInputError(
            f"{called} is not a picture that can be read.",
            hint=f"Give {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
            code="not_a_picture",
        ) from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError) as error:
        raise BadInputError(
            f"{called} is damaged: {safe_text(error, limit=200)}.",
            hint="It may be cut off; save or copy it again.",
            code="damaged_picture",
        ) from error


def plain(image: Image.Image) -> Image.Image:
    """The same picture as L, RGB or RGBA with 8 bits a channel; the first frame of a moving one."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.mode == "1":
        return image.convert("L")
    see_through = "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBa")
    if image.mode in _PLAIN and not see_through:
        return image.copy()
    return image.convert("RGBA" if see_through else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more bits, or of fractions, by its own range: 16 bits for whole numbers, 0 to 1 for others."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    whole = (
        1.0 if image.mode == "F" and values.max(initial=0) <= 1 else 255.0 if values.max() <= 255 else 65535.0
    )
    return Image.fromarray((values.clip(0, whole) / whole * 255).round().astype(np.uint8))


def _too_large(called: str, width: int = 0, height: int = 0) -> BadInputError:
    size = f" ({width} x {height})" if width else ""
    return BadInputError(
        f"{called} has more than {MOST_PIXELS // 10**6} million pixels{size}.",
        hint="Make it smaller first.",
        code="picture_too_large",
    )
