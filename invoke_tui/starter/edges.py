"""Edges the way Canny's detector draws them: white lines, one pixel wide, on black."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

LOW, HIGH = 100.0, 200.0
"""Thresholds of the gradient (sum of both directions' Sobel answers): lines begin above HIGH and go on above LOW."""


def canny(picture: Image.Image, low: float = LOW, high: float = HIGH) -> Image.Image:
    """The edges ("L", 0 or 255) of an RGB picture; the channel that changes most decides each pixel."""
    values = np.asarray(picture.convert("RGB"), np.float64)
    across = np.stack([ndimage.sobel(values[..., i], axis=1, mode="nearest") for i in range(3)], axis=-1)
    down = np.stack([ndimage.sobel(values[..., i], axis=0, mode="nearest") for i in range(3)], axis=-1)
    strength = np.abs(across) + np.abs(down)
    channel = strength.argmax(axis=-1)[..., None]
    dx, dy, steep = (np.take_along_axis(v, channel, axis=-1)[..., 0] for v in (across, down, strength))
    kept = np.where(_is_ridge(dx, dy, steep), steep, 0)
    lines, count = ndimage.label(kept > low, np.ones((3, 3)))
    sure = np.zeros(count + 1, bool)
    sure[np.unique(lines[kept > high])] = True
    sure[0] = False
    return Image.fromarray(sure[lines].astype(np.uint8) * 255)


def _is_ridge(
    dx: npt.NDArray[np.float64], dy: npt.NDArray[np.float64], steep: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Where the gradient is the largest along its own direction, rounded to eighths of a turn."""
    padded = np.pad(steep, 1)
    height, width = steep.shape

    def beside(y: int, x: int) -> npt.NDArray[np.float64]:
        return padded[1 + y : 1 + y + height, 1 + x : 1 + x + width]

    flat, upright = np.abs(dy) < 0.4142 * np.abs(dx), np.abs(dx) < 0.4142 * np.abs(dy)
    falling = dx * dy > 0
    before = np.select(
        [flat, upright, falling], [beside(0, -1), beside(-1, 0), beside(-1, -1)], beside(-1, 1)
    )
    after = np.select([flat, upright, falling], [beside(0, 1), beside(1, 0), beside(1, 1)], beside(1, -1))
    ridge: npt.NDArray[np.bool_] = (steep > before) & (steep >= after)
    return ridge
