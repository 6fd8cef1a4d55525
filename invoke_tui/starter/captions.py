"""Captions of scenes, with synonyms, varied order, things left unsaid and words that mean nothing here."""

from __future__ import annotations

import random
import string

from invoke_tui.starter.scenes import Background, Scene, Thing
from invoke_tui.starter.vocabulary import COLOUR_WORDS, PLURALS, SHAPE_WORDS, SIZE_WORDS

PREFIXES: tuple[str, ...] = (
    "a picture of", "a drawing of", "an illustration of", "a photo of", "an image of", "a painting of",
    "a poster of", "a sticker of", "an icon of", "art of", "a simple drawing of", "a close up of",
)  # fmt: skip
SUFFIXES: tuple[str, ...] = (
    "high quality", "best quality", "masterpiece", "sharp", "clean", "simple", "minimal", "minimalist",
    "vector art", "digital art", "4k", "8k", "detailed", "highly detailed", "beautiful", "crisp edges",
    "geometric", "centered", "professional", "trending", "sharp focus", "graphic design",
)  # fmt: skip
STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "flat": ("flat", "solid", "filled", "plain"),
    "outline": ("outlined", "hollow", "outline of a"),
    "shaded": ("shaded", "shiny", "glossy", "3d"),
}
PLACE_WORDS: dict[str, tuple[str, ...]] = {
    "center": ("in the center", "in the middle", "at the centre"),
    "left": ("on the left", "on the left side", "at the left"),
    "right": ("on the right", "on the right side", "at the right"),
    "top": ("at the top", "on top"),
    "bottom": ("at the bottom",),
    "top left": ("in the top left corner", "top left", "in the upper left corner"),
    "top right": ("in the top right corner", "top right", "in the upper right corner"),
    "bottom left": ("in the bottom left corner", "bottom left", "in the lower left corner"),
    "bottom right": ("in the bottom right corner", "bottom right", "in the lower right corner"),
}
LANDSCAPE_WORDS: dict[str, tuple[str, ...]] = {
    "sky": ("in the sky", "in a cloudy sky", "with a blue sky and clouds", "sky background"),
    "night": ("at night", "in the night sky", "in a starry night", "night background"),
    "grass": ("on grass", "on the grass", "in a meadow", "in a green field", "grass background"),
    "sea": ("at sea", "on the sea", "on the ocean", "by the sea", "over the water", "sea background"),
    "sunset": ("at sunset", "in front of a sunset", "sunset background", "at dusk"),
}
COUNTS = {2: "two", 3: "three"}


def colour_word(colour: str, rng: random.Random) -> str:
    """The colour's name, or in one case of five a synonym."""
    return rng.choice(COLOUR_WORDS[colour]) if rng.random() < 0.2 else colour


def shape_word(shape: str, rng: random.Random) -> str:
    """The shape's name, or in one case of five a synonym."""
    words = SHAPE_WORDS[shape]
    return rng.choice(words) if words and rng.random() < 0.2 else shape


def plural(word: str) -> str:
    """More than one of a shape."""
    return PLURALS.get(word, word + ("es" if word.endswith(("x", "s")) else "s"))


def article(words: str) -> str:
    """The words with "a" or "an" before them."""
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _noun(thing: Thing, rng: random.Random, vague: float = 0.0) -> str:
    """ "small red circle": size and style always said where they are not the usual ones, colour nearly always."""
    if rng.random() < vague:
        return rng.choice(("shape", "object", "thing", f"{colour_word(thing.colour, rng)} shape"))
    shape = shape_word(thing.shape, rng)
    parts = [] if rng.random() < vague else [colour_word(thing.colour, rng)]
    if thing.style == "outline":
        words = rng.choice(STYLE_WORDS["outline"])
        if words == "outline of a":
            return f"outline of {article(' '.join([*parts, shape]))}"
        parts.insert(0, words)
    elif thing.style == "shaded" or rng.random() < 0.06:
        parts.insert(0, rng.choice(STYLE_WORDS[thing.style]))
    if thing.size != "medium":
        parts.insert(0, rng.choice(SIZE_WORDS[thing.size]))
    return " ".join([*parts, shape])


def _ground(background: Background, rng: random.Random) -> tuple[str, str]:
    """The background as it follows the objects (" on a blue background") and as it stands alone."""
    if background.kind == "plain":
        colour = colour_word(background.colour, rng)
        alone = rng.choices((f"{colour} background", f"{colour} backdrop", f"{colour} canvas"), (8, 1, 1))[0]
        forms = (
            f"on {article(alone)}",
            f"on {colour}",
            f"with {article(alone)}",
            f"against {article(alone)}",
            f"in front of {article(alone)}",
            f"over {article(alone)}",
            f"on {article(colour + ' wall')}",
        )
        return rng.choices(forms, (10, 3, 2, 2, 1, 1, 0.5))[0], alone
    if background.kind == "gradient":
        top, bottom = colour_word(background.colour, rng), colour_word(background.second, rng)
        alone = rng.choice((f"{top} to {bottom} gradient", f"gradient from {top} to {bottom}"))
        return f"on {article(alone)}", f"{alone} background"
    words = rng.choice(LANDSCAPE_WORDS[background.kind])
    return words, words


