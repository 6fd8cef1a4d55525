r"""Reading dynamic syntax in one pass: its parts, what is wrong with it, and the text made safe for the library.

The library's parser refuses whole prompts for a percent sign, a price in dollars or two underscores. Every character
that is not syntax here is therefore *shielded*: replaced by a private character of the same length that its grammar
takes for a letter, and put back in the results. Positions stay what they were.

Read otherwise than by the library, on purpose: ``\{ \} \| \# \$`` are the characters themselves; a comment starts at a
``#`` that stands alone (``#1`` and ``#ff0000`` are text) and outside choices; ``//`` and ``/*`` are text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from invoke_tui.prompt.problems import Problem

MOST_NESTED: Final = 12
MOST_PARTS: Final = 5_000
HEAVIEST: Final = 1e6
_DIGITS: Final = 6

_SHIELDED: Final = "{}$%#|_/*"
_BASE: Final = 0x10F700
_DROPPED: Final = chr(_BASE + len(_SHIELDED))
_TO_SHIELD: Final = {ord(char): _BASE + number for number, char in enumerate(_SHIELDED)}
_FROM_SHIELD: Final = {ours: char for char, ours in _TO_SHIELD.items()} | {ord(_DROPPED): None}

_TOKEN = re.compile(r"\\[{}|#$]|\$\{|%\{|\{|\}|\||\$\$|__|#|//|/\*|[$%]")
_COUNT = re.compile(
    r"\s*+([~!@])?\s*+(?:(\d+)\s*+-\s*+(\d+)|(\d+)\s*+-|-\s*+(\d+)|(\d+))\s*+\$\$(?:([^${}]+)\$\$)?"
)
_METHOD = re.compile(r"\s*+[~!@]")
_WEIGHT = re.compile(r"\s*+([+-]?(?:\d++\.?\d*+|\.\d++))\s*+::")
_VARIABLE = re.compile(r"\$\{[ \t]*+([A-Za-z_-][A-Za-z0-9_-]*)[ \t]*+(?:(\}|:)|(\?)?(=)(!)?)")
_WILDCARD = re.compile(
    r"__([~!@])?(?=[\w*?\[/])((?:(?!__)[\w*?\[\]/.+&' \-])+?)(?<! )(?:\(([^()\n]+)\))?__(?!_)"
)
_VARIABLE_DYNAMIC = re.compile(r"__(?:(?!__)[^\n]){0,80}?[{}](?:(?!__)[^\n]){0,80}?__")
_LONGEST_NAME: Final = 200


class PartKind(StrEnum):
    """The role of a piece of dynamic syntax."""

    BRACE = "brace"
    BAR = "bar"
    COUNT = "count"
    """``2$$`` or ``1-3$$ and $$`` at the beginning of a choice, and ``~``, ``!``, ``@``."""
    WEIGHT = "weight"
    WILDCARD = "wildcard"
    VARIABLE = "variable"
    COMMENT = "comment"
    ESCAPE = "escape"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of dynamic syntax: the characters ``start <= i < end``."""

    start: int
    end: int
    kind: PartKind


@dataclass(slots=True)
class Scan:
    """What one pass over a text found."""

    parts: list[Part] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    wildcards: list[tuple[str, int, int]] = field(default_factory=list)
    """The name or pattern of every wildcard and where it stands."""
    variables: list[tuple[str, int, int]] = field(default_factory=list)
    """The name of every variable that is read without a default, and where."""
    shielded: str = ""

    @property
    def dynamic(self) -> bool:
        """Whether there is anything to expand."""
        return any(part.kind is not PartKind.COMMENT for part in self.parts)


def is_dynamic(text: str) -> bool:
    """Whether a text may hold dynamic syntax; cheap, so that the others cost nothing."""
    return "{" in text or "__" in text


def shield(text: str) -> str:
    """A text of which the library reads nothing as syntax."""
    return text.translate(_TO_SHIELD)


def unshield(text: str) -> str:
    """The text again."""
    return text.translate(_FROM_SHIELD)


def scan(text: str, *, wildcards: bool = True) -> Scan:
    """Read a text; linear in its length. Without ``wildcards`` their syntax is text."""
    return _Scanner(text, wildcards).scan()


@dataclass(slots=True)
class _Open:
    kind: str  # choice, set, get, wrap
    at: int
    halves: int = 0


