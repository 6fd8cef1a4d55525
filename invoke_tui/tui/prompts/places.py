"""Where in a text: characters counted from its beginning, and the (line, column) an editor speaks of."""

from __future__ import annotations

from collections.abc import Sequence

Location = tuple[int, int]


def index_of(lines: Sequence[str], location: Location) -> int:
    """Characters before a location."""
    row, column = location
    return sum(map(len, lines[:row])) + row + column


def location_of(lines: Sequence[str], index: int) -> Location:
    """The location before which ``index`` characters stand; the end where there are not so many."""
    row = 0
    for row, line in enumerate(lines):
        if index <= len(line):
            return row, max(0, index)
        index -= len(line) + 1
    return row, len(lines[row])


def alike(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def changed(old: str, new: str) -> tuple[int, int, int]:
    """What must be exchanged to make ``new`` of ``old``: ``old[start:end]`` for ``new[start:stop]``."""
    start = alike(old, new)
    tail = alike(old[start:][::-1], new[start:][::-1])
    return start, len(old) - tail, len(new) - tail
