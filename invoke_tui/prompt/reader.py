"""Reads runs of words, groups and swaps. Never fails, never recurses, never reads the same bracket twice.

Every bracketed run is one generator that yields the bracketed runs it needs; ``Reader.run`` drives them from
a stack of its own and remembers each answer, so that text which must be read a second way (a group that never
closes is read as plain words) costs no more than once more. That keeps the whole linear.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple, TypeVar

from invoke_tui.prompt import grammar
from invoke_tui.prompt.tree import Group, Ignored, LoRATag, Node, Prompt, Span, Swap, Word


class Mode(Enum):
    """Where a run stands, which decides what it may hold and how it ends."""

    TEXT = auto()
    """The prompt itself: what cannot be read otherwise is a literal word. Always succeeds."""
    GROUP = auto()
    """After ``(``, up to its ``)``."""
    QUOTE = auto()
    """Between quotation marks; must be readable to the end."""
    SWAP = auto()
    """After ``.swap(``, up to ``)`` or the comma before its options."""


class Ask(NamedTuple):
    """A run to be read: from ``start``, never beyond ``limit``."""

    mode: Mode
    start: int
    limit: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was read. ``end`` is behind the closing bracket, ``close`` the bracket itself."""

    children: tuple[Node, ...]
    end: int
    close: Span
    options: tuple[tuple[str, str], ...] = ()
    arguments: Span | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that cannot be read, and the character it stumbled over."""

    at: int
    why: str


Reading = Generator[Ask, "Run | Failure", "Run | Failure"]
Found = TypeVar("Found")
Part = Generator[Ask, "Run | Failure", "Found | Failure | None"]

UNCLOSED = "it is never closed"


class Reader:
    """The readings of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.failed: dict[int, Failure] = {}
        """Why the group or quote that opens at a position could not be read."""
        self._known: dict[Ask, Run | Failure] = {}
        self._closing = _brackets(text) if "[" in text else {}

    def run(self, ask: Ask) -> Run | Failure:
        """Read a run, and before it whatever it asks for."""
        if ask in self._known:
            return self._known[ask]
        stack: list[tuple[Ask, Reading]] = [(ask, self._read(ask))]
        answer: Run | Failure | None = None
        while True:
            asked, reading = stack[-1]
            try:
                wanted = next(reading) if answer is None else reading.send(answer)
            except StopIteration as done:
                answer = done.value
                assert answer is not None
                self._known[asked] = answer
                if isinstance(answer, Failure):
                    self.failed[asked.start - 1] = answer
                stack.pop()
                if not stack:
                    return answer
                continue
            answer = self._known.get(wanted)
            if answer is None:
                stack.append((wanted, self._read(wanted)))

    def closes(self, at: int) -> bool:
        """Whether the ``[`` at a position has its ``]``."""
        return at in self._closing

    def skip_space(self, at: int, limit: int) -> int:
        """The next character that is no space."""
        found = grammar.SPACE.match(self.text, at, limit)
        return found.end() if found else at

    def _read(self, ask: Ask) -> Reading:
        mode, at, limit = ask
        children: list[Node] = []
        while True:
            at = self.skip_space(at, limit)
            if at >= limit:
                if mode in (Mode.TEXT, Mode.QUOTE):
                    return Run(tuple(children), limit, Span(limit, limit))
                return Failure(at, UNCLOSED)
            char = self.text[at]
            if char == ")" and mode in (Mode.GROUP, Mode.SWAP):
                return Run(tuple(children), at + 1, Span(at, at + 1))
            if char == "," and mode is Mode.SWAP:
                return self._swap_options(tuple(children), at, limit)
            if mode is Mode.TEXT and (plain := grammar.PLAIN.match(self.text, at, limit)):
                children.append(Word(at, plain.end(), plain[0]))
                at = plain.end()
                continue
            node = yield from self._part(at, limit)
            if mode is Mode.TEXT and not isinstance(node, _WHOLE):
                node = self._literal(at, limit)
            elif node is None and char in ",.[]" and mode is not Mode.SWAP:
                node = Word(at, at + 1, char, literal=char in "[]")
            if isinstance(node, Failure):
                return node
            if node is None:
                return Failure(at, self._obstacle(at, limit, mode))
            children.append(node)
            at = node.end

    def _swap_options(self, children: tuple[Node, ...], comma: int, limit: int) -> Run | Failure:
        found = grammar.OPTIONS.match(self.text, comma + 1, limit)
        if not found:
            return Failure(comma, "after the comma only options such as s_start=0.1 can follow")
        end = found.end()
        options = tuple((m[1] or m[4] or "", m[2] or m[3] or "") for m in grammar.OPTION.finditer(found[0]))
        return Run(children, end + 1, Span(end, end + 1), options, Span(comma, end))

    def _part(self, at: int, limit: int) -> Part[Node]:
        """What starts here, with a weight or swap where one follows; None if it is no part of the language."""
        target: Word | Group | Failure | None
        char = self.text[at]
        if char == "<" and (tag := grammar.LORA.match(self.text, at, limit)):
            return LoRATag(at, tag.end(), tag[1].strip(), float(tag[2]) if tag[2] else None)
        if char == "[":
            return (yield from self._ignored(at, limit))
        if char == "(":
            target = yield from self._group(at, limit)
        elif char == '"':
            target = yield from self._quote(at, limit)
        else:
            word = grammar.WORD.match(self.text, at, limit)
            target = Word(at, word.end(), grammar.unescaped(word[0])) if word else None
        if target is None or isinstance(target, Failure):
            return target
        return (yield from self._followed(target, limit))

    def _group(self, at: int, limit: int) -> Part[Group]:
        run = yield Ask(Mode.GROUP, at + 1, limit)
        if isinstance(run, Failure):
            return run
        return Group(at, run.end, run.children, brackets=(Span(at, at + 1), run.close))

    def _ignored(self, at: int, limit: int) -> Part[Ignored]:
        close = self._closing.get(at, limit)
        if close >= limit:
            return None
        run = yield Ask(Mode.TEXT, at + 1, close)
        children = run.children if isinstance(run, Run) else ()
        brackets = (Span(at, at + 1), Span(close, close + 1))
        steps = grammar.LOST_STEPS.match(self.text, close + 1, limit)
        mark = Span(*steps.span()) if steps else None
        return Ignored(at, mark.end if mark else close + 1, children, brackets, mark)

    def _quote(self, at: int, limit: int) -> Part[Group]:
        found = grammar.QUOTED.match(self.text, at, limit)
        if not found:
            return Failure(at, UNCLOSED)
        run = yield Ask(Mode.QUOTE, *found.span(1))
        if isinstance(run, Failure):
            return run
        close = Span(found.end(1), found.end())
        return Group(at, close.end, run.children, quoted=True, brackets=(Span(at, at + 1), close))

    def _followed(self, target: Word | Group, limit: int) -> Part[Node]:
        """The target with its weight or swap, where one follows."""
        marks = grammar.STEPS if isinstance(target, Word) else grammar.WEIGHT
        weight = marks.match(self.text, target.end, limit)
        if weight and self.text[target.end - 1] != ",":
            return _weighted(target, weight[0], Span(*weight.span()))
        if attend := grammar.ATTEND.match(self.text, target.end, limit):
            start = self.skip_space(target.end, limit)
            return _weighted(target, attend[1], Span(start, attend.end()))
        if swap := grammar.SWAP.match(self.text, target.end, limit):
            run = yield Ask(Mode.SWAP, swap.end(), limit)
            if isinstance(run, Run):
                start = self.skip_space(target.end, limit)
                edited = Prompt(swap.end(), (run.arguments or run.close).start, run.children)
                operator = (Span(start, swap.end()), run.close)
                return Swap(target.start, run.end, target, edited, run.options, operator, run.arguments)
        return target

    def _literal(self, at: int, limit: int) -> Word:
        found = grammar.LITERAL.match(self.text, at, limit)
        end = found.end() if found else at + 1
        return Word(at, end, grammar.unescaped(self.text[at:end]), literal=True)

    def _obstacle(self, at: int, limit: int, mode: Mode) -> str:
        char = self.text[at]
        if char in "+-":
            return f'"{char}" stands alone inside it (write \\{char})'
        if char == ")":
            return f'"{char}" closes nothing inside it (write \\{char})'
        if mode is Mode.SWAP:
            return f'"{char}" cannot stand in the text of a swap'
        return f'"{char}" cannot stand inside it (write \\{char})'


_WHOLE: Final = (Group, Swap, Ignored, LoRATag)
"""What stands for itself in the prompt; anything else there is a literal word."""


def _brackets(text: str) -> dict[int, int]:
    """Where each ``[`` is closed."""
    pairs: dict[int, int] = {}
    opened: list[int] = []
    for match in grammar.BRACKET.finditer(text):
        if match[0] == "[":
            opened.append(match.start())
        elif match[0] == "]" and opened:
            pairs[opened.pop()] = match.start()
    return pairs


def _weighted(target: Word | Group, mark: str, span: Span) -> Group:
    weight = grammar.weight_of(mark)
    if isinstance(target, Word):
        return Group(target.start, span.end, (target,), weight, mark=span)
    return Group(target.start, span.end, target.children, weight, target.quoted, target.brackets, span)
