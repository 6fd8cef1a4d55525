"""A picture's file, of which no more is decoded than is looked at."""

from __future__ import annotations

import io
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import IO, TYPE_CHECKING, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.files.decoding import FORMATS, MOST_BYTES, coefficients, cost, decoded, upright_size
from invoke_tui.domain.files.png import Layout, bands, layout_of
from invoke_tui.tui.viewer.geometry import Box, Size
from invoke_tui.tui.viewer.measures import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PIL.Image import Image

MOST_PIXELS: Final = 25_000_000
"""Pixels that are held at once, whatever is compared: about 100 MB."""
AT_ONCE: Final = 6_500_000
"""Up to so many pixels a picture is decoded whole, whatever of it is seen: coming closer costs nothing then."""
LARGEST: Final = 1_000_000_000
LONGEST: Final = 100_000
"""Pixels of a picture, and of a side of it, above which a header is not believed."""
MARGIN: Final = 0.5
"""What is decoded around the part that is seen, of its size: moving a little needs no other."""
MOST_REDUCED: Final = 1024


@dataclass(frozen=True)
class Piece:
    """Pixels of a part of a picture, one for every ``factor`` × ``factor`` of its own."""

    image: Image
    factor: int
    box: Box

    def has(self, box: Box, factor: int) -> bool:
        """Whether this part is in it, as sharp as asked for."""
        mine = self.box
        inside = (
            mine.left <= box.left
            and mine.top <= box.top
            and mine.right >= box.right
            and mine.bottom >= box.bottom
        )
        return inside and self.factor <= factor


class Shelf:
    """The pieces of all pictures that are looked at; what was not used for longest goes first."""

    def __init__(self, most: int = MOST_PIXELS) -> None:
        self.most = most
        self.lock = RLock()
        self._pieces: dict[Original, Piece] = {}

    def get(self, original: Original) -> Piece | None:
        """What is there of a picture."""
        piece = self._pieces.pop(original, None)
        if piece is not None:
            self._pieces[original] = piece
        return piece

    def make_room(self, pixels: int) -> None:
        """Let go of so much that another piece can be decoded."""
        while self._pieces and self.held + pixels > self.most:
            self._pieces.pop(next(iter(self._pieces)))

    def put(self, original: Original, piece: Piece) -> None:
        """Keep a piece in the place of what was there of this picture."""
        self._pieces[original] = piece

    def drop(self, original: Original) -> None:
        """A picture is not looked at any more, or not at this part of it."""
        self._pieces.pop(original, None)

    @property
    def held(self) -> int:
        """Pixels that are held."""
        return sum(piece.image.width * piece.image.height for piece in self._pieces.values())


