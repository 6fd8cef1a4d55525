"""Which part of a picture is seen, and how large. Sizes are in pixels, of the picture or of the screen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

STEP: Final = math.sqrt(2)
"""How much larger one press makes a picture."""
LARGEST: Final = 32.0
"""Pixels of the screen that one of the picture may take, along one side."""
PAN: Final = 0.25
"""Part of what is seen that one press moves."""
NEARLY: Final = 1.01

Size = tuple[int, int]


class Box(NamedTuple):
    """Left, top, right and bottom in a picture; not always whole pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Look:
    """How closely, and where."""

    scale: float | None = None
    """Screen's pixels to one of the picture's; None is as large as there is room."""
    x: float = 0.5
    """What is in the middle, from 0 (left) to 1 (right)."""
    y: float = 0.5


def fit_scale(picture: Size, room: Size) -> float:
    """The scale that shows all of a picture as large as there is room."""
    return min(room[0] / picture[0], room[1] / picture[1])


def scale_of(look: Look, picture: Size, room: Size) -> float:
    """The scale of a look."""
    return look.scale or fit_scale(picture, room)


def visible(look: Look, picture: Size, room: Size) -> tuple[Box, Size]:
    """The part of a picture that is seen, and the size it takes on the screen."""
    scale = scale_of(look, picture, room)
    wide, left = _span(look.x, picture[0], room[0], scale)
    high, top = _span(look.y, picture[1], room[1], scale)
    size = max(1, min(room[0], round(wide * scale))), max(1, min(room[1], round(high * scale)))
    return Box(left, top, left + wide, top + high), size


def _span(middle: float, whole: int, room: int, scale: float) -> tuple[float, float]:
    """Length and start of what is seen along one side; never beyond the picture."""
    length = min(float(whole), room / scale)
    return length, min(max(0.0, middle * whole - length / 2), whole - length)


def larger_than(look: Look, picture: Size, room: Size) -> bool:
    """More of the picture is there than is seen."""
    scale = scale_of(look, picture, room)
    return picture[0] * scale > room[0] * NEARLY or picture[1] * scale > room[1] * NEARLY


def zoomed(look: Look, picture: Size, room: Size, steps: int) -> Look:
    """Some steps closer, or further away; it stops at 1:1 and where all is seen on its way."""
    fit = fit_scale(picture, room)
    before = scale_of(look, picture, room)
    after = before * STEP**steps
    for stop in (1.0, fit):
        if (before < stop / NEARLY and after > stop) or (before > stop * NEARLY and after < stop):
            after = stop
    after = min(LARGEST, max(after, min(fit, 1.0)))
    return settled(replace(look, scale=None if abs(after / fit - 1) < NEARLY - 1 else after), picture, room)


def panned(look: Look, picture: Size, room: Size, across: int, down: int) -> Look:
    """Some steps to the side; at the border it stays."""
    box, _ = visible(look, picture, room)
    x = look.x + across * PAN * (box.right - box.left) / picture[0]
    y = look.y + down * PAN * (box.bottom - box.top) / picture[1]
    return settled(replace(look, x=x, y=y), picture, room)


def settled(look: Look, picture: Size, room: Size) -> Look:
    """The same look with its middle where the middle of what is seen is."""
    box, _ = visible(look, picture, room)
    x, y = (box.left + box.right) / 2 / picture[0], (box.top + box.bottom) / 2 / picture[1]
    return replace(look, x=x, y=y)


def in_step(look: Look, first: Size, other: Size) -> Look:
    """The look at another picture that shows the same part of it, whatever its size is."""
    return look if look.scale is None else replace(look, scale=look.scale * first[0] / other[0])


def arranged(count: int, picture: Size, room: Size) -> tuple[int, int]:
    """Columns and rows in which so many pictures of one size are largest."""
    ways = [(columns, -(-count // columns)) for columns in range(1, count + 1)]
    return max(ways, key=lambda way: fit_scale(picture, (room[0] // way[0], room[1] // way[1])))
