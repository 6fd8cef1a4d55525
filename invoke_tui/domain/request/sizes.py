"""Sizes to draw in."""

from __future__ import annotations

from collections.abc import Collection
from math import floor
from typing import Final

_PAIRS: Final = (
    (512, 2048), (512, 1984), (512, 1920), (512, 1856), (576, 1792), (576, 1728), (576, 1664), (640, 1600),
    (640, 1536), (704, 1472), (704, 1408), (704, 1344), (768, 1344), (768, 1280), (832, 1216), (832, 1152),
    (896, 1152), (896, 1088), (960, 1088), (960, 1024), (1024, 1024),
)  # fmt: skip
SDXL_SIZES: Final = frozenset((*_PAIRS, *((height, width) for width, height in _PAIRS)))
"""The sizes SDXL was trained in (Podell et al., arXiv 2307.01952, appendix I)."""


def to_grid(side: float, grid: int) -> int:
    """The nearest multiple of ``grid``, at least one."""
    return max(grid, floor(side / grid + 0.5) * grid)


def scaled_size(
    width: int, height: int, *, optimal: int, grid: int, good: Collection[tuple[int, int]] = ()
) -> tuple[int, int]:
    """The size a picture is best drawn in before it is put back: InvokeAI's "scale before processing: auto".

    Sides are multiples of ``grid``, and the area is at least that of the ``optimal`` square in which the model draws
    best; the shape stays what it was. Sizes that are ``good`` as they are stay.
    """
    if (width, height) in good:
        return width, height
    width, height = to_grid(width, grid), to_grid(height, grid)
    area = optimal * optimal
    if width * height >= area:
        return width, height
    if width == height:
        return optimal, optimal
    longer, ratio = optimal - grid, min(width, height) / max(width, height)
    shorter = to_grid(longer * ratio, grid)
    while longer * shorter < area:
        longer += grid
        shorter = to_grid(longer * ratio, grid)
    return (longer, shorter) if width > height else (shorter, longer)


def shrunk(width: int, height: int, *, most: int, grid: int) -> tuple[int, int]:
    """The largest size of this shape with an area of about ``most`` at the most."""
    factor = min(1.0, (most / (width * height)) ** 0.5)
    return to_grid(width * factor, grid), to_grid(height * factor, grid)