class Original:
    """One picture: its bytes, or a large file that is read where it lies. Raises ``BadInputError`` for what is none,
    now or when it is decoded.
    """

    def __init__(self, source: bytes | Path, shelf: Shelf) -> None:
        import PIL.Image

        self._source = source
        self._shelf = shelf
        with self._reading() as stream:
            self._bands = layout_of(stream)
        self._most = MOST_PIXELS
        needed = 0
        if self._bands is not None:
            self.size: Size = self._bands.width, self._bands.height
        else:
            with self._reading() as stream, PIL.Image.open(stream, formats=FORMATS) as image:
                self.size = upright_size(image)
                needed = coefficients(image) if image.format == "JPEG" else cost(image)
                if image.mode != "RGB" or image.format == "JPEG":  # which are not held as they are decoded
                    self._most = min(MOST_PIXELS, max(AT_ONCE, (MOST_BYTES - needed) // 4))
        many = self.size[0] * self.size[1]
        if many <= AT_ONCE:
            self._bands = None
        if many > LARGEST or max(self.size) > LONGEST or needed > MOST_BYTES:
            wide, high = self.size
            raise BadInputError(
                f"The picture is too large to show here ({wide} × {high}).",
                hint="Of this size, PNG of eight bits without interlacing and plain JPEG can be shown.",
            )

    @property
    def large(self) -> bool:
        """It takes a while to decode, and no more of it than is seen is decoded."""
        return self.size[0] * self.size[1] > AT_ONCE

    @property
    def weight(self) -> int:
        """Bytes that are held of the file."""
        return len(self._source) if isinstance(self._source, bytes) else 0

    def part(self, box: Box, size: Size) -> Image:
        """What is in ``box``, resized to ``size``. Runs in a thread; a large picture takes a while."""
        factor = self._factor(box, size)
        with self._shelf.lock:
            piece = self._shelf.get(self)
            if piece is None or not piece.has(box, factor):
                piece = self._decode(box, factor)
            if self.large:  # nothing else is decoded while this is held
                return _resized(piece, box, size)
        return _resized(piece, box, size)

    def whole(self, most: int = AT_ONCE) -> tuple[Image, int]:
        """All of it, and how many of its pixels, along a side, are one: as many as ``most`` pixels ask for."""
        factor = 1
        while self.size[0] * self.size[1] > most * factor * factor:
            factor *= 2
        size = max(1, self.size[0] // factor), max(1, self.size[1] // factor)
        return self.part(Box(0, 0, *self.size), size), factor

    def histogram(self) -> Histogram:
        """How light and colours are spread. Runs in a thread."""
        return Histogram.of(self.whole()[0])

    def coarseness(self, box: Box, size: Size) -> int:
        """How many pixels, along a side, are decoded as one where more would be seen; 1 for none."""
        factor = self._factor(box, size)
        return factor if factor * size[0] > box.right - box.left + 1 and factor > 1 else 1

    # -- decoding -------------------------------------------------------------------------------------------------

    def _factor(self, box: Box, size: Size) -> int:
        """How many pixels along a side may become one, so that the part is as sharp as it is shown."""
        wide, high = self.size
        if wide * high <= AT_ONCE:
            return 1
        spare = min((box.right - box.left) / size[0], (box.bottom - box.top) / size[1])
        factor = 1
        while factor * 2 <= spare and factor < MOST_REDUCED:
            factor *= 2
        while factor > 1 and wide * high <= AT_ONCE * (factor // 2) ** 2:
            factor //= 2  # as sharp as is had at once: held larger, it is not read again
        while self._bands is None and factor < MOST_REDUCED and wide * high > self._most * factor * factor:
            factor *= 2  # a part of these cannot be decoded without the rest
        return factor

    def _decode(self, box: Box, factor: int) -> Piece:
        wide, high = self.size
        self._shelf.drop(self)
        all_of_it = Box(0, 0, wide, high)
        many = wide * high // (factor * factor)
        if self._bands is not None:
            part = all_of_it if many <= AT_ONCE else _around(box, self.size, factor)
            many = int((part.right - part.left) * (part.bottom - part.top)) // (factor * factor)
            self._shelf.make_room(many)
            piece = Piece(self._from_bands(self._bands, part, factor), factor, part)
        else:
            self._shelf.make_room(many)
            piece = Piece(self._at_once(factor), factor, all_of_it)
        self._shelf.put(self, piece)
        return piece

    def _at_once(self, factor: int) -> Image:
        import PIL.Image
        import PIL.ImageOps

        with self._reading() as stream, PIL.Image.open(stream, formats=FORMATS) as image:
            before = image.width
            if factor > 1:
                image.draft("RGB", (image.width // factor, image.height // factor))
            left = factor * image.width // before
            whole: Image = image
            if image.mode != "RGB" or left > 1:  # else no copy of it: a large one takes a hundred megabytes
                whole = PIL.Image.new("RGB", (-(-image.width // left), -(-image.height // left)))
                for first, strip in decoded(image, left):
                    whole.paste(strip.convert("RGB").reduce(left), (0, first // left))
                whole.info = {"exif": image.info["exif"]} if "exif" in image.info else {}
            PIL.ImageOps.exif_transpose(whole, in_place=True)
            return whole

    def _from_bands(self, layout: Layout, part: Box, factor: int) -> Image:
        import PIL.Image

        left, top, right, bottom = (int(edge) for edge in part)
        size = -(-(right - left) // factor), -(-(bottom - top) // factor)
        image = PIL.Image.new("RGB", size)
        with self._reading() as stream:
            for first, band in bands(stream, layout, bottom, factor):
                above, below = max(top, first), min(bottom, first + band.height)
                if above >= below:
                    continue
                seen = band.crop((left, above - first, right, below - first)).convert("RGB")
                image.paste(seen.reduce(factor) if factor > 1 else seen, (0, (above - top) // factor))
        return image

    @contextmanager
    def _reading(self) -> Iterator[IO[bytes]]:
        """The file. What is raised of bytes that are damaged is told in our words."""
        import PIL.Image

        try:
            with warnings.catch_warnings(), self._opened() as stream:
                warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
                yield stream
        except Exception as error:  # Pillow's decoders raise nearly anything on hostile bytes
            raise BadInputError(
                "The picture cannot be read.",
                hint=f"The file is damaged, or no picture ({type(error).__name__}).",
            ) from error

    def _opened(self) -> IO[bytes]:
        return io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")


def _resized(piece: Piece, box: Box, size: Size) -> Image:
    """What is in ``box`` of a piece."""
    import PIL.Image

    inside = tuple(
        (edge - start) / piece.factor
        for edge, start in zip(box, (piece.box.left, piece.box.top) * 2, strict=True)
    )
    wide, high = piece.image.size
    inside = (max(0, inside[0]), max(0, inside[1]), min(wide, inside[2]), min(high, inside[3]))
    closer = size[0] > 2 * (inside[2] - inside[0])
    how = PIL.Image.Resampling.NEAREST if closer else PIL.Image.Resampling.LANCZOS
    return piece.image.resize(size, how, box=inside)


def _around(box: Box, picture: Size, factor: int) -> Box:
    """The part with a margin, on lines that ``factor`` divides."""
    wide, high = (box.right - box.left) * MARGIN, (box.bottom - box.top) * MARGIN
    left, top = (int(max(0, edge)) // factor * factor for edge in (box.left - wide, box.top - high))
    right, bottom = (
        min(end, -(-int(edge + 1) // factor) * factor)
        for edge, end in zip((box.right + wide, box.bottom + high), picture, strict=True)
    )
    return Box(left, top, right, bottom)
