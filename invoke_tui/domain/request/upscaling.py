"""Upscaling: what is asked for, the sizes that come of it, and what is too much."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.creative import CreativeRequest

MOST_PIXELS: Final = 2**26
"""Of a picture that upscaling makes, on the way to its size as well: 8,192 x 8,192."""
MOST_SCALE: Final = 16.0
MOST_PICTURES: Final = 10_000
"""Of one batch."""
TILE_SIZE: Final = 512
"""Side of the tiles a picture is upscaled in, in its own pixels."""


def target_size(width: int, height: int, scale: float, *, multiple_of_8: bool = False) -> tuple[int, int]:
    """Width and height after scaling; at least one pixel, or eight."""
    grid = 8 if multiple_of_8 else 1
    return max(grid, int(width * scale) // grid * grid), max(grid, int(height * scale) // grid * grid)


def check_size(width: int, height: int, name: str = "The picture") -> None:
    """Raise ``BadInputError`` where a picture of that size would be more than upscaling makes."""
    if width * height > MOST_PIXELS:
        raise BadInputError(
            f"{name} would become {width} x {height} pixels; the most are {MOST_PIXELS / 1e6:.0f} million.",
            hint="Take a smaller scale or a smaller picture.",
            code="too_large",
        )


class UpscaleRequest(Record):
    """Pictures of the gallery to make larger, one item each."""

    images: list[str] = Field(min_length=1, max_length=MOST_PICTURES, description="Names in the gallery")
    model: str | None = Field(
        default=None, description="Upscaler by name or key; empty: the only or first one"
    )
    scale: float | None = Field(
        default=None,
        gt=0,
        le=MOST_SCALE,
        description="Times as large; empty: what the upscaler makes by itself",
    )
    tile_size: int = Field(
        default=TILE_SIZE,
        ge=0,
        le=8192,
        description="Side of the tiles in pixels of the picture; 0: in one piece",
    )
    fit_to_multiple_of_8: bool = Field(default=False, description="Round the sides down to multiples of 8")
    creative: CreativeRequest | None = Field(
        default=None, description="Draw the enlarged picture again, in tiles; none: leave it as it is"
    )
    board: str | None = None
