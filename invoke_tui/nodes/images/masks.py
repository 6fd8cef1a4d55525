"""Masks of inpainting, as InvokeAI makes them. Here black is drawn and white stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageFilter, ImageOps

from invoke_tui.nodes.images.kinds import CoherenceMode

CELL: Final = 8
"""Pixels a side that one latent stands for."""
SIGMAS: Final = 2.5
"""How many standard deviations of a Gaussian edge its radius is."""
_FADE: Final = ((0.2, 0.2), (0.8, 0.9), (1.0, 1.0))
"""Points of the curve that a fade follows between its ends."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GradientMask:
    """Two pictures of one size, a multiple of 8: when each cell is drawn, and (black) every cell that is at all."""

    denoise_mask: Image.Image
    expanded: Image.Image


def gradient_mask(
    mask: Image.Image, *, edge_radius: int, mode: CoherenceMode, minimum_denoise: float
) -> GradientMask:
    """A mask whose edge grows outwards over ``edge_radius`` pixels, fading, cell by cell of the latents.

    No cell of the edge is drawn less than ``minimum_denoise`` of the time. Staged edges are drawn exactly so much.
    """
    cells = mask.convert("L").resize(
        (max(1, mask.width // CELL), max(1, mask.height // CELL)), Image.Resampling.BILINEAR
    )
    before = np.array(cells, dtype=np.float64)
    after, radius = before, edge_radius // CELL
    if radius > 0:
        grown = 255 - _grown(255 - before, _kernel(radius, mode))
        threshold = (1 - minimum_denoise) * 255
        if mode == "Staged":
            reached = (grown < before) & (before > threshold)
            grown = np.where(reached, threshold, before)
        after = np.where((grown > threshold) & (grown < 255), threshold, grown)
    drawn = np.clip(after, 0, 255).astype(np.uint8)
    return GradientMask(_pixels(drawn), _pixels(np.where(drawn < 255, 0, 255).astype(np.uint8)))


def _kernel(radius: int, mode: CoherenceMode) -> Floats:
    """How much of a cell reaches its neighbours, by their distance: 1 in the middle, nothing beyond ``radius``."""
    steps = np.arange(-radius, radius + 1, dtype=np.float64)
    distance = np.hypot(steps[:, None], steps[None])
    if mode == "Box Blur":
        return np.maximum(1 - distance / radius, 0)
    weights = np.exp(-(distance**2) / (2 * (radius / SIGMAS) ** 2))
    return np.where(distance > radius, 0, weights)


def _grown(values: Floats, kernel: Floats) -> Floats:
    """The greatest of all neighbours, each weighed by ``kernel``."""
    reach = len(kernel) // 2
    padded = np.pad(values, reach)
    height, width = values.shape
    grown = np.zeros_like(values)
    for row, column in np.argwhere(kernel > 0):
        neighbours = padded[row : row + height, column : column + width]
        np.maximum(grown, neighbours * kernel[row, column], out=grown)
    return grown


def _pixels(cells: npt.NDArray[np.uint8]) -> Image.Image:
    height, width = cells.shape
    return Image.fromarray(cells).resize((width * CELL, height * CELL), Image.Resampling.NEAREST)


def expand_with_fade(mask: Image.Image, *, threshold: int, fade: int) -> Image.Image:
    """Black where ``mask`` is at most ``threshold``, from there to white over ``fade`` pixels; none: as it was."""
    import cv2

    if fade <= 0:
        return mask.convert("L")
    white = (np.array(mask.convert("L")) > threshold).astype(np.uint8) * 255
    if white.all():
        return Image.fromarray(white)
    distance = cv2.distanceTransform(white, cv2.DIST_L2, 5)
    points = np.array([(0.0, 0.0), (1 / fade, 0.0), *_FADE])
    curve = np.poly1d(np.polyfit(points[:, 0], points[:, 1], 3))
    share = np.clip(distance / fade, 0, 1)
    faded = np.where(share >= 1, 1.0, curve(share))
    faded[white == 0] = 0  # the curve of a short fade does not begin there by itself
    return Image.fromarray(np.clip(faded * 255, 0, 255).astype(np.uint8))


def mask_edge(mask: Image.Image, *, size: int, blur: int, low: int, high: int) -> Image.Image:
    """The edge of a mask in black on white, ``size`` pixels wide and blurred over ``blur``."""
    import cv2

    grey = np.array(mask.convert("L"))
    between = (255 * (1 - np.floor(np.abs(0.5 - grey.astype(np.float32) / 255) * 2))).astype(np.uint8)
    edge = between + cv2.Canny(grey, low, high).astype(np.uint8)
    wide = cv2.dilate(edge, np.ones((3, 3), np.uint8), iterations=size // 2)
    picture = Image.fromarray(np.asarray(wide, dtype=np.uint8))
    if blur > 0:
        picture = picture.filter(ImageFilter.BoxBlur(blur))
    return ImageOps.invert(picture)


def hidden_below(mask: Image.Image, limit: int) -> Image.Image:
    """White where ``mask`` is darker than ``limit``: what an inpainting model does not see of a picture."""
    return _yes(np.asarray(mask.convert("L")) < limit)


def dark(mask: Image.Image, cutoff: int, *, invert: bool) -> Image.Image:
    """White for yes: where a picture is darker than ``cutoff``."""
    return _yes((np.asarray(mask.convert("L")) < cutoff) != invert)


def opaque(image: Image.Image, *, invert: bool) -> Image.Image:
    """White for yes: where a picture is not transparent."""
    return _yes((np.asarray(image.convert("RGBA").getchannel("A")) > 0) != invert)


def rectangle(size: tuple[int, int], at: tuple[int, int], extent: tuple[int, int]) -> Image.Image:
    """White for yes: in a rectangle."""
    yes = np.zeros((size[1], size[0]), bool)
    yes[max(0, at[1]) : max(0, at[1] + extent[1]), max(0, at[0]) : max(0, at[0] + extent[0])] = True
    return _yes(yes)


def combined(one: Image.Image, other: Image.Image) -> Image.Image:
    """What either mask draws."""
    first, second = one.convert("L"), other.convert("L")
    return ImageChops.multiply(first, second.resize(first.size) if second.size != first.size else second)


def _yes(values: npt.NDArray[np.bool_]) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8) * 255)
