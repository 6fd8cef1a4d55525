"""Scenes of one to three coloured shapes: what is in them, how they are drawn, how they are drawn at random."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from invoke_tui.starter import shapes
from invoke_tui.starter.vocabulary import COLOURS, LANDSCAPES, PLACES, RGB, SHAPES, is_held_out

SIDE = 128
"""Width and height of a training picture, in pixels."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object. ``x``, ``y`` (its centre) and ``span`` (its width) are fractions of the picture."""

    shape: str
    colour: str
    size: str = "medium"
    place: str = "center"
    x: float = 0.5
    y: float = 0.5
    span: float = 0.56
    style: str = "flat"


@dataclass(frozen=True, slots=True)
class Background:
    """``kind`` is "plain" (one colour), "gradient" (two, top to bottom) or a landscape's name."""

    kind: str = "plain"
    colour: str = "white"
    second: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Things on a background; ``relation`` is how the first stands to the second ("left", "above", "row", "")."""

    things: tuple[Thing, ...]
    background: Background
    relation: str = ""

    def triples(self) -> list[tuple[str, str, str]]:
        """Every (colour, shape, background colour) that the picture shows."""
        grounds = [self.background.colour] if self.background.kind == "plain" else []
        return [(thing.colour, thing.shape, ground) for thing in self.things for ground in grounds]

    def is_usual(self) -> bool:
        """Whether it is one flat object of medium size in the middle of one colour."""
        thing, plain = self.things[0], self.background.kind == "plain"
        return (
            plain
            and len(self.things) == 1
            and (thing.style, thing.size, thing.place) == ("flat", "medium", "center")
        )

    def allowed(self) -> bool:
        """False where the scene shows a combination kept for the evaluation."""
        return not any(is_held_out(*triple) for triple in self.triples())


def _jitter(colour: RGB, rng: random.Random, amount: int = 7) -> RGB:
    red, green, blue = (max(0, min(255, v + rng.randint(-amount, amount))) for v in colour)
    return red, green, blue


def _mix(a: RGB, b: RGB, share: float) -> RGB:
    red, green, blue = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return red, green, blue


def _vertical(top: RGB, bottom: RGB, side: int, start: float = 0.0, end: float = 1.0) -> Image.Image:
    ramp = np.clip((np.linspace(0, 1, side) - start) / max(end - start, 1e-6), 0, 1)[:, None, None]
    column = np.array(top, float) * (1 - ramp) + np.array(bottom, float) * ramp
    return Image.fromarray(np.broadcast_to(column, (side, side, 3)).astype(np.uint8))


def _clouds(image: Image.Image, rng: random.Random, side: int) -> None:
    big = Image.new("L", (side * 2, side * 2), 0)
    draw = ImageDraw.Draw(big)
    for _ in range(rng.randint(2, 3)):
        x, y, r = rng.uniform(0.05, 0.95), rng.uniform(0.06, 0.3), rng.uniform(0.05, 0.08)
        for dx, dy, k in ((-1.2, 0.25, 0.8), (0.0, 0.0, 1.1), (1.2, 0.25, 0.8)):
            cx, cy, cr = (x + dx * r) * side * 2, (y + dy * r) * side * 2, k * r * side * 2
            draw.ellipse([cx - cr, cy - cr * 0.8, cx + cr, cy + cr * 0.8], fill=255)
    image.paste((250, 250, 252), (0, 0), big.reduce(2))


def _landscape(kind: str, rng: random.Random, side: int) -> Image.Image:
    if kind == "night":
        image = _vertical((12, 14, 48), (38, 36, 88), side)
        draw = ImageDraw.Draw(image)
        for _ in range(rng.randint(18, 28)):
            x, y = rng.uniform(0, side), rng.uniform(0, side)
            r = rng.choice((0.8, 0.8, 1.3)) * side / 128
            draw.ellipse([x - r, y - r, x + r, y + r], fill=(245, 240, 200))
        return image
    if kind == "sunset":
        return _vertical((95, 45, 130), (252, 160, 60), side)
    image = _vertical((105, 175, 240), (190, 222, 250), side)
    if kind == "sky":
        _clouds(image, rng, side)
        return image
    horizon = rng.uniform(0.6, 0.66)
    top, bottom = ((90, 175, 75), (50, 130, 50)) if kind == "grass" else ((40, 120, 185), (15, 65, 135))
    ground = _vertical(top, bottom, side, horizon, 1.0)
    start = round(horizon * side)
    image.paste(ground.crop((0, start, side, side)), (0, start))
    if kind == "grass" and rng.random() < 0.5:
        _clouds(image, rng, side)
    return image


def _ground(background: Background, rng: random.Random, side: int) -> Image.Image:
    if background.kind == "plain":
        return Image.new("RGB", (side, side), _jitter(COLOURS[background.colour], rng))
    if background.kind == "gradient":
        return _vertical(COLOURS[background.colour], COLOURS[background.second], side)
    return _landscape(background.kind, rng, side)


def _shade(colour: RGB) -> RGB:
    """A darker neighbour of a colour; black's is lighter, so that details stay visible."""
    return _mix(colour, (0, 0, 0), 0.35) if sum(colour) > 110 else _mix(colour, (255, 255, 255), 0.25)


