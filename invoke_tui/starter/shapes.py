"""Silhouettes as antialiased Pillow masks, one function for every shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

SUPERSAMPLE = 4

Point = tuple[float, float]


def _polar(n: int, radii: tuple[float, ...], turn: float = -90.0) -> list[Point]:
    """N points around (0.5, 0.5), the radii taken in turn; degrees clockwise from the x axis."""
    points = []
    for i in range(n):
        angle = math.radians(turn + 360.0 * i / n)
        radius = radii[i % len(radii)]
        points.append((0.5 + radius * math.cos(angle), 0.5 + radius * math.sin(angle)))
    return points


def _heart_points() -> list[Point]:
    points = []
    for i in range(72):
        t = 2 * math.pi * i / 72
        x = 16 * math.sin(t) ** 3
        y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append((0.5 + x / 33.0, 0.46 - y / 33.0))
    return points


Canvas = tuple[ImageDraw.ImageDraw, float]


def _disc(canvas: Canvas, cx: float, cy: float, radius: float, fill: int = 255) -> None:
    draw, s = canvas
    draw.ellipse([(cx - radius) * s, (cy - radius) * s, (cx + radius) * s, (cy + radius) * s], fill=fill)


def _poly(canvas: Canvas, points: list[Point], fill: int = 255) -> None:
    draw, s = canvas
    draw.polygon([(x * s, y * s) for x, y in points], fill=fill)


def _box(canvas: Canvas, x0: float, y0: float, x1: float, y1: float, fill: int = 255) -> None:
    draw, s = canvas
    draw.rectangle([x0 * s, y0 * s, x1 * s - 1, y1 * s - 1], fill=fill)


def _circle(c: Canvas) -> None:
    _disc(c, 0.5, 0.5, 0.5)


def _square(c: Canvas) -> None:
    _box(c, 0.06, 0.06, 0.94, 0.94)


def _triangle(c: Canvas) -> None:
    _poly(c, [(0.5, 0.04), (1.0, 0.94), (0.0, 0.94)])


def _star(c: Canvas) -> None:
    _poly(c, [(x, y + 0.03) for x, y in _polar(10, (0.53, 0.22))])


def _ring(c: Canvas) -> None:
    _disc(c, 0.5, 0.5, 0.5)
    _disc(c, 0.5, 0.5, 0.27, 0)


def _heart(c: Canvas) -> None:
    _poly(c, _heart_points())


def _diamond(c: Canvas) -> None:
    _poly(c, [(0.5, 0.0), (0.88, 0.5), (0.5, 1.0), (0.12, 0.5)])


def _moon(c: Canvas) -> None:
    _disc(c, 0.46, 0.5, 0.48)
    _disc(c, 0.68, 0.42, 0.40, 0)


def _flower(c: Canvas) -> None:
    for x, y in _polar(6, (0.31,)):
        _disc(c, x, y, 0.19)
    _disc(c, 0.5, 0.5, 0.2)


def _cross(c: Canvas) -> None:
    _box(c, 0.34, 0.03, 0.66, 0.97)
    _box(c, 0.03, 0.34, 0.97, 0.66)


def _house(c: Canvas) -> None:
    _poly(c, [(0.5, 0.02), (1.0, 0.45), (0.0, 0.45)])
    _box(c, 0.13, 0.44, 0.87, 0.96)


def _tree(c: Canvas) -> None:
    _poly(c, [(0.5, 0.0), (0.80, 0.40), (0.20, 0.40)])
    _poly(c, [(0.5, 0.20), (0.90, 0.76), (0.10, 0.76)])
    _box(c, 0.42, 0.74, 0.58, 1.0)


_PAINTERS: dict[str, Callable[[Canvas], None]] = {
    "circle": _circle, "square": _square, "triangle": _triangle, "star": _star,
    "ring": _ring, "heart": _heart, "diamond": _diamond, "moon": _moon,
    "flower": _flower, "cross": _cross, "house": _house, "tree": _tree,
}  # fmt: skip


def _details(shape: str, canvas: Canvas) -> None:
    """The parts drawn in a darker shade of the object's colour."""
    if shape == "house":
        _box(canvas, 0.42, 0.66, 0.58, 0.96)
        _poly(canvas, [(0.5, 0.02), (1.0, 0.45), (0.0, 0.45)])
    elif shape == "tree":
        _box(canvas, 0.42, 0.76, 0.58, 1.0)
    elif shape == "flower":
        _disc(canvas, 0.5, 0.5, 0.14)


def _blank(size: int) -> tuple[Image.Image, Canvas]:
    side = size * SUPERSAMPLE
    image = Image.new("L", (side, side), 0)
    return image, (ImageDraw.Draw(image), float(side))


@lru_cache(maxsize=4096)
def silhouette(shape: str, size: int) -> Image.Image:
    """The shape's mask ("L"), filling a square of ``size`` pixels."""
    image, canvas = _blank(size)
    _PAINTERS[shape](canvas)
    return image.reduce(SUPERSAMPLE)


@lru_cache(maxsize=4096)
def detail(shape: str, size: int) -> Image.Image | None:
    """Mask of the darker parts, or None where the shape has none."""
    if shape not in ("house", "tree", "flower"):
        return None
    image, canvas = _blank(size)
    _details(shape, canvas)
    return image.reduce(SUPERSAMPLE)


@lru_cache(maxsize=4096)
def outline(shape: str, size: int) -> Image.Image:
    """The silhouette's border, about 7 % of its size thick."""
    image, canvas = _blank(size)
    _PAINTERS[shape](canvas)
    half = image.reduce(2)
    width = max(3, round(size * 2 * 0.07) | 1)
    padded = Image.new("L", (half.width + 2, half.height + 2), 0)
    padded.paste(half, (1, 1))
    inner = padded
    for _ in range(max(1, (width - 1) // 2)):
        inner = inner.filter(ImageFilter.MinFilter(3))
    border = ImageChops.subtract(padded, inner).crop((1, 1, half.width + 1, half.height + 1))
    return border.reduce(2)