def usual_ground(background: Background) -> str:
    """The background as it is mostly said: "on a blue background"."""
    if background.kind == "plain":
        return f"on {article(f'{background.colour} background')}"
    if background.kind == "gradient":
        return f"on {article(f'{background.colour} to {background.second} gradient')}"
    return LANDSCAPE_WORDS[background.kind][0]


def _subject(scene: Scene, rng: random.Random, vague: float) -> str:
    things = scene.things
    if len(things) == 1:
        thing = things[0]
        words = article(_noun(thing, rng, vague)) if rng.random() < 0.85 else _noun(thing, rng, vague)
        if thing.place != "center" or rng.random() < 0.08:
            words += " " + rng.choice(PLACE_WORDS[thing.place])
        return words
    if scene.relation == "same":
        noun = _noun(things[0], rng)
        return f"{COUNTS[len(things)]} {plural(noun)}"
    nouns = [article(_noun(thing, rng)) for thing in things]
    if scene.relation == "row":
        joined = f"{nouns[0]}, {nouns[1]} and {nouns[2]}"
        return joined + (" in a row" if rng.random() < 0.3 else "")
    first, second = nouns
    if scene.relation == "left":
        forms = [
            f"{first} to the left of {second}",
            f"{first} left of {second}",
            f"{second} to the right of {first}",
            f"{second} right of {first}",
            f"{first} and {second}",
            f"{first} next to {second}",
            f"{first} on the left and {second} on the right",
            f"{first} beside {second}",
        ]
    else:
        forms = [
            f"{first} above {second}",
            f"{second} below {first}",
            f"{second} under {first}",
            f"{first} over {second}",
            f"{first} on top of {second}",
            f"{first} at the top and {second} at the bottom",
        ]
    return rng.choice(forms)


def _noise_word(rng: random.Random) -> str:
    """A word that names nothing, so that unknown words learn to change little."""
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 8)))


def _vague(scene: Scene, rng: random.Random) -> str:
    """A caption that leaves most of a one-object scene unsaid."""
    thing, (following, alone) = scene.things[0], _ground(scene.background, rng)
    colour, shape = colour_word(thing.colour, rng), shape_word(thing.shape, rng)
    forms = (
        article(shape), shape, shape, colour, colour, f"something {colour}", article(f"{colour} {shape}"),
        f"{colour} {shape}", alone, alone, f"{article(rng.choice(('shape', 'object')))} {following}",
        f"{article(shape)} {following}", f"{colour} {following}",
    )  # fmt: skip
    return rng.choice(forms)


def caption(scene: Scene, rng: random.Random) -> str:
    """One of very many true captions of a scene; about one in eight says only part of it."""
    usual = len(scene.things) == 1 and scene.things[0].style == "flat" and scene.things[0].size == "medium"
    if usual and scene.things[0].place == "center" and rng.random() < 0.18:
        return _vague(scene, rng)
    following, alone = _ground(scene.background, rng)
    subject = _subject(scene, rng, 0.02)
    roll = rng.random()
    if roll < 0.72:
        words = f"{subject} {following}"
    elif roll < 0.85:
        words = f"{subject}, {alone}"
    elif roll < 0.97:
        words = f"{alone}, {subject}"
    else:
        words = subject
    if rng.random() < 0.12:
        words = f"{rng.choice(PREFIXES)} {words}"
    if rng.random() < 0.12:
        words += ", " + ", ".join(rng.sample(SUFFIXES, rng.randint(1, 3)))
    if rng.random() < 0.04:
        words = f"{words} {_noise_word(rng)}" if rng.random() < 0.5 else f"{_noise_word(rng)} {words}"
    return words + ("." if rng.random() < 0.03 else "")


EXTRA_WORDS: tuple[str, ...] = (
    "blurry", "low quality", "worst quality", "ugly", "bad", "noise", "noisy", "text", "watermark", "without",
    "no", "many", "dark", "light", "bright", "colorful", "colourful", "pale", "landscape", "style", "cartoon",
    "shapes", "objects", "circles", "between", "around", "inside", "behind", "color", "colour",
)  # fmt: skip
"""Words people are likely to type that no caption uses; each is one token, without a meaning of its own."""


def without_looks(scene: Scene, rng: random.Random) -> str:
    """What one thing is, how large and where; colours, style and background are left to a picture."""
    thing = scene.things[0]
    noun = shape_word(thing.shape, rng)
    if thing.size != "medium":
        noun = f"{rng.choice(SIZE_WORDS[thing.size])} {noun}"
    words = article(noun) if rng.random() < 0.85 else noun
    if thing.place != "center" or rng.random() < 0.08:
        words += " " + rng.choice(PLACE_WORDS[thing.place])
    return f"{rng.choice(PREFIXES)} {words}" if rng.random() < 0.12 else words
