"""Two pictures, pixel by pixel."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

from invoke_tui.domain.errors import BadInputError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "WEBP")
MOST_PIXELS: Final = 2**28


@dataclass(frozen=True)
class Comparison:
    """How two pictures differ: in how many pixels, and by how much (of 255) in the one that differs most.

    ``sizes`` says that they cannot be compared: theirs differ.
    """

    pixels: int = 0
    most: int = 0
    of: int = 0
    sizes: str = ""

    @property
    def identical(self) -> bool:
        """Not one pixel differs."""
        return not self.pixels and not self.sizes

    def __str__(self) -> str:
        if self.identical:
            return "identical"
        if self.sizes:
            return f"differs in size: {self.sizes}"
        return f"differs in {self.pixels} of {self.of} pixels, at most {self.most} of 255"

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        sizes = {"sizes": self.sizes} if self.sizes else {}
        return {"identical": self.identical, "pixels_differing": self.pixels, "most": self.most, **sizes}


def compare(before: bytes, now: bytes) -> Comparison:
    """Compare the pixels of two files. Raises ``BadInputError`` for what is no picture."""
    from PIL import ImageChops

    old, new = _opened(before), _opened(now)
    if old.size != new.size:
        return Comparison(sizes=f"{old.width} x {old.height}, now {new.width} x {new.height}")
    mode = "RGBA" if "A" in old.mode + new.mode else "RGB"
    apart = ImageChops.difference(old.convert(mode), new.convert(mode))
    largest = reduce(ImageChops.lighter, apart.split())
    counts = largest.histogram()
    most = max(value for value, number in enumerate(counts) if number)
    return Comparison(pixels=sum(counts[1:]), most=most, of=old.width * old.height)


def _opened(data: bytes) -> Image:
    import PIL.Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            image = PIL.Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MOST_PIXELS:
                raise BadInputError("The picture is too large to compare.", code="too_large")
            image.load()
            return image
    except BadInputError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on hostile bytes
        raise BadInputError("The picture cannot be read.", hint=type(error).__name__) from error
