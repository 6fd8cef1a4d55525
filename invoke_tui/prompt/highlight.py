"""``highlight(text)``: what an editor needs to colour a prompt and to show its problems below it."""

from __future__ import annotations

from dataclasses import dataclass

from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.problems import Problem
from invoke_tui.prompt.tokens import TokenKind


@dataclass(frozen=True, slots=True)
class HighlightToken:
    """Characters of one kind and one effective weight (all the groups around them multiplied)."""

    start: int
    end: int
    kind: TokenKind
    weight: float


@dataclass(frozen=True, slots=True)
class Highlight:
    """Tokens that tile the text, and problems in order of appearance."""

    tokens: list[HighlightToken]
    problems: list[Problem]


def highlight(text: str) -> Highlight:
    """Read a prompt for display; linear in its length, so it can run on every key."""
    parsed = parse(text)
    tokens = [HighlightToken(p.start, p.end, p.kind, p.weight) for p in parsed.tokens]
    return Highlight(tokens, list(parsed.problems))
