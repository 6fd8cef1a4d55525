"""Prompts to try: the recorded ones, broken in small ways, and freely composed ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

READINGS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "invokeai_readings.json").read_text(encoding="utf-8")
)
PROMPTS: list[str] = [reading["prompt"] for reading in READINGS]

PIECES: list[str] = [
    piece
    for line in (
        "cat red 2.5 1.2 well-known x+y <emb> <a.b> é 🐱 a,b dog, . .. 3 - + b=c :1.3 [x] it's",
        "{a|b} __wild__ [ ] <lora:a> <lora:b:.5> <lora:",
        r'( ) " , = ++ -- +- (a b)1.2 ("a","b") \\ C\+ \( \) \"',
        ".swap( .blend( .and( .attend( no_normalize s_start=0.1 withLora(x)",
        "\t_\n_\x0b_\u00a0_\u202e_\x00_\x1b",
    )
    for piece in (line.split("_") if line.startswith("\t") else line.split(" "))
]

pieces = st.lists(st.sampled_from([*PIECES, " ", " "]), max_size=40).map("".join)
spaced = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A recorded prompt with some characters taken out, put in or swapped."""
    text = draw(st.sampled_from(PROMPTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        cut = draw(st.integers(0, 3))
        put = draw(st.sampled_from(["", *PIECES]))
        text = text[:at] + put + text[at + cut :]
    return text


anything = st.one_of(st.text(max_size=60), pieces, spaced, mutated())
