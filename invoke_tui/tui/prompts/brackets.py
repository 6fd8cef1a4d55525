"""The bracket that answers the one at the cursor."""

from __future__ import annotations

import re
from typing import Final

REACH: Final = 4_000
"""Characters that are searched, so that no key waits for a bracket nobody can see."""

_MARKS = re.compile(r"\\.|[()\[\]{}<>]", re.DOTALL)
_PAIRS: Final = dict(zip("([{<", ")]}>", strict=True))
_OPENS: Final = {close: open for open, close in _PAIRS.items()}


def partner(text: str, at: int) -> int | None:
    """Where the partner of the bracket ``text[at]`` stands; None for no bracket, an escaped one or a lonely one."""
    if not text[at : at + 1] or text[at] not in _PAIRS.keys() | _OPENS.keys():
        return None
    low, high = max(0, at - REACH), min(len(text), at + REACH)
    marks = [found.start() for found in _MARKS.finditer(text, low, high) if len(found[0]) == 1]
    if at not in marks:
        return None
    forth = text[at] in _PAIRS
    mine, other = (text[at], _PAIRS[text[at]]) if forth else (text[at], _OPENS[text[at]])
    here = marks.index(at)
    depth = 0
    for mark in marks[here:] if forth else reversed(marks[: here + 1]):
        depth += (text[mark] == mine) - (text[mark] == other)
        if depth == 0:
            return mark
    return None
