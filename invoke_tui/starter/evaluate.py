"""Scores a generator on prompts whose combination of colour, shape and background it has never seen."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from PIL import Image

from invoke_tui.starter.measure import Reading, measure
from invoke_tui.starter.vocabulary import Triple, held_out

Generate = Callable[[str, str, int], Image.Image]
"""(prompt, negative prompt, seed) to a picture."""

GenerateMany = Callable[[Sequence[tuple[str, str, int]]], Sequence[Image.Image]]
"""The same for several at a time, in order."""

DEFAULT_PROMPTS = 200


@dataclass(frozen=True, slots=True)
class Score:
    """Shares (0..1) of prompts whose picture shows what was asked."""

    prompts: int
    colour: float
    shape: float
    background: float
    all_three: float
    missed: dict[str, int] = field(default_factory=dict)
    """How often each ``asked > seen`` went wrong, the most frequent first."""

    def to_json(self) -> str:
        """The score as indented JSON."""
        return json.dumps(asdict(self), indent=2)


def prompt_of(triple: Triple) -> str:
    """The sentence that asks for a combination."""
    colour, shape, background = triple
    first = f"{'an' if colour[0] in 'aeiou' else 'a'} {colour} {shape}"
    return f"{first} on {'an' if background[0] in 'aeiou' else 'a'} {background} background"


def score(triples: Sequence[Triple], readings: Sequence[Reading]) -> Score:
    """Compare what was asked with what was read from the pictures."""
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for (colour, shape, background), seen in zip(triples, readings, strict=True):
        pairs = {
            "colour": (colour, seen.colour),
            "shape": (shape, seen.shape),
            "back": (background, seen.background),
        }
        for name, (asked, found) in pairs.items():
            right[name] += asked == found
            if asked != found:
                missed[f"{name}: {asked} > {found or 'nothing'}"] += 1
        right["all"] += all(asked == found for asked, found in pairs.values())
    n = len(triples)
    return Score(
        n,
        right["colour"] / n,
        right["shape"] / n,
        right["back"] / n,
        right["all"] / n,
        dict(missed.most_common(30)),
    )


def evaluate(generate: Generate, prompts: int = DEFAULT_PROMPTS, seed: int = 0) -> Score:
    """Generate and read one picture for each of the first held-out combinations."""
    triples = held_out()[:prompts]
    pictures = [generate(prompt_of(triple), "", seed + i) for i, triple in enumerate(triples)]
    return score(triples, [measure(picture) for picture in pictures])


def evaluate_many(
    generate: GenerateMany, prompts: int = DEFAULT_PROMPTS, seed: int = 0
) -> tuple[Score, list[Image.Image]]:
    """Like ``evaluate`` for a generator that takes all prompts at once; also returns the pictures."""
    triples = held_out()[:prompts]
    pictures = list(generate([(prompt_of(triple), "", seed + i) for i, triple in enumerate(triples)]))
    return score(triples, [measure(picture) for picture in pictures]), pictures
