"""Which style each character of a prompt has: a reading of the text that stays usable while the text is changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from invoke_tui.prompt.highlight import HighlightToken
    from invoke_tui.prompt.problems import Problem

STYLES: Final = {
    "bracket": "mark", "quote": "mark", "weight": "mark", "separator": "mark", "argument": "mark",
    "operator": "operator",
    "embedding": "name", "lora": "name",
    "brace": "choice", "bar": "choice", "count": "choice",
    "wildcard": "wildcard", "variable": "wildcard",
    "comment": "ignored", "ignored": "ignored",
    "space": "",
}  # fmt: skip
"""Style by the name of a token's kind; the others show their weight."""
HEAT: Final = (("hot", 1.45), ("warmer", 1.2), ("warm", 1.0))
COOL: Final = (("cold", 1 / 1.45), ("cooler", 1 / 1.2), ("cool", 1.0))
"""Style by weight: above, or below, the number. One plus is warm, two are warmer, four are hot."""
NAMES: Final = (*dict.fromkeys(filter(None, STYLES.values())), *(n for n, _ in (*HEAT, *COOL)))

Span = tuple[int, int]


@dataclass
class Reading:
    """Runs of characters of one style, which tile the text, and its problems in order."""

    length: int = 0
    starts: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    underlined: list[Span] = field(default_factory=list)
    """What the problems are about, without overlaps."""

    def runs(self, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """The styled runs of a piece of the text."""
        at = max(0, bisect_right(self.starts, start) - 1)
        while at < len(self.starts) and (first := self.starts[at]) < end:
            after = self.starts[at + 1] if at + 1 < len(self.starts) else self.length
            if self.names[at]:
                yield max(first, start), min(after, end), self.names[at]
            at += 1

    def wrong(self, start: int, end: int) -> Iterator[Span]:
        """What is to be underlined in a piece of the text."""
        at = max(0, bisect_right(self.underlined, (start, self.length)) - 1)
        for first, after in self.underlined[at:]:
            if first >= end:
                return
            if after > start:
                yield max(first, start), min(after, end)

    def move(self, start: int, end: int, stop: int) -> None:
        """``text[start:end]`` was exchanged for what now ends at ``stop``: it looks like what stands before it."""
        by = stop - end
        self.length += by
        if not self.starts:
            return
        inner, after = bisect_left(self.starts, max(start, 1)), bisect_left(self.starts, max(end, 1))
        if after > inner:  # what was cut in two goes on behind the change
            self.starts[inner:] = [stop, *(at + by for at in self.starts[after:])]
            self.names[inner:after] = [self.names[after - 1]]
        else:
            self.starts[after:] = [at + by for at in self.starts[after:]]
        self.problems.clear()
        self.underlined = [
            (first + by * (first >= end), last + by * (last >= end))
            for first, last in self.underlined
            if last <= start or first >= end
        ]

    def message(self, cursor: int) -> tuple[Problem, int] | None:
        """The problem at the cursor, else the first, and how many more there are."""
        if not self.problems:
            return None
        here = (p for p in self.problems if p.start <= cursor <= max(p.end, p.start + 1))
        return next(here, self.problems[0]), len(self.problems) - 1


def read(text: str) -> Reading:
    """Read a prompt. Linear in its length, yet for a thread when it is long."""
    from invoke_tui.prompt.highlight import highlight

    found = highlight(text)
    reading = Reading(len(text), problems=list(found.problems), underlined=_merged(found.problems))
    before: str | None = None
    for token in found.tokens:
        if (name := style_of(token)) != before:
            reading.starts.append(token.start)
            reading.names.append(name)
            before = name
    return reading


def style_of(token: HighlightToken) -> str:
    """The name of a token's style; empty for the colour of plain text."""
    if token.ignored:
        return "ignored"
    name = STYLES.get(token.kind.value)
    if name is not None:
        return name
    if token.weight > 1.0:
        return next(name for name, above in HEAT if token.weight > above)
    if token.weight < 1.0:
        return next(name for name, below in COOL if token.weight < below)
    return ""


def _merged(problems: list[Problem]) -> list[Span]:
    spans: list[Span] = []
    for problem in problems:
        start, end = problem.start, max(problem.start + 1, problem.end)
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans
