"""The syntax of other programs, recognised where it stands, with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from invoke_tui.prompt import grammar
from invoke_tui.prompt.tree import Group, Ignored

WEIGHT_NOTE: Final = "A1111's (words:1.3) is read literally; here it is (words)1.3"
MIDWAY_NOTE: Final = "[from:to:when] and [a|b] of A1111 have no counterpart; all in brackets is left out"
BREAK_NOTE: Final = "A1111's BREAK is drawn as a word; chunks are cut by themselves"
NOVELAI_NOTE: Final = "a choice of one; if NovelAI's emphasis is meant, here it is (words)1.05"
NOVELAI_STEP: Final = 1.05

_MIDWAY = re.compile(r"[^:|]*(?::[^:|]*:\s*[\d.]+\s*|\|.*)", re.DOTALL)
_BREAK = re.compile(r"(?<![^\s,])BREAK(?![^\s,])")
_NOVELAI = re.compile(r"(?<![\\$%{])(\{{1,10})([^{}|$\\\r\n]{1,200})(\}{1,10})(?!\})")


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write in place of the characters ``start <= i < end``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Characters that mean something elsewhere, and the way to say it here, where there is one."""

    start: int
    end: int
    message: str
    fix: Fix | None = None


def weights(text: str, closed: dict[int, Group]) -> Iterator[Foreign]:
    """``(words:1.3)``, given the groups by the ends of their parentheses."""
    for match in grammar.OTHER_WEIGHT.finditer(text):
        group = closed.get(match.end())
        if group is None:
            continue
        number = match[1]
        sayable = group.mark is None and number[0] != "-"
        fix = Fix(*match.span(), f"){number.lstrip('+')}") if sayable else None
        yield Foreign(match.start(), match.end() - 1, WEIGHT_NOTE, fix)


def midway(text: str, ignored: Ignored) -> Iterator[Foreign]:
    """``[from:to:0.5]`` and ``[a|b]``, which change while a picture is drawn."""
    if _MIDWAY.fullmatch(text, ignored.brackets[0].end, ignored.brackets[1].start):
        yield Foreign(ignored.start, ignored.end, MIDWAY_NOTE)


def breaks(text: str) -> Iterator[Foreign]:
    """``BREAK``, which begins a new chunk there."""
    for match in _BREAK.finditer(text):
        space = len(text) > match.end() and text[match.end()].isspace()
        yield Foreign(*match.span(), BREAK_NOTE, Fix(match.start(), match.end() + space, ""))


def novelai(text: str) -> Iterator[Foreign]:
    """``{words}``, each brace a twentieth more; here a choice of one."""
    for match in _NOVELAI.finditer(text):
        times = len(match[1])
        if times == len(match[3]) and match[2].strip():
            weight = f"{NOVELAI_STEP**times:.4f}".rstrip("0")
            yield Foreign(*match.span(), NOVELAI_NOTE, Fix(*match.span(), f"({match[2].strip()}){weight}"))


def fixed(text: str, fixes: Iterator[Fix] | list[Fix]) -> str:
    """The text with fixes made; of two that overlap, the first."""
    pieces: list[str] = []
    at = 0
    for fix in sorted(fixes, key=lambda fix: (fix.start, fix.end)):
        if fix.start >= at:
            pieces += [text[at : fix.start], fix.text]
            at = fix.end
    return "".join([*pieces, text[at:]])
