"""A lenient reading of a prompt for editing it: only what the cursor is near, never an error.

The tree of ``parse`` says what is drawn; this says what can be weighed, in texts that are not finished, too: with
choices ``{a|b}`` unexpanded and the parts of a blend in any quotation marks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from invoke_tui.prompt import grammar


class Kind(Enum):
    """What can be done with a node."""

    WORD = auto()
    """Takes a mark as it stands: ``word+``."""
    ATOM = auto()
    """Takes a mark in parentheses only: ``2.5``, ``__wildcard__``."""
    POINT = auto()
    """A comma or periods: weighed with the words around it, never alone."""
    CHOICE = auto()
    """``{a|b}``: an atom from outside, one region for each choice inside."""
    GROUP = auto()
    """Words in parentheses, or in quotation marks with a weight."""
    GAP = auto()
    """Spaces and LoRA tags: between words as if they were not there."""
    IGNORED = auto()
    """``[words]``: a gap from outside, a region inside."""
    FIXED = auto()
    """A blend, a swap, or what cannot be read: weighed only inside its regions."""


class Mark(NamedTuple):
    """A weight as it is written: so many steps, or a number."""

    level: int
    number: float | None


@dataclass(frozen=True, slots=True)
class Node:
    """The characters ``start <= i < end``; ``core`` is where the text of a word ends and its mark begins."""

    start: int
    end: int
    kind: Kind
    core: int
    mark: Mark | None = None
    children: tuple[Node, ...] = ()
    regions: tuple[Region, ...] = ()
    dropped: tuple[int, int] | None = None
    """Space before ``.and(`` that goes when the inside is written anew."""


@dataclass(frozen=True, slots=True)
class Region:
    """Text that is weighed by itself. ``bare``: it needs parentheses as soon as it is more than a word."""

    start: int
    end: int
    nodes: tuple[Node, ...]
    bare: bool = False


_DEEPEST: Final = 60
_OPEN: Final = {")": "(", "]": "[", "}": "{", '"': '"'}
_LORA = r"<lora:[^<>\r\n]{1,300}>"
_BRACKETS = re.compile(
    rf"\\.|{_LORA}|[()\[\]{{}},]|(?<=[^\W\d_])[{grammar.SPACES}]"
    r"|(?<![^\s(,\[{|])\"|\"(?=[\s),\]}|.+\-\d]|\Z)",
    re.DOTALL,
)
_TAG = re.compile(_LORA)
_CHUNK = re.compile(
    rf"(?:<[\w.\-]+>|\\[^{grammar.SPACES}]|\\|[^{grammar.SPACES},()\"\[\]{{}}\\<]|<(?!lora:))+|<"
)
_POINTS = re.compile(r"\.+")
_UNREADABLE = re.compile(r"=|[+\-](?=[.+\-=]|\Z)")
_CALL = re.compile(r"\s{0,100}(\.)\s{0,9}(?:and|or|add|blend)\s{0,9}\(")
_SWAP = re.compile(r"\s{0,100}(\.)swap\s{0,9}\(")
_COUNT = re.compile(r"\s*(?:[~@](?!\s))?(?:[\d\-]+\$\$(?:[^|{}$]{0,80}\$\$)?)?")
_SHARE = re.compile(r"\s*[\d.]+::")
_CUTS = re.compile(r"\\.|[(\[{\",|]", re.DOTALL)
_QUOTES: Final = {'"': '"', "'": "'", "“": "”", "‘": "’", "„": "“", "«": "»"}


class Loose:
    """The brackets of a text, paired; nodes are read where they are asked for."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.pairs: dict[int, int] = {}
        self._cuts_at: list[int] = []
        opened: list[tuple[str, int]] = []
        count = dict.fromkeys('([{"', 0)
        for match in _BRACKETS.finditer(text):
            char, at = match[0], match.start()
            if char == "," or char.isspace():
                if not opened:
                    self._cuts_at.append(at)
            elif char in count and not (char == '"' and count['"']):
                opened.append((char, at))
                count[char] += 1
            elif count.get(wanted := _OPEN.get(char, ""), 0):
                while opened:
                    bracket, begin = opened.pop()
                    count[bracket] -= 1
                    if bracket == wanted:
                        self.pairs[begin] = at
                        break

    def near(self, start: int, end: int) -> Region:
        """The text around a selection, up to words without a weight: nothing reaches across them."""
        before, after = bisect_left(self._cuts_at, start), bisect_left(self._cuts_at, end) + 1
        left = self._cuts_at[before - 1] + 1 if before else 0
        right = self._cuts_at[after] if after < len(self._cuts_at) else len(self.text)
        return self._region(left, right, 0)

    def _region(self, start: int, end: int, depth: int, *, bare: bool = False) -> Region:
        return Region(start, end, tuple(self._nodes(start, end, depth)), bare)

    def _nodes(self, at: int, end: int, depth: int) -> Iterator[Node]:
        while at < end:
            node = self._node(at, end, depth)
            yield node
            at = node.end

    def _node(self, at: int, end: int, depth: int) -> Node:
        text, char = self.text, self.text[at]
        if char in grammar.SPACES and (space := grammar.SPACE.match(text, at, end)):
            return _plain(at, space.end(), Kind.GAP)
        if tag := _TAG.match(text, at, end):
            return _plain(at, tag.end(), Kind.GAP)
        close = self.pairs.get(at, end)
        if close < end:
            if depth >= _DEEPEST:
                return _plain(at, close + 1, Kind.FIXED)
            return self._bracketed(char, at, close, end, depth + 1)
        if char == ",":
            return _plain(at, at + 1, Kind.POINT)
        chunk = _CHUNK.match(text, at, end)
        if not chunk:
            return _plain(at, at + 1, Kind.FIXED)
        return self._chunk(at, chunk.end(), end, depth + 1)

    def _bracketed(self, char: str, at: int, close: int, end: int, depth: int) -> Node:
        if char == "[":
            return _box(at, close + 1, Kind.IGNORED, (self._region(at + 1, close, depth),))
        if char == "{":
            return _box(at, close + 1, Kind.CHOICE, tuple(self._choices(at + 1, close, depth)))
        if char == "(":
            call = _CALL.match(self.text, close + 1, end)
            if call and (stop := self.pairs.get(call.end() - 1, end)) < end:
                regions = tuple(self._arguments(at + 1, close, depth))
                space = (close + 1, call.start(1))
                return Node(at, stop + 1, Kind.FIXED, stop + 1, regions=regions, dropped=space)
            swap = _SWAP.match(self.text, close + 1, end)
            if swap and (stop := self.pairs.get(swap.end() - 1, end)) < end:
                inner = self._region(at + 1, close, depth)
                return _box(at, stop + 1, Kind.FIXED, (inner, self._edited(swap.end(), stop, depth)))
        inner = self._region(at + 1, close, depth)
        mark, after = self._mark(close + 1, end, grammar.WEIGHT)
        if not any(node.kind not in (Kind.GAP, Kind.IGNORED) for node in inner.nodes):
            return _plain(at, after, Kind.FIXED)
        if char == '"' and mark is None:
            return _box(at, close + 1, Kind.FIXED, (inner,))
        return Node(at, after, Kind.GROUP, close + 1, mark, children=inner.nodes)

    def _chunk(self, at: int, stop: int, end: int, depth: int) -> Node:
        """What stands between spaces and brackets: mostly a word."""
        text = self.text
        close = self.pairs.get(stop, end)
        if text[stop - 1] == "$" and close < end and text[stop] == "{":
            return (
                _plain(at, close + 1, Kind.ATOM) if stop - 1 == at else self._chunk(at, stop - 1, end, depth)
            )
        if text.endswith(".swap", at, stop) and close < end and text[stop] == "(":
            head = self._region(at, stop - 5, depth, bare=True)
            return _box(at, close + 1, Kind.FIXED, (head, self._edited(stop + 1, close, depth)))
        if text.endswith(".attend", at, stop) and grammar.ATTEND.match(text, stop - 7, end):
            stop -= 7
        word = grammar.WORD.match(text, at, stop)
        if not word:
            points = _POINTS.fullmatch(text, at, stop)
            return _plain(at, stop, Kind.POINT if points else Kind.FIXED)
        core = word.end()
        mark, after = self._mark(core, end, grammar.STEPS)
        if after >= stop or _POINTS.fullmatch(text, after, stop):
            kind = Kind.ATOM if "__" in word[0] else Kind.WORD
            return Node(at, after, kind, core, mark)
        while text[stop - 1] == ".":
            stop -= 1
        return _plain(at, stop, Kind.FIXED if _UNREADABLE.search(text, at, stop) else Kind.ATOM)

    def _mark(self, at: int, end: int, form: re.Pattern[str]) -> tuple[Mark | None, int]:
        if attend := grammar.ATTEND.match(self.text, at, end):
            return _mark_of(attend[1]), attend.end()
        if match := form.match(self.text, at, end):
            return _mark_of(match[0]), match.end()
        return None, at

    def _edited(self, start: int, end: int, depth: int) -> Region:
        """The second text of a swap, without its options."""
        return self._region(start, next(self._cuts(start, end, ","), end), depth)

    def _choices(self, start: int, end: int, depth: int) -> Iterator[Region]:
        count = _COUNT.match(self.text, start, end)
        begin = count.end() if count else start
        for cut in (*self._cuts(begin, end, "|"), end):
            share = _SHARE.match(self.text, begin, cut)
            yield self._region(share.end() if share else begin, cut, depth)
            begin = cut + 1

    def _arguments(self, begin: int, end: int, depth: int) -> Iterator[Region]:
        """The parts of a blend or conjunction, within their quotation marks."""
        unclosed: set[str] = set()
        while begin <= end:
            space = grammar.SPACE.match(self.text, begin, end)
            inner = space.end() if space else begin
            quote = _QUOTES.get(self.text[inner]) if inner < end else None
            if quote and quote not in unclosed:
                if close := re.compile(rf"{quote}\s*(?=,|\Z)").search(self.text, inner + 1, end):
                    yield self._region(inner + 1, close.start(), depth)
                    begin = close.end() + 1
                    continue
                unclosed.add(quote)
            cut = next(self._cuts(begin, end, ","), end)
            yield self._region(begin, cut, depth)
            begin = cut + 1

    def _cuts(self, at: int, end: int, separator: str) -> Iterator[int]:
        """Where a separator stands outside all brackets."""
        while found := _CUTS.search(self.text, at, end):
            at = found.start()
            if found[0] == separator:
                yield at
            at = max(found.end(), self.pairs.get(at, -1) + 1)


def _plain(start: int, end: int, kind: Kind) -> Node:
    return Node(start, end, kind, end)


def _box(start: int, end: int, kind: Kind, regions: tuple[Region, ...]) -> Node:
    return Node(start, end, kind, end, regions=regions)


def _mark_of(mark: str) -> Mark:
    if mark[0] in "+-":
        return Mark(min(len(mark), grammar.MOST_STEPS) * (1 if mark[0] == "+" else -1), None)
    return Mark(0, min(float(mark), grammar.WEIGHT_LIMIT))
