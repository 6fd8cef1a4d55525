"""Decoding pictures from anywhere within bounds: what it would take is told by the header, and what would take too
much is read by bands, reduced, or refused.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import IO, TYPE_CHECKING, Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.files import png
from invoke_tui.domain.files.jpeg import kept

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS: Final = ("PNG", "JPEG", "WEBP")
"""What the gallery keeps and shows; no other decoder of Pillow's is ever asked."""
MOST_BYTES: Final = 160_000_000
"""Memory that a picture may take while it is decoded."""
MOST_PIXELS: Final = 100_000_000
"""Pixels of a picture of which a small one is made."""
BY_BANDS: Final = 6_500_000
"""Pixels above which a PNG is read by bands."""
_UNNOTICED: Final = 30_000_000
"""Bytes; of pictures that take more, one is decoded at a time."""
_ONE_AT_A_TIME = Lock()
_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}
"""Of a pixel by Pillow's mode; four for others."""
_BESIDE: Final = {"WEBP": 12, "AVIF": 8, "TIFF": 4}
"""Of a pixel, as measured: what a decoder holds beside the picture."""
_WIDEST: Final = 100_000
"""Pixels of a line above which it is not read by bands."""
_LINES: Final = 64
"""Lines of a decoded picture that are converted at once."""
_COEFFICIENT: Final = 2
_SIXTEEN_BITS: Final = 257
_ORIENTATION: Final = 0x0112
_FIRST_ON_ITS_SIDE: Final = 5


def cost(image: Image) -> int:
    """Bytes that it takes to decode an opened picture whole. Its pixels are not touched."""
    pixel = _BYTES.get(image.mode, 4) + _BESIDE.get(image.format or "", 0)
    return image.width * image.height * pixel + coefficients(image)


def coefficients(image: Image) -> int:
    """Bytes that an opened JPEG of several scans takes beside its pixels, also when it is reduced."""
    stream: Any = getattr(image, "fp", None)
    if image.format != "JPEG" or stream is None:
        return 0
    at = stream.tell()
    try:
        return kept(stream) * _COEFFICIENT
    except ValueError:
        return 0  # it is damaged, which its decoder will say
    finally:
        stream.seek(at)


def orientation(image: Image) -> int:
    """EXIF's, 1 to 8, as far as the header has it: asking Pillow would decode a PNG's pixels."""
    import PIL.Image

    exif = PIL.Image.Exif()
    try:
        exif.load(image.info.get("exif", b""))
        found = exif.get(_ORIENTATION)
    except (
        Exception
    ):  # Pillow raises nearly anything on hostile bytes; a picture of broken EXIF stands as it is
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def upright_size(image: Image) -> tuple[int, int]:
    """The size that an opened picture has when it stands as its EXIF says."""
    size: tuple[int, int] = image.size if orientation(image) < _FIRST_ON_ITS_SIDE else image.size[::-1]
    return size


@contextmanager
def room(image: Image, beside: int = 0, called: str = "It") -> Iterator[None]:
    """Room to decode an opened picture, and for so many bytes a pixel beside. Raises ``BadInputError`` where that is
    too much.
    """
    needed = cost(image) + image.width * image.height * beside
    if needed > MOST_BYTES:
        raise BadInputError(
            f"{called} is too large: {image.width} × {image.height} pixels of this {image.format} would take "
            f"{needed // 10**6} MB to decode, and {MOST_BYTES // 10**6} are allowed.",
            hint="Make it smaller, or save it as a PNG of eight bits without interlacing.",
            code="picture_too_large",
        )
    if needed < _UNNOTICED:
        yield
    else:
        with _ONE_AT_A_TIME:
            yield


def strips(stream: IO[bytes], multiple: int = 1) -> Iterator[tuple[int, Image]]:
    """A picture as RGB, or RGBA where it may show what is behind it: strips from above with the number of their first
    line, which ``multiple`` divides. Not turned. Raises ``BadInputError`` for what is too large, and what Pillow
    raises for what is no picture.
    """
    with opened(stream) as image:
        yield from _strips(stream, image, multiple)


def small(stream: IO[bytes], side: int) -> Image:
    """A picture as RGB or RGBA, upright, no side longer than ``side``. Raises as ``strips`` does."""
    import PIL.Image
    import PIL.ImageOps

    with opened(stream) as image:
        scale = min(1, side / max(image.size))
        wanted = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image.draft("RGB", (2 * side, 2 * side))
        factor = max(1, max(image.size) // (2 * side))
        size = -(-image.width // factor), -(-image.height // factor)
        whole: Image | None = None
        for first, strip in _strips(stream, image, factor):
            whole = whole or PIL.Image.new(strip.mode, size)
            # transparent pixels have no colour, so they must not count in that of a pixel made of many
            weighed = strip.convert("RGBa") if strip.mode == "RGBA" else strip
            whole.paste(weighed.reduce(factor).convert(strip.mode), (0, first // factor))
        assert whole is not None, "a picture has a line"
        if whole.size != wanted:  # its last column and line may stand for less than the others
            part = (0, 0, image.width / factor, image.height / factor)
            whole = whole.resize(wanted, PIL.Image.Resampling.BICUBIC, box=part)
        whole.info = {"exif": image.info["exif"]} if "exif" in image.info else {}
    PIL.ImageOps.exif_transpose(whole, in_place=True)
    return whole


def decoded(image: Image, multiple: int = 1) -> Iterator[tuple[int, Image]]:
    """The strips of an opened picture that is decoded whole; only they are converted."""
    with room(image):
        image.load()
        lines = -(-_LINES // multiple) * multiple
        for first in range(0, image.height, lines):
            strip = image.crop((0, first, image.width, min(first + lines, image.height)))
            yield first, _plain(strip, "transparency" in image.info)


def opened(stream: IO[bytes]) -> Image:
    """A picture of one of ``FORMATS``, its header read. Raises ``BadInputError`` where it has too many pixels."""
    import PIL.Image

    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            image = PIL.Image.open(stream, formats=FORMATS)
    except PIL.Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()
    return image


def _strips(stream: IO[bytes], image: Image, multiple: int) -> Iterator[tuple[int, Image]]:
    at = stream.tell()
    layout = png.layout_of(stream)
    stream.seek(at)
    if layout is None or layout.width * layout.height <= BY_BANDS or layout.width > _WIDEST:
        yield from decoded(image, multiple)
        return
    for first, band in png.bands(stream, layout, layout.height, multiple):
        yield first, band.convert("RGBA" if layout.see_through else "RGB")


def _plain(image: Image, transparent_colour: bool) -> Image:
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * (1 / _SIXTEEN_BITS)).convert("L")
    return image.convert("RGBA" if transparent_colour or "A" in image.getbands() else "RGB")


def _too_many_pixels() -> BadInputError:
    return BadInputError(
        f"It is too large: it has more than {MOST_PIXELS // 10**6} million pixels.",
        hint="Make it smaller.",
        code="picture_too_large",
    )
