"""``highlight(text)``: what an editor needs to colour a prompt and to show its problems below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from invoke_tui.prompt.dynamic.scan import Part, PartKind, Scan, scan
from invoke_tui.prompt.foreign import novelai
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.problems import Problem, problems_from
from invoke_tui.prompt.tokens import Token, TokenKind

_DYNAMIC: Final = re.compile(r"[{}#]|__")
_SHOWN_IN_PLACE: Final = frozenset({PartKind.WILDCARD, PartKind.ESCAPE})
_ENDS: Final = frozenset(" \t\n\r\f\v,)]}|")
_LETTER: Final = "x"


class HighlightToken(NamedTuple):
    """Characters of one kind and one effective weight (all the groups around them multiplied)."""

    start: int
    end: int
    kind: TokenKind
    weight: float
    ignored: bool = False
    """Within ``[brackets]``: not drawn."""


@dataclass(frozen=True, slots=True)
class Highlight:
    """Tokens that tile the text, and problems in order of appearance."""

    tokens: list[HighlightToken]
    problems: list[Problem]


def highlight(text: str) -> Highlight:
    """Read a prompt for display, choices and wildcards too; linear in its length, so it can run on every key."""
    readable, found = side_by_side(text)
    parsed = parse(readable)
    problems = [*parsed.problems, *found.problems, *problems_from(novelai(text))]
    problems.sort(key=lambda problem: (problem.start, problem.end))
    return Highlight(list(_overlaid(parsed.tokens, found.parts)), problems)


def side_by_side(text: str) -> tuple[str, Scan]:
    """A dynamic prompt as if all choices stood side by side, every character in its place; and its dynamic parts.

    So ``{red+|blue}`` shows its weight. A brace that something sticks to becomes a letter: ``{red|blue}+``. What is
    malformed is drawn as it stands.
    """
    found = scan(text) if _DYNAMIC.search(text) else Scan()
    return (text if found.problems else _without(found.parts, text)), found


def _without(parts: list[Part], text: str) -> str:
    pieces: list[str] = []
    at = 0
    for part in parts:
        if part.kind in _SHOWN_IN_PLACE:
            continue
        pieces.append(text[at : part.start])
        sticks = part.end < len(text) and text[part.start] == "}" and text[part.end] not in _ENDS
        pieces.append(_LETTER if sticks else " " * (part.end - part.start))
        at = part.end
    return "".join([*pieces, text[at:]])


def _overlaid(tokens: tuple[Token, ...], parts: list[Part]) -> Iterator[HighlightToken]:
    """The tokens, cut where dynamic parts lie over them."""
    if not parts:
        yield from (HighlightToken(t.start, t.end, t.kind, t.weight, t.ignored) for t in tokens)
        return
    rest = iter([*parts, None])
    part = next(rest)
    for token in tokens:
        at = token.start
        while part and part.start < token.end:
            if part.end > at:
                start, end = max(at, part.start), min(token.end, part.end)
                if start > at:
                    yield HighlightToken(at, start, token.kind, token.weight, token.ignored)
                yield HighlightToken(start, end, TokenKind(part.kind.value), token.weight, token.ignored)
                at = end
            if part.end > token.end:
                break
            part = next(rest)
        if at < token.end:
            yield HighlightToken(at, token.end, token.kind, token.weight, token.ignored)
