"""Control pictures made of pictures, without networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from PIL import Image

SHUFFLE_SEED: Final = 0
"""Shuffled pictures come out the same every time; InvokeAI's differ."""


def canny(image: Image.Image, low: int = 100, high: int = 200) -> Image.Image:
    """Edges in white: those stronger than ``high``, and those above ``low`` that touch them."""
    import cv2

    return Image.fromarray(cv2.Canny(np.array(image.convert("RGB")), low, high))


def colour_map(image: Image.Image, tile_size: int = 64) -> Image.Image:
    """Squares of one colour each."""
    import cv2

    pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    tiles = (width // min(tile_size, width), height // min(tile_size, height))
    small = cv2.resize(pixels, tiles, interpolation=cv2.INTER_CUBIC)
    return Image.fromarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST))


def shuffled(image: Image.Image, scale: int = 256) -> Image.Image:
    """The picture warped by smooth noise with features of ``scale`` pixels: colours stay, shapes go."""
    import cv2

    pixels = np.asarray(image.convert("RGB"))
    height, width = pixels.shape[:2]
    drawn = np.random.default_rng(SHUFFLE_SEED)
    across, down = (_smooth_noise(drawn, height, width, max(scale, 1)) for _ in range(2))
    across, down = across * (width - 1), down * (height - 1)
    return Image.fromarray(cv2.remap(pixels, across, down, cv2.INTER_LINEAR))


def without_details(image: Image.Image, rate: float = 4.0) -> Image.Image:
    """The picture made smaller by ``rate`` and large again: what remains are its colours and large shapes."""
    whole = image.convert("RGB")
    small = whole.resize(
        (max(1, round(whole.width / rate)), max(1, round(whole.height / rate))), Image.Resampling.BOX
    )
    return small.resize(whole.size, Image.Resampling.BICUBIC)


def _smooth_noise(drawn: np.random.Generator, height: int, width: int, scale: int) -> np.ndarray[Any, Any]:
    """Noise from 0 to 1 that changes over ``scale`` pixels."""
    import cv2

    coarse = drawn.random((height // scale + 2, width // scale + 2))
    wide = cv2.resize(coarse, (width + 2 * scale, height + 2 * scale), interpolation=cv2.INTER_CUBIC)
    noise = wide[scale : scale + height, scale : scale + width]
    noise = noise - noise.min()
    spread: np.ndarray[Any, Any] = (noise / max(noise.max(), 1e-9)).astype(np.float32)
    return spread


BY_NAME: Final[dict[str, Callable[[Image.Image], Image.Image]]] = {
    "canny": canny,
    "color_map": colour_map,
    "content_shuffle": shuffled,
    "tile": without_details,
}
"""Those above by the names of their filters."""
