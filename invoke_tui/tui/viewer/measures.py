"""What can be counted of pictures: how they differ, and how light and colours are spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image

LEVELS: Final = 256
EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
CHANNELS: Final = ("red", "green", "blue", "light")
MOST_AMPLIFIED: Final = 64


@dataclass(frozen=True)
class Difference:
    """How far two pictures of one size are apart."""

    share: float
    """Of the pixels, those that differ at all, 0–1."""
    psnr: float
    """Peak signal-to-noise ratio in dB over red, green and blue; infinite for equal pictures."""

    @property
    def words(self) -> str:
        """In one line."""
        if self.share == 0:
            return "no pixel differs"
        percent = f"{self.share:.1%}" if self.share >= 0.001 else "under 0.1%"
        return f"{percent} of the pixels differ · PSNR {self.psnr:.1f} dB"


def apart(one: Image, other: Image) -> Image:
    """The absolute difference of two RGB pictures of one size."""
    from PIL import ImageChops

    return ImageChops.difference(one, other)


def difference(apart: Image) -> Difference:
    """The figures of an absolute difference."""
    from PIL import ImageChops

    red, green, blue = apart.split()
    largest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    pixels = apart.width * apart.height
    counts = apart.histogram()
    squares = sum(count * (number % LEVELS) ** 2 for number, count in enumerate(counts))
    error = squares / (3 * pixels)
    psnr = 10 * math.log10((LEVELS - 1) ** 2 / error) if error else math.inf
    return Difference(1 - largest.histogram()[0] / pixels, psnr)


def amplified(apart: Image, times: int) -> Image:
    """A difference that can be seen."""
    return apart.point([min(LEVELS - 1, level * times) for level in range(LEVELS)] * 3)


@dataclass(frozen=True)
class Histogram:
    """Pixels at each of 256 levels of red, green, blue and luminance."""

    counts: tuple[list[int], ...]

    @classmethod
    def of(cls, image: Image) -> Histogram:
        """Count an RGB picture."""
        colours = image.histogram()
        light = image.convert("L").histogram()
        return cls((*(colours[at : at + LEVELS] for at in range(0, 3 * LEVELS, LEVELS)), light))

    def lines(self, channel: int, width: int, height: int) -> list[str]:
        """Bars in block characters from the top line down, from dark to bright; the square root of the share, so
        that what is rare is seen beside what is not."""
        counts = self.counts[channel]
        edges = [at * LEVELS // width for at in range(width + 1)]
        sums = [sum(counts[edges[at] : max(edges[at] + 1, edges[at + 1])]) for at in range(width)]
        most = math.sqrt(max(sums)) or 1.0
        steps = [math.ceil(math.sqrt(one) / most * height * 8) for one in sums]
        return [
            "".join(EIGHTHS[min(8, max(0, step - 8 * (height - 1 - line)))] for step in steps)
            for line in range(height)
        ]

    @property
    def ends(self) -> tuple[float, float]:
        """The shares of pixels that are as dark and as bright as can be."""
        light = self.counts[-1]
        return light[0] / (sum(light) or 1), light[-1] / (sum(light) or 1)
