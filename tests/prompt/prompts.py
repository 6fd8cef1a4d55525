"""Well-formed prompts: written ones and composed ones, the same every time."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

WRITTEN = Path(__file__).parent / "data" / "written_prompts.txt"
WORDS = (
    "cat", "a", "red", "photo", "of", "the", "oil painting", "8k", "well-known", "it's", "bokeh", "sunset",
    "<emb>", "café", "2.5d", "by artist", "intricate", "3", "b=c", "café,", "dog,", "moon.", "in the rain,",
    "unphotographable", "night;",
)  # fmt: skip
MARKS = ("", "", "", "", "+", "++", "-", "--", "+++", "---")
WEIGHTS = ("1.2", "0.8", ".5", "1.05", "++", "--", "0.1", "0", "1.7")


@cache
def written() -> tuple[str, ...]:
    """Prompts as people write them."""
    lines = WRITTEN.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("# "))


def prompts(count: int, seed: int = 11) -> list[str]:
    """So many well-formed prompts: all the written ones, then composed ones."""
    draw = random.Random(seed)
    found = list(written())[:count]
    return found + [_whole(draw) for _ in range(count - len(found))]


def long_prompts(count: int, seed: int = 12) -> list[str]:
    """Prompts of several chunks, with few brackets: those cost compel's parser dearly."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        runs = [" ".join(draw.choices(WORDS, k=draw.randint(2, 9))) for _ in range(draw.randint(10, 40))]
        for _ in range(draw.randint(1, 3)):
            runs[draw.randrange(len(runs))] = _run(draw)
        made.append(draw.choice([" ", ", ", ". "]).join(runs))
    return made


def _whole(draw: random.Random) -> str:
    roll = draw.random()
    if roll < 0.7:
        return _run(draw)
    number = draw.randint(2, 3)
    texts = ", ".join(f'"{_run(draw)}"' for _ in range(number))
    weights = ", ".join(str(draw.choice([1, 0.7, 0.3, 1.5, 2])) for _ in range(number))
    if roll < 0.85:
        return f"({texts}).blend({weights}{draw.choice(['', ', no_normalize'])})"
    return f"({texts}).and({draw.choice([weights, ''])})"


def _run(draw: random.Random) -> str:
    return draw.choice([" ", " ", ", "]).join(_piece(draw) for _ in range(draw.randint(1, 6)))


def _piece(draw: random.Random) -> str:
    word = draw.choice(WORDS)
    if draw.random() < 0.7 or word[-1] in ",.;":
        return word
    if " " in word or draw.random() < 0.4:
        inside = " ".join(draw.choices(WORDS, k=draw.randint(0, 2)))
        return f"({word} {inside}".rstrip() + f"){draw.choice(WEIGHTS)}"
    return word + draw.choice(MARKS)
