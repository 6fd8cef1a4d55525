"""What may stand at the cursor of a prompt: ``complete`` for the list, ``suggest`` for the quiet continuation."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["embedding", "lora", "trigger", "wildcard", "template", "history", "key", "value"]

LIMIT: Final = 50
"""Candidates at most."""
SHORTEST: Final = 3
"""Letters of a word before it is gone on with."""
BACK: Final = 200
"""Characters before the cursor that are looked at."""
PAGE: Final = 300
"""Phrases that begin alike and are compared."""

_NAME = re.compile(r"<([^<>\n]*)$")
_WILDCARD = re.compile(r"__([^\s,_{}|]?[^\s,{}|]*)$")
_TEMPLATE = re.compile(r"(?:^|\n)[ \t]*(%([^%\n]*))$")
_WORD = re.compile(r"[^\W\d_][\w'’-]*$")
_PIECE = re.compile(r"[^,.;:()\[\]{}<>|\n\"]*$")
_BREAK = re.compile(r"[,.;:()\[\]{}<>|\n\"]+")
_REST: Final = {"<": re.compile(r"[\w.:\- ]*>"), "_": re.compile(r"[\w/*.\-]*__")}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing to put in the place of the characters ``start`` to ``end``."""

    start: int
    end: int
    text: str
    """What is written; empty for a template, which is chosen and not written."""
    name: str
    """What it is called in the list."""
    kind: Kind
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA that fits the model, how strongly it is applied, and the words it was taught with."""

    name: str
    weight: float = 0.75
    triggers: tuple[str, ...] = ()


class Phrases:
    """What a person has written before, piece by piece, found by how it begins."""

    def __init__(self, prompts: Iterable[str] = ()) -> None:
        seen: Counter[str] = Counter()
        for prompt in prompts:
            for piece in _BREAK.split(prompt):
                words = piece.split()
                if words:
                    seen[" ".join(words)] += 1
                seen.update(word for word in words if len(word) > SHORTEST and word[0].isalpha())
        self._found = sorted(
            (phrase.casefold(), count, phrase) for phrase, count in seen.items() if len(phrase) < BACK
        )

    def going_on(self, start: str) -> list[str]:
        """The phrases that begin so and are longer, the most used first.

        A word that only ever stood in one phrase gives way to it.
        """
        folded = start.casefold()
        at = bisect_left(self._found, (folded,))
        found = []
        for lower, count, phrase in self._found[at : at + PAGE]:
            if not lower.startswith(folded):
                break
            if len(phrase) > len(start):
                found.append((-count, -len(phrase), phrase))
        return [phrase for _, _, phrase in sorted(found)]


@dataclass(frozen=True, slots=True)
class Sources:
    """All there is to offer, for the chosen model."""

    embeddings: tuple[str, ...] = ()
    loras: tuple[Lora, ...] = ()
    triggers: tuple[str, ...] = ()
    """The main model's."""
    wildcards: tuple[tuple[str, int | None], ...] = ()
    """Names, and how many values each has."""
    templates: tuple[str, ...] = ()
    phrases: Phrases = field(default_factory=Phrases)


def complete(text: str, cursor: int, sources: Sources, *, asked: bool = False) -> list[Candidate]:
    """What fits at the cursor, best first. Plain words are only gone on with when that was ``asked`` for."""
    before = text[max(0, cursor - BACK) : cursor]
    if found := _NAME.search(before):
        return _named(text, cursor, found[1], sources)
    if (found := _WILDCARD.search(before)) and before[: found.end()].count("__") % 2:
        return _wildcards(text, cursor, found[1], sources)
    if found := _TEMPLATE.search(before):
        return _templates(cursor - len(found[1]), cursor, found[2], sources)
    if not asked:
        return []
    word = _WORD.search(before)
    if word:
        return [*_trigger_words(cursor, word[0], sources), *_words(cursor, before, word[0], sources)][:LIMIT]
    return [*_trigger_words(cursor, "", sources), *_templates(cursor, cursor, "", sources)][:LIMIT]