def _spot(thing: Thing, side: int) -> tuple[int, tuple[int, int]]:
    """Width of an object and its upper left corner, in pixels."""
    size = max(6, round(thing.span * side))
    return size, (round(thing.x * side - size / 2), round(thing.y * side - size / 2))


def _paint(image: Image.Image, thing: Thing, colour: RGB, side: int) -> None:
    size, corner = _spot(thing, side)
    if thing.style == "outline":
        image.paste(colour, corner, shapes.outline(thing.shape, size))
        return
    mask = shapes.silhouette(thing.shape, size)
    if thing.style == "shaded":
        yy, xx = np.mgrid[0:size, 0:size] / size
        light = np.clip(1.15 - 1.25 * np.hypot(xx - 0.32, yy - 0.28), 0, 1)[..., None] ** 1.3
        dark, bright = (
            np.array(_mix(colour, (0, 0, 0), 0.4), float),
            np.array(_mix(colour, (255, 255, 255), 0.35)),
        )
        image.paste(Image.fromarray((dark * (1 - light) + bright * light).astype(np.uint8)), corner, mask)
        return
    image.paste(colour, corner, mask)
    darker = shapes.detail(thing.shape, size)
    if darker is not None:
        image.paste(_shade(colour), corner, darker)


def cover(scene: Scene, side: int = SIDE) -> Image.Image:
    """Mask ("L") of everything that the scene's objects cover, hollow ones taken as filled."""
    mask = Image.new("L", (side, side), 0)
    for thing in scene.things:
        size, corner = _spot(thing, side)
        shape = shapes.silhouette(thing.shape, size)
        mask.paste(255, corner, shape)
    return mask


def _border(scene: Scene, side: int, width: float) -> Image.Image:
    """Mask of the objects and of ``width`` pixels around them, with round corners."""
    outside = ndimage.distance_transform_edt(np.asarray(cover(scene, side)) < 128)
    return Image.fromarray((np.clip(width + 0.5 - outside, 0, 1) * 255).astype(np.uint8))


def draw(scene: Scene, seed: int = 0, side: int = SIDE, border: float = 0) -> Image.Image:
    """The scene as an RGB picture of ``side`` pixels; the seed moves colours and clouds slightly.

    With a ``border`` the objects are stickers: cut out of white with so many pixels around them.
    """
    rng = random.Random(seed)
    image = _ground(scene.background, rng, side)
    if border:
        image.paste(COLOURS["white"], (0, 0), _border(scene, side, border))
    shades: dict[str, RGB] = {}
    for thing in scene.things:
        colour = shades.setdefault(thing.colour, _jitter(COLOURS[thing.colour], rng))
        _paint(image, thing, colour, side)
    return image


