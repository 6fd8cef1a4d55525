"""Finding texts by a few letters, as fzf does: words in any order, each as it stands or as letters with gaps.

Own code and no library: rapidfuzz and its kin measure how alike two whole strings are, which says little about three
letters and a page of prompt, and none of them says which letters to highlight.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

GAP: Final = 16
"""Characters that may lie between the letters of a word; with more, every long text would match everything."""
SEARCHED: Final = 4_000
"""Characters of a text that are looked at."""
_LETTER, _START, _WHOLE, _JOINED, _GAP_COST = 16, 8, 6, 8, 2
_TRIES: Final = 64


@dataclass(frozen=True, slots=True)
class Match:
    """How good a match is, and the positions of its letters in ascending order."""

    score: int
    positions: tuple[int, ...]


class Fuzzy:
    """A query, ready to be tried on many texts. An empty one matches everything."""

    def __init__(self, query: str) -> None:
        self._words = [(word, _with_gaps(word)) for word in _lower(query).split()]

    def __bool__(self) -> bool:
        return bool(self._words)

    def stands(self, text: str) -> bool:
        """Whether ``text`` has every word of the query as it stands."""
        lower = _lower(text[:SEARCHED])
        return all(word in lower for word, _ in self._words)

    def letters(self, text: str) -> tuple[int, ...]:
        """Where ``text`` has those words that it has."""
        lower = _lower(text[:SEARCHED])
        found = (
            _as_it_stands(word, lower) or _scattered(word, how, lower) or () for word, how in self._words
        )
        return tuple(sorted({at for positions in found for at in positions}))

    def match(self, text: str) -> Match | None:
        """Where ``text`` has every word of the query; None when one is missing."""
        lower = _lower(text[:SEARCHED])
        score, found = 0, set[int]()
        for word, pattern in self._words:
            positions = _as_it_stands(word, lower) or _scattered(word, pattern, lower)
            if positions is None:
                return None
            score += _score(positions, lower)
            found.update(positions)
        return Match(score, tuple(sorted(found)))


def _lower(text: str) -> str:
    """Small letters at unchanged positions."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _with_gaps(word: str) -> re.Pattern[str]:
    """Its letters on one line, not too far apart. Possessive: a failure costs no second look."""
    gaps = (f"[^{re.escape(letter)}\\n]{{0,{GAP}}}+{re.escape(letter)}" for letter in word[1:])
    return re.compile(re.escape(word[0]) + "".join(gaps))


def _as_it_stands(word: str, text: str) -> list[int] | None:
    """The first place where a word of the text begins with ``word``, else the first at all."""
    at = first = text.find(word)
    for _ in range(_TRIES):
        if at <= 0 or not text[at - 1].isalnum():
            break
        at = text.find(word, at + 1)
    at = at if at >= 0 else first
    return list(range(at, at + len(word))) if at >= 0 else None


def _scattered(word: str, pattern: re.Pattern[str], text: str) -> list[int] | None:
    """The first place where its letters follow each other with no more than ``GAP`` characters between."""
    start = 0
    for _ in range(_TRIES):
        if (found := pattern.search(text, start)) is None:
            return None
        if found.end() - found.start() <= len(word) + GAP:
            return _letters(word, text, found.end())
        start = found.start() + 1
    return None


def _letters(word: str, text: str, end: int) -> list[int]:
    """Looked for backwards from where the match ends, which keeps them together: ``fsh`` in ``of fish``."""
    positions = list[int]()
    for letter in reversed(word):
        end = text.rindex(letter, 0, end)
        positions.append(end)
    return positions[::-1]


def _score(positions: list[int], text: str) -> int:
    """Letters count; more where they begin a word or follow each other, less for every gap."""
    score, before = 0, -1
    for at in positions:
        score += _LETTER
        if at == 0 or not text[at - 1].isalnum():
            score += _START
        if before >= 0:
            score += _JOINED if at == before + 1 else -_GAP_COST * (at - before - 1)
        before = at
    whole = before + 1 == len(text) or not text[before + 1].isalnum()
    return score + (_WHOLE if whole else 0)