def suggest(text: str, cursor: int, sources: Sources) -> str:
    """How the words before the cursor probably go on; empty in the middle of a line and for less than three letters."""
    if text[cursor : cursor + 1] not in ("", "\n"):
        return ""
    before = text[max(0, cursor - BACK) : cursor]
    piece, word = _PIECE.search(before), _WORD.search(before)
    whole, last = (found[0].lstrip() if found else "" for found in (piece, word))
    for start in dict.fromkeys((whole, last)):
        if len(start) < SHORTEST:
            continue
        if found := sources.phrases.going_on(start):
            return found[0][len(start) :]
        if triggers := [c.text for c in _trigger_words(cursor, start, sources) if _begins(c.text, start)]:
            return triggers[0][len(start) :]
    return ""


def _named(text: str, cursor: int, typed: str, sources: Sources) -> list[Candidate]:
    """After ``<``: LoRAs and embeddings; after ``<lora:`` LoRAs alone."""
    start, end = cursor - len(typed) - 1, _end(text, cursor, "<")
    only, _, name = typed.rpartition(":") if typed.casefold().startswith("lora:") else ("", "", typed)
    if only.count(":"):
        return []  # the weight is being typed
    loras = [
        Candidate(
            start, end, f"<lora:{lora.name}:{lora.weight:g}>", lora.name, "lora", ", ".join(lora.triggers)
        )
        for lora in sources.loras
    ]
    embeddings = [Candidate(start, end, f"<{name}>", name, "embedding") for name in sources.embeddings]
    return _ranked([*loras, *([] if only else embeddings)], name)


def _wildcards(text: str, cursor: int, typed: str, sources: Sources) -> list[Candidate]:
    start, end = cursor - len(typed) - 2, _end(text, cursor, "_")
    found = (
        Candidate(start, end, f"__{name}__", name, "wildcard", _many(values))
        for name, values in sources.wildcards
    )
    return _ranked(found, typed)


def _templates(start: int, end: int, typed: str, sources: Sources) -> list[Candidate]:
    return _ranked((Candidate(start, end, "", name, "template") for name in sources.templates), typed)


def _trigger_words(cursor: int, typed: str, sources: Sources) -> list[Candidate]:
    start = cursor - len(typed)
    found = [Candidate(start, cursor, words, words, "trigger", "model") for words in sources.triggers]
    found += [
        Candidate(start, cursor, words, words, "trigger", lora.name)
        for lora in sources.loras
        for words in lora.triggers
    ]
    return _ranked(found, typed)


def _words(cursor: int, before: str, word: str, sources: Sources) -> Iterator[Candidate]:
    piece = _PIECE.search(before)
    whole = piece[0].lstrip() if piece else word
    for start in dict.fromkeys((whole, word)):
        for phrase in sources.phrases.going_on(start)[: LIMIT // 2]:
            yield Candidate(cursor - len(start), cursor, phrase, phrase, "history")


def _many(values: int | None) -> str:
    return "" if values is None else "1 value" if values == 1 else f"{values:,} values"


def _end(text: str, cursor: int, opened: str) -> int:
    """Behind the rest of a name that is being changed."""
    rest = _REST[opened].match(text, cursor)
    return rest.end() if rest else cursor


def _begins(name: str, typed: str) -> bool:
    return name.casefold().startswith(typed.casefold())


def _ranked(candidates: Iterable[Candidate], typed: str) -> list[Candidate]:
    """Those that begin so, then those with a word that does, then those that hold it."""
    typed = typed.casefold()
    ranks: tuple[list[Candidate], ...] = ([], [], [])
    for candidate in candidates:
        name = candidate.name.casefold()
        if name.startswith(typed):
            ranks[0].append(candidate)
        elif (at := name.find(typed)) > 0:
            ranks[1 if not name[at - 1].isalnum() else 2].append(candidate)
    return [candidate for rank in ranks for candidate in rank][:LIMIT]
