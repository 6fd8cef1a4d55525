"""Masks to learn inpainting with: around an object, anywhere, along a side, a stroke of the brush, everything."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from invoke_tui.starter.scenes import SIDE, Scene, Thing

Box = tuple[float, float, float, float]


def around(thing: Thing, rng: random.Random, side: int = SIDE) -> Box:
    """A box that holds an object whole, with 2 to 24 pixels of room on each side."""
    half = thing.span * side / 2
    x, y = thing.x * side, thing.y * side
    left, top, right, bottom = (half + rng.uniform(2, 24) for _ in range(4))
    return x - left, y - top, x + right, y + bottom


def _anywhere(rng: random.Random, side: int) -> Box:
    width, height = rng.uniform(24, 100), rng.uniform(24, 100)
    x, y = rng.uniform(-10, side - 14), rng.uniform(-10, side - 14)
    return x, y, x + width, y + height


def _along_a_side(rng: random.Random, side: int) -> Box:
    depth = rng.uniform(16, 88)
    strips: tuple[Box, ...] = (
        (0, 0, depth, side), (side - depth, 0, side, side), (0, 0, side, depth), (0, side - depth, side, side),
    )  # fmt: skip
    return rng.choice(strips)


def random_mask(scene: Scene, rng: random.Random, side: int = SIDE) -> npt.NDArray[np.uint8]:
    """(side, side) of 0 and 255; 255 is to be painted anew."""
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    kind = rng.choices(("object", "anywhere", "side", "stroke", "all"), (50, 18, 14, 8, 10))[0]
    if kind == "all":
        mask.paste(255, (0, 0, side, side))
    elif kind == "side":
        draw.rectangle(_along_a_side(rng, side), fill=255)
    elif kind == "stroke":
        points = [(rng.uniform(0, side), rng.uniform(0, side)) for _ in range(3)]
        draw.line(points, fill=255, width=rng.randint(12, 40), joint="curve")
    else:
        box = around(rng.choice(scene.things), rng, side) if kind == "object" else _anywhere(rng, side)
        paint = draw.ellipse if kind == "anywhere" and rng.random() < 0.5 else draw.rectangle
        paint(box, fill=255)
    return np.asarray(mask)
