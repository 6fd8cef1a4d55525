"""A prompt's tokens with the characters of the prompt behind each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from invoke_tui.prompt.flatten import Fragment
from invoke_tui.prompt.grammar import kept_characters

EMBEDDED = "<>"
"""The token that a vector of an embedding is; no word or sentence ends with it."""


class Token(NamedTuple):
    """One token: its text in the word list, and where it stands in the prompt."""

    text: str
    start: int
    end: int


def tokens_of(
    fragments: Sequence[Fragment], prompt: str, tokenizer: Any, embeddings: Mapping[str, int]
) -> Iterator[Token]:
    """The tokens of fragments one by one, as compel has them cut. ``embeddings`` are names and their vectors."""
    pattern = _pattern(embeddings) if embeddings else None
    for fragment in fragments:
        if not fragment.text.strip():
            continue
        places = _Places(fragment, prompt)
        at = 0
        for text in pattern.split(fragment.text) if pattern else [fragment.text]:
            if pattern and (vectors := embeddings.get(text[1:-1], 0)) and pattern.fullmatch(text):
                where = places.span(at, at + len(text))
                yield from [Token(EMBEDDED, *where)] * vectors
            elif text.strip():
                cut = tokenizer.encode(text, add_special_tokens=False)
                for token, (start, end) in zip(cut.tokens, cut.offsets, strict=True):
                    yield Token(token, *places.span(at + start, at + end))
            at += len(text)


class _Places:
    """Finds the characters of the prompt behind those of a fragment."""

    def __init__(self, fragment: Fragment, prompt: str) -> None:
        self._fragment, self._prompt = fragment, prompt
        self._begins: list[int] = []
        at = 0
        for word in fragment.words:
            at += fragment.text.startswith(" ", at) and not word.text.startswith(" ")
            self._begins.append(at)
            at += len(word.text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where the text's characters from ``start`` to ``end`` stand in the prompt."""
        while start < end - 1 and self._fragment.text[start].isspace():
            start += 1
        return self._place(start), self._place(max(start, end - 1)) + 1

    def _place(self, at: int) -> int:
        number = max(0, bisect_right(self._begins, at) - 1)
        word, inside = self._fragment.words[number], at - self._begins[number]
        if word.end - word.start != len(word.text):
            kept = kept_characters(self._prompt[word.start : word.end])
            inside = kept[inside] if inside < len(kept) else inside
        return min(word.start + inside, max(word.start, word.end - 1))


def _pattern(embeddings: Mapping[str, int]) -> re.Pattern[str]:
    longest_first = sorted(embeddings, key=len, reverse=True)
    return re.compile("(<(?:" + "|".join(map(re.escape, longest_first)) + ")>)")
