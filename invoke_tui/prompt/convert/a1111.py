r"""``(words:1.3)``, ``(words)`` and ``[words]`` into ``(words)1.3`` and back, through words with their weights.

Nesting is flattened: ``(a (b:1.2):1.5)`` becomes ``(a)1.5 (b)1.8``, which weighs the same. What only one of the two
languages can say is a problem and stays as it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from invoke_tui.prompt.flatten import Conjunction, Fragment, flatten
from invoke_tui.prompt.grammar import bounded
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.problems import Problem

ROUND: Final = 1.1
_PIECE = re.compile(
    r"\\[()\[\]\\\"]|[(\[\])]|:\s{0,20}([+-]?(?:\d+\.?\d*|\.\d+))\s{0,20}\)|[^\\()\[\]:]++|[\\:]"
)
_ONLY_THERE: Final = (
    (re.compile(r"\bBREAK\b"), "BREAK has no counterpart: long prompts are cut into chunks by themselves"),
    (re.compile(r"\bAND\b"), 'AND is written ("one", "two").and(1, 1)'),
    (re.compile(r"\[[^\[\]:|]{0,200}:[^\[\]:|]{0,200}:[\d.]+\]"), "prompts that change midway have no counterpart"),
)  # fmt: skip
_SPACED = re.compile(r" +([,.;])")
_STICKS = re.compile(r"[\w.+\-(\[\"<]")
_STEP = re.compile(r"(?<![+\-\\])[+\-](?=[+\-]*(?:[\s()\",.=]|\Z))")


@dataclass(frozen=True, slots=True)
class Conversion:
    """The other language's text, and what could not be said in it."""

    text: str
    problems: tuple[Problem, ...] = ()


def read_a1111(text: str) -> list[Fragment]:
    """The words of an A1111 prompt with their weights; linear, and total: what is unbalanced is closed at the end."""
    runs: list[tuple[str, float]] = []
    opened: list[tuple[str, int]] = []

    def weigh(start: int, factor: float) -> None:
        runs[start:] = [(words, bounded(weight * factor)) for words, weight in runs[start:]]

    for match in _PIECE.finditer(text):
        piece, number = match[0], match[1]
        if piece in ("(", "["):
            opened.append((piece, len(runs)))
        elif number and opened and opened[-1][0] == "(":
            weigh(opened.pop()[1], float(number[:20]))
        elif piece == ")" and opened and opened[-1][0] == "(":
            weigh(opened.pop()[1], ROUND)
        elif piece == "]" and opened and opened[-1][0] == "[":
            weigh(opened.pop()[1], 1 / ROUND)
        else:
            runs.append((piece[1:] if piece[0] == "\\" and len(piece) > 1 else piece, 1.0))
    for bracket, start in reversed(opened):
        weigh(start, ROUND if bracket == "(" else 1 / ROUND)
    joined: list[Fragment] = []
    for words, weight in runs:
        if joined and joined[-1].weight == weight:
            joined[-1] = Fragment(joined[-1].text + words, weight)
        else:
            joined.append(Fragment(words, weight))
    return joined


def from_a1111(text: str) -> Conversion:
    """A1111's syntax into InvokeAI's."""
    problems = [
        Problem(*match.span(), message)
        for pattern, message in _ONLY_THERE
        for match in pattern.finditer(text)
    ]
    written = ""
    for fragment in read_a1111(text):
        core = _STEP.sub(r"\\\g<0>", re.sub(r'([()"])', r"\\\1", fragment.text.replace("\\", "\\\\")))
        written = _joined(written, _weighted(core, fragment.weight, "({0}){1}"))
    return Conversion(written, tuple(sorted(problems, key=lambda problem: problem.start)))


def to_a1111(text: str) -> Conversion:
    """InvokeAI's syntax into A1111's."""
    parsed = parse(text)
    problems = list(parsed.problems)
    flat = flatten(parsed.tree)
    if any(len(part.prompts) > 1 for part in flat.parts):
        return Conversion(
            text, (*problems, Problem(0, len(text), "A1111 has no .blend; nothing was changed"))
        )
    return Conversion(_conjoined(flat), tuple(problems))


def _conjoined(flat: Conjunction) -> str:
    parts = []
    for part, weight in zip(flat.parts, flat.weights, strict=True):
        written = ""
        for fragment in part.prompts[0]:
            core = re.sub(r"([()\[\]\\])", r"\\\1", re.sub(r"\\([+\-=,.])", r"\1", fragment.text))
            written = _joined(written, _weighted(core, fragment.weight, "({0}:{1})"))
        tidy = _SPACED.sub(r"\1", written)
        parts.append(tidy if weight == 1 else f"{tidy} :{_number(weight)}")
    return " AND ".join(parts)


def _weighted(core: str, weight: float, form: str) -> str:
    inner = core.strip()
    if not inner or _number(weight) == "1":
        return core
    before, after = core[: len(core) - len(core.lstrip())], core[len(core.rstrip()) :]
    return before + form.format(inner, _number(weight)) + after


def _joined(before: str, after: str) -> str:
    return (
        f"{before} {after}"
        if before and not before[-1].isspace() and _STICKS.match(after)
        else before + after
    )


def _number(weight: float) -> str:
    return f"{max(0.0, weight):.4f}".rstrip("0").rstrip(".")