_SPANS = {"small": (0.2, 0.27), "medium": (0.52, 0.62), "large": (0.78, 0.88)}
_PAIR_SPANS = {"small": (0.19, 0.23), "medium": (0.33, 0.39), "large": (0.44, 0.48)}


def _background(rng: random.Random) -> Background:
    roll = rng.random()
    if roll < 0.80:
        return Background("plain", rng.choice(list(COLOURS)))
    if roll < 0.86:
        first, second = rng.sample(list(COLOURS), 2)
        return Background("gradient", first, second)
    return Background(rng.choice(LANDSCAPES), "")


def _style(rng: random.Random) -> str:
    return rng.choices(("flat", "outline", "shaded"), (88, 5, 7))[0]


def _thing(rng: random.Random, ground: Background) -> Thing:
    banned = {ground.colour, ground.second}
    colour = rng.choice([name for name in COLOURS if name not in banned])
    return Thing(rng.choice(SHAPES), colour)


def _single(rng: random.Random, ground: Background) -> Scene:
    thing = replace(_thing(rng, ground), style=_style(rng))
    roll = rng.random()
    size = "medium" if roll < 0.7 else rng.choice(("small", "large"))
    place = "center" if size == "large" or rng.random() < 0.8 else rng.choice(list(PLACES))
    if place != "center" and size == "medium":
        low, high = 0.36, 0.42
    else:
        low, high = _SPANS[size]
    x, y = PLACES[place]
    spread = 0.02 if place == "center" else 0.03
    return Scene(
        (
            replace(
                thing,
                size=size,
                place=place,
                x=x + rng.uniform(-spread, spread),
                y=y + rng.uniform(-spread, spread),
                span=rng.uniform(low, high),
            ),
        ),
        ground,
    )


def _sized(
    thing: Thing, rng: random.Random, x: float, y: float, spans: dict[str, tuple[float, float]]
) -> Thing:
    size = rng.choices(("medium", "small", "large"), (80, 10, 10))[0]
    low, high = spans[size]
    return replace(
        thing,
        size=size,
        x=x + rng.uniform(-0.02, 0.02),
        y=y + rng.uniform(-0.02, 0.02),
        span=rng.uniform(low, high),
    )


def _pair(rng: random.Random, ground: Background) -> Scene:
    relation = rng.choice(("left", "above", "same"))
    first, second = _thing(rng, ground), _thing(rng, ground)
    if relation == "same":
        thing = replace(first, span=rng.uniform(0.33, 0.39))
        return Scene((replace(thing, x=0.27), replace(thing, x=0.73)), ground, relation)
    style = _style(rng)
    first, second = replace(first, style=style), replace(second, style=style)
    ends = ((0.27, 0.5), (0.73, 0.5)) if relation == "left" else ((0.5, 0.27), (0.5, 0.73))
    things = (_sized(first, rng, *ends[0], _PAIR_SPANS), _sized(second, rng, *ends[1], _PAIR_SPANS))
    return Scene(things, ground, relation)


def _trio(rng: random.Random, ground: Background) -> Scene:
    same = rng.random() < 0.5
    first = _thing(rng, ground)
    things = [first if same else _thing(rng, ground) for _ in range(3)]
    placed = [
        replace(thing, x=x, y=0.5 + rng.uniform(-0.015, 0.015), span=0.27)
        for thing, x in zip(things, (0.18, 0.5, 0.82), strict=True)
    ]
    return Scene(tuple(placed), ground, "same" if same else "row")


def sample(rng: random.Random) -> Scene:
    """A random scene of the training distribution, free of held-out combinations."""
    while True:
        ground = _background(rng)
        roll = rng.random()
        if roll < 0.72:
            scene = _single(rng, ground)
        elif roll < 0.94:
            scene = _pair(rng, ground)
        else:
            scene = _trio(rng, ground)
        if scene.allowed():
            return scene