class _Scanner:
    def __init__(self, text: str, wildcards: bool) -> None:
        self.text, self.wildcards = text, wildcards
        self.found = Scan()
        self.stack: list[_Open] = []
        self.out: list[str] = []
        self.done = 0

    def scan(self) -> Scan:
        at, text = 0, self.text
        while match := _TOKEN.search(text, at):
            self.keep(match.start())
            at = self.token(match[0], match.start())
            if len(self.found.parts) > MOST_PARTS:
                self.problem(match.start(), len(text), f"more than {MOST_PARTS} dynamic parts")
                break
        self.keep(len(text))
        self.found.problems.extend(
            Problem(opened.at, min(opened.at + 2, len(text)), "this brace is never closed")
            for opened in self.stack[:3]
        )
        self.found.problems.sort(key=lambda problem: problem.start)
        self.found.shielded = "".join(self.out)
        return self.found

    def keep(self, end: int) -> None:
        self.out.append(self.text[self.done : end])
        self.done = max(self.done, end)

    def put(self, end: int, instead: str | None = None) -> int:
        """Go to ``end``: as it stands, or with ``instead`` in its place."""
        self.out.append(self.text[self.done : end] if instead is None else instead)
        self.done = end
        return end

    def literal(self, end: int) -> int:
        return self.put(end, shield(self.text[self.done : end]))

    def part(self, start: int, end: int, kind: PartKind) -> None:
        if end > start:
            self.found.parts.append(Part(start, end, kind))

    def problem(self, start: int, end: int, message: str) -> None:
        self.found.problems.append(Problem(start, max(end, start + 1), message))

    def token(self, token: str, at: int) -> int:
        end = at + len(token)
        match token:
            case "{":
                return self.choice(at)
            case "${":
                return self.variable(at)
            case "%{":
                self.push("wrap", at, end)
                return self.put(end)
            case "}":
                return self.close(at)
            case "|" if self.stack and self.stack[-1].kind == "choice":
                self.part(at, end, PartKind.BAR)
                return self.weight(self.put(end))
            case "$$" if self.stack and self.stack[-1].kind == "wrap" and not self.stack[-1].halves:
                self.stack[-1].halves = 1
                self.part(at, end, PartKind.COUNT)
                return self.put(end)
            case "__":
                return self.wildcard(at)
            case "#":
                return self.comment(at)
            case _ if token[0] == "\\":
                self.part(at, end, PartKind.ESCAPE)
                return self.put(end, _DROPPED + shield(token[1]))
        return self.literal(end)

    def push(self, kind: str, at: int, end: int) -> None:
        self.stack.append(_Open(kind, at))
        self.part(at, end, PartKind.BRACE if kind in ("choice", "wrap") else PartKind.VARIABLE)
        if len(self.stack) == MOST_NESTED + 1:
            self.problem(at, end, f"choices are nested more than {MOST_NESTED} deep")

    def choice(self, at: int) -> int:
        self.push("choice", at, at + 1)
        end = self.put(at + 1)
        if count := _COUNT.match(self.text, end):
            numbers = [number for number in count.groups()[1:6] if number]
            if max(map(len, numbers)) > _DIGITS:
                self.problem(*count.span(), "a number of picks this large means nothing")
            if (separator := count[7]) and not (separator.isascii() and separator.isprintable()):
                self.problem(*count.span(7), "what stands between the picks must be plain ASCII")
            end = self.put(count.end())
            self.part(*count.span(), PartKind.COUNT)
        elif method := _METHOD.match(self.text, end):
            end = self.put(method.end())
            self.part(*method.span(), PartKind.COUNT)
        return self.weight(end)

    def weight(self, at: int) -> int:
        weight = _WEIGHT.match(self.text, at)
        if not weight:
            return at
        self.part(*weight.span(), PartKind.WEIGHT)
        if len(weight[1]) > 20 or not 0 <= float(weight[1]) <= HEAVIEST:
            self.problem(*weight.span(1), f"a weight is between 0 and {HEAVIEST:g}")
        return self.put(weight.end())

    def variable(self, at: int) -> int:
        found = _VARIABLE.match(self.text, at)
        if not found:
            self.problem(at, at + 2, "after ${ comes a name and then }, = or :")
            self.stack.append(_Open("get", at))
            return self.literal(at + 2)
        name, ended, sets = found[1], found[2], found[4]
        if ended == "}":
            self.part(*found.span(), PartKind.VARIABLE)
            self.found.variables.append((name, *found.span()))
            return self.put(found.end())
        if sets and self.stack:
            self.problem(*found.span(), "a variable is set outside of choices")
        self.push("set" if sets else "get", at, found.end())
        return self.put(found.end())

    def close(self, at: int) -> int:
        if not self.stack:
            return self.literal(at + 1)
        opened = self.stack.pop()
        if opened.kind == "wrap" and not opened.halves:
            self.problem(opened.at, at + 1, "%{wrapper $$ inner} needs its $$")
        braces = opened.kind in ("choice", "wrap")
        self.part(at, at + 1, PartKind.BRACE if braces else PartKind.VARIABLE)
        return self.put(at + 1)

    def wildcard(self, at: int) -> int:
        found = _WILDCARD.match(self.text, at) if self.wildcards else None
        if not found or len(found[2]) > _LONGEST_NAME:
            if self.wildcards and (odd := _VARIABLE_DYNAMIC.match(self.text, at)):
                self.problem(*odd.span(), "the name of a wildcard is plain text")
            return self.literal(at + 2)
        self.part(*found.span(), PartKind.WILDCARD)
        self.found.wildcards.append((found[2], *found.span()))
        head = self.text[at : found.start(3) if found[3] else found.end()]
        if not found[3]:
            return self.put(found.end())
        inner = scan(found[3])
        if inner.problems or inner.wildcards or "=" not in found[3]:
            self.problem(*found.span(3), "a wildcard takes (name=value, …) with plain values or choices")
        self.put(found.start(3), head)
        self.put(found.end(3), inner.shielded)
        return self.put(found.end())

    def comment(self, at: int) -> int:
        text = self.text
        alone = at + 1 == len(text) or text[at + 1].isspace()
        begins = at == 0 or text[at - 1].isspace()
        if self.stack or not (alone and begins):
            return self.literal(at + 1)
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        self.part(at, end, PartKind.COMMENT)
        return self.put(end, _DROPPED * (end - at))
