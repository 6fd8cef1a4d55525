"""Open picture bytes without trusting them."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import BadInputError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "WEBP")
MAX_BYTES: Final = 256 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
"""Above this a picture is shown by its thumbnail; decoding it would cost more memory than the whole program."""


def open_picture(data: bytes) -> Image:
    """Decode ``data`` to RGB, refusing other formats, bombs and broken files with a clear message."""
    import PIL.Image

    if len(data) > MAX_BYTES:
        raise BadInputError(f"The picture file is too large to show ({len(data) // 2**20} MiB).")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise BadInputError(f"The picture is too large to show here ({width} × {height}).")
                if image.format == "JPEG":
                    image.draft("RGB", (2048, 2048))
                return image.convert("RGB")
    except BadInputError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on hostile bytes
        raise BadInputError("The picture cannot be read.", hint=type(error).__name__) from error
