"""From any picture file to pixels that everything here understands: L, RGB or RGBA of 8 bits, upright.

Everything that reads a picture from outside comes through here: what is none, is damaged or far too large ends in
one sentence.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.files.decoding import room, upright_size
from invoke_tui.domain.text import safe_text

MOST_PIXELS: Final = 100_000_000
"""A picture of more is refused before it is unpacked."""
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF")
_PLAIN: Final = ("L", "RGB", "RGBA")
_MOST_PACKED: Final = 1032
"""Bytes that one byte of a PNG's pixels can stand for."""
_LINES: Final = 64
"""Lines of more than eight bits that are read at once."""

warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # ours is the limit, and is told


@dataclass(frozen=True)
class Measured:
    """What a picture's header says; the size is that of the upright picture."""

    format: str
    width: int
    height: int


def open_picture(source: str | Path | bytes, name: str = "", *, beside: int | None = None) -> Image.Image:
    """Read a picture. ``name`` is what people call it. Raises ``BadInputError`` for anything that is none.

    With ``beside``, the bytes a pixel of what is made of it, also for what ``domain.files.decoding`` finds too large.
    """
    with _opened(source, name) as image:
        if beside is None:
            return _upright(image)
        with room(image, beside, _called(source, name)):
            return _upright(image)


def _upright(image: Image.Image) -> Image.Image:
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return plain(image)


def measure(source: Path | bytes, name: str) -> Measured:
    """Read the header alone. Raises ``BadInputError`` as ``open_picture`` does, but for damaged pixels."""
    with _opened(source, name) as image:
        return Measured(str(image.format), *upright_size(image))


def _called(source: str | Path | bytes, name: str) -> str:
    return safe_text(name or (source if isinstance(source, str | Path) else "The picture"), limit=200)


@contextmanager
def _opened(source: str | Path | bytes, name: str) -> Iterator[Image.Image]:
    """A picture of an allowed format and size. What goes wrong with it within is told in a sentence."""
    called = _called(source, name)
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(opened, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise _too_large(called, image.width, image.height)
            if _is_hollow(image, len(source) if isinstance(source, bytes) else Path(source).stat().st_size):
                raise _damaged(called, f"its {image.width} x {image.height} pixels are not in it")
            yield image
    except StudioError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(called) from error
    except UnidentifiedImageError as error:
        raise BadInputError(
            f"{called} is not a picture that can be read.",
            hint=f"Give {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
            code="not_a_picture",
        ) from error
    except Exception as error:  # a decoder of files from anywhere raises whatever it likes
        raise _damaged(called, safe_text(error, limit=200)) from error


def plain(image: Image.Image) -> Image.Image:
    """The same picture as L, RGB or RGBA with 8 bits a channel; the first frame of a moving one."""
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    see_through = "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBa")
    if image.mode in _PLAIN and not see_through:
        return image
    if see_through:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _is_hollow(image: Image.Image, size: int) -> bool:
    """Whether a PNG of ``size`` bytes claims more pixels than it could hold; the decoder would make them all black."""
    bits = 8 * len(image.getbands()) if image.mode in ("RGB", "RGBA", "LA") else 1
    return image.format == "PNG" and image.width * image.height * bits > 8 * _MOST_PACKED * size


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of more bits, or of fractions, by its own range: 16 bits for whole numbers, 0 to 1 for others."""
    most = max(values.max() for values in _values(image))
    whole = 1.0 if image.mode == "F" and most <= 1 else 255.0 if most <= 255 else 65535.0
    lines = [(values.clip(0, whole) / whole * 255).round().astype(np.uint8) for values in _values(image)]
    return Image.fromarray(np.concatenate(lines))


def _values(image: Image.Image) -> Iterator[np.ndarray]:
    """Some lines at a time, as eight times as much is held of them."""
    for top in range(0, image.height, _LINES):
        part = image.crop((0, top, image.width, min(top + _LINES, image.height)))
        yield np.nan_to_num(np.asarray(part, dtype=np.float64))


def _damaged(called: str, how: str) -> BadInputError:
    return BadInputError(
        f"{called} is damaged: {how}.",
        hint="It may be cut off; save or copy it again.",
        code="damaged_picture",
    )


def _too_large(called: str, width: int = 0, height: int = 0) -> BadInputError:
    size = f" ({width} x {height})" if width else ""
    return BadInputError(
        f"{called} has more than {MOST_PIXELS // 10**6} million pixels{size}.",
        hint="Make it smaller first.",
        code="picture_too_large",
    )
