"""What is known of graphics cards by their names, for the engine's choice of precision and for ``doctor``."""

from __future__ import annotations

import re
from typing import Final

_HALF_PRECISION_PROBLEMS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"\bGTX\s*16[3-6]0\b|\bMX(?:450|550)\b|\bT(?:400|500|550|600|1000|1200)\b", re.I),
        "this card computes NaN (black pictures) in half precision",
    ),
    (
        re.compile(
            r"\bGTX?\s*10[1-8]0\b|\bMX(?:1[135]0|2[35]0|3[135]0)\b|\bTITAN Xp?\b|\bTesla P(?:4|6|40)\b|\bQuadro P\d",
            re.I,
        ),
        "this card computes half precision 64 times slower than single precision",
    ),
    (
        re.compile(r"\bGTX?\s*(?:TITAN|[79]\d0)\b|\bTesla (?:K|M)\d|\bQuadro (?:K|M)\d", re.I),
        "this card cannot compute in half precision",
    ),
)
"""Pattern of the card's name and what goes wrong, first match wins: Turing without tensor cores, Pascal, older."""


def half_precision_problem(name: str) -> str | None:
    """Why half precision is no good on the card called ``name``; None when it is fine or the card is unknown."""
    return next((problem for pattern, problem in _HALF_PRECISION_PROBLEMS if pattern.search(name)), None)
