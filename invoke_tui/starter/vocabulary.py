"""Names of everything a scene can hold, their synonyms, and the combinations kept out of training."""

from __future__ import annotations

import hashlib
from functools import lru_cache

RGB = tuple[int, int, int]

COLOURS: dict[str, RGB] = {
    "red": (220, 35, 40),
    "green": (45, 160, 65),
    "blue": (40, 75, 215),
    "yellow": (250, 220, 55),
    "orange": (245, 135, 25),
    "purple": (125, 50, 165),
    "pink": (245, 150, 195),
    "cyan": (60, 205, 215),
    "white": (245, 245, 245),
    "black": (22, 22, 26),
    "brown": (120, 75, 40),
    "gray": (135, 138, 142),
}
"""Colour name to its reference value; drawn colours stray a few levels from it."""

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("crimson", "scarlet"),
    "green": ("emerald",),
    "blue": ("azure", "navy"),
    "yellow": ("golden", "lemon"),
    "orange": ("tangerine",),
    "purple": ("violet",),
    "pink": ("rose",),
    "cyan": ("turquoise", "teal"),
    "white": ("snowy",),
    "black": ("ebony",),
    "brown": ("chocolate",),
    "gray": ("grey", "grey"),
}

SHAPES: tuple[str, ...] = (
    "circle", "square", "triangle", "star", "ring", "heart",
    "diamond", "moon", "flower", "cross", "house", "tree",
)  # fmt: skip

SHAPE_WORDS: dict[str, tuple[str, ...]] = {
    "circle": ("disc", "dot", "ball"),
    "square": ("box", "block"),
    "triangle": ("pyramid",),
    "star": (),
    "ring": ("hoop", "donut"),
    "heart": ("love heart",),
    "diamond": ("rhombus",),
    "moon": ("crescent",),
    "flower": ("blossom",),
    "cross": ("plus sign",),
    "house": ("home", "cottage"),
    "tree": ("fir", "pine"),
}

PLURALS: dict[str, str] = {"cross": "crosses"}
SIZES: tuple[str, ...] = ("small", "medium", "large")
SIZE_WORDS: dict[str, tuple[str, ...]] = {
    "small": ("small", "tiny", "little"),
    "large": ("large", "big", "huge"),
}
STYLES: tuple[str, ...] = ("flat", "outline", "shaded")
PLACES: dict[str, tuple[float, float]] = {
    "center": (0.5, 0.5),
    "left": (0.24, 0.5),
    "right": (0.76, 0.5),
    "top": (0.5, 0.25),
    "bottom": (0.5, 0.75),
    "top left": (0.25, 0.25),
    "top right": (0.75, 0.25),
    "bottom left": (0.25, 0.75),
    "bottom right": (0.75, 0.75),
}
"""Place name to the object's centre, as fractions of the picture's width and height."""

LANDSCAPES: tuple[str, ...] = ("sky", "night", "grass", "sea", "sunset")

HELD_OUT_SHARE = 6
"""One combination in this many is kept out of training."""

Triple = tuple[str, str, str]


def _rank(triple: Triple) -> int:
    return int.from_bytes(hashlib.sha256("|".join(triple).encode()).digest()[:8], "big")


@lru_cache(maxsize=1)
def held_out() -> tuple[Triple, ...]:
    """(colour, shape, background colour) never drawn for training, in a fixed order; more than 200."""
    triples = [
        (colour, shape, background)
        for colour in COLOURS
        for shape in SHAPES
        for background in COLOURS
        if colour != background
    ]
    chosen = [triple for triple in triples if _rank(triple) % HELD_OUT_SHARE == 0]
    allowed = [triple for triple in chosen if triple != ("red", "circle", "blue")]
    return tuple(sorted(allowed, key=_rank))


@lru_cache(maxsize=1)
def _held_out_set() -> frozenset[Triple]:
    return frozenset(held_out())


def is_held_out(colour: str, shape: str, background: str) -> bool:
    """Whether this combination may only appear in the evaluation."""
    return (colour, shape, background) in _held_out_set()
