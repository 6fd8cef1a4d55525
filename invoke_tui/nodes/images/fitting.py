"""Control pictures in the size that is drawn: edges stay thin, flat colours flat, everything else smooth.

The rules are those of the ControlNet extension that InvokeAI follows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image

from invoke_tui.domain.graph.fields import ResizeMode

Size = tuple[int, int]
FEW_COLOURS: Final = 200
"""A picture of fewer means something by each of them: it is a map, and no colour may arise between two."""
_ROUNDS: Final = 32
_CORNER: Final = ((0, -1, -1), (1, 1, -1), (0, 1, 0))
_SIDE: Final = ((-1, -1, -1), (0, 1, 0), (1, 1, 1))
_TIPS: Final = (((-1, -1, -1), (-1, 1, -1), (0, 0, -1)), ((-1, -1, -1), (-1, 1, -1), (-1, 0, 0)))


def fitted_control(image: Image.Image, size: Size, mode: ResizeMode) -> Image.Image:
    """A control picture in ``size``: stretched, cut, or with borders of the colour its own border has."""
    picture = image.convert("RGB")
    if mode == "just_resize_simple":
        return picture.resize(size, Image.Resampling.LANCZOS)
    if mode == "just_resize":
        return resized_by_content(picture, size)
    choose = min if mode == "fill_resize" else max
    scale = choose(size[0] / picture.width, size[1] / picture.height)
    inner = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    scaled = resized_by_content(picture, inner)
    left, top = ((size[axis] - inner[axis]) // 2 for axis in (0, 1))
    if mode == "crop_resize":
        return scaled.crop((-left, -top, size[0] - left, size[1] - top))
    ground = Image.new("RGB", size, _border_colour(picture))
    ground.paste(scaled, (max(0, left), max(0, top)))
    return ground


def resized_by_content(image: Image.Image, size: Size) -> Image.Image:
    """A picture in another size, by what it is: lines of one pixel stay lines of one pixel."""
    import cv2

    if image.size == size:
        return image
    pixels = np.asarray(image.convert("RGB"))
    colours = _colours(pixels)
    binary = colours == 2 and pixels.min() < 16 and pixels.max() > 240
    if 2 < colours < FEW_COLOURS:
        how = cv2.INTER_NEAREST
    elif size[0] * size[1] < image.width * image.height:
        how = cv2.INTER_AREA
    else:
        how = cv2.INTER_CUBIC
    resized = cv2.resize(pixels, size, interpolation=how)
    if not binary:
        return Image.fromarray(resized)
    grey = resized.astype(np.float32).mean(axis=2).clip(0, 255).astype(np.uint8)
    if lines := _is_of_lines(pixels):
        grey = _ridges(grey)
    _, grey = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return Image.fromarray(_thinned(grey) if lines else grey).convert("RGB")


def _colours(pixels: np.ndarray[Any, Any]) -> int:
    """How many colours there are; enough are enough."""
    wide = pixels.reshape(-1, 3).astype(np.uint32)
    codes = wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2]
    return int(np.unique(codes).size)


def _border_colour(image: Image.Image) -> tuple[int, int, int]:
    pixels = np.asarray(image)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = (int(value) for value in np.median(border, axis=0))
    return red, green, blue


def _is_of_lines(pixels: np.ndarray[Any, Any]) -> bool:
    """Whether most of what is white is too thin to survive an erosion."""
    import cv2

    square = np.ones((3, 3), np.uint8)
    opened = cv2.dilate(cv2.erode(pixels, square), square)
    return bool(2 * (opened < pixels).sum() > (pixels > 127).sum())


def _ridges(grey: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What is the highest of its line, in one direction at least."""
    import cv2

    straight = np.zeros((3, 3), np.uint8)
    straight[1] = 1
    slanted = np.eye(3, dtype=np.uint8)
    kept = np.zeros_like(grey)
    for line in (straight, straight.T, slanted, np.fliplr(slanted)):
        highest = cv2.dilate(grey, np.ascontiguousarray(line)) == grey
        kept[highest] = grey[highest]
    return kept


def _thinned(white: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Lines of one pixel, by taking away what matches the shape of an edge until nothing does."""
    for _ in range(_ROUNDS):
        smaller = _without(white, (_SIDE, _CORNER))
        if np.array_equal(smaller, white):
            break
        white = smaller
    return _without(white, _TIPS)


def _without(white: np.ndarray[Any, Any], shapes: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    import cv2

    for turn in range(4):
        for shape in shapes:
            kernel = np.ascontiguousarray(np.rot90(np.array(shape, np.int32), turn))
            white = cv2.subtract(white, cv2.morphologyEx(white, cv2.MORPH_HITMISS, kernel))
    return white
