"""Open picture bytes without trusting them."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.files.decoding import FORMATS, MOST_BYTES, cost

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES: Final = 256 * 1024 * 1024
_SHOWN: Final = 2048
"""Pixels of a side that are enough for a terminal, where a format can be decoded reduced."""


def open_picture(data: bytes) -> Image:
    """Decode ``data`` to RGB, refusing other formats, bombs and broken files with a clear message."""
    import PIL.Image
    import PIL.WebPImagePlugin  # else the first WebP brings in all forty of Pillow's formats

    if len(data) > MAX_BYTES:
        raise BadInputError(f"The picture file is too large to show ({len(data) // 2**20} MiB).")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                image.draft("RGB", (_SHOWN, _SHOWN))
                if cost(image) > MOST_BYTES:
                    raise BadInputError(f"The picture is too large to show here ({width} × {height}).")
                return image.convert("RGB")
    except BadInputError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on hostile bytes
        raise BadInputError("The picture cannot be read.", hint=type(error).__name__) from error
