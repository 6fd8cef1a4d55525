"""Long prompts in pieces: where compel splits with ``SplitLongTextMode.SENTENCES``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SENTENCE: Final = frozenset({".</w>"})
_PHRASE: Final = frozenset({".</w>", ",</w>", ";</w>", ":</w>"})


def split(tokens: Sequence[str], limit: int) -> list[int]:
    """How many tokens each chunk takes, of at most ``limit``; one empty chunk where there are none.

    A chunk ends with its last sentence, else with its last phrase, else with its last word.
    """
    sizes, at = [], 0
    while True:
        size = _size(tokens[at : at + limit + 1], limit)
        sizes.append(size)
        at += size
        if at >= len(tokens):
            return sizes


def _size(ahead: Sequence[str], limit: int) -> int:
    if len(ahead) <= limit:
        return len(ahead)
    window = ahead[:limit]
    for ends in (_SENTENCE, _PHRASE):
        if found := next((at for at in range(limit, 0, -1) if window[at - 1] in ends), 0):
            return found
    return next((at for at in range(limit, 0, -1) if window[at - 1].endswith("</w>")), limit)
