"""How many prompts a text stands for and how long they can get, computed before any of them is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from dynamicprompts.commands import Command, LiteralCommand, SequenceCommand, VariantCommand, WildcardCommand
from dynamicprompts.commands.variable_commands import VariableAccessCommand, VariableAssignmentCommand
from dynamicprompts.commands.wrap_command import WrapCommand
from dynamicprompts.enums import SamplingMethod

from invoke_tui.prompt.dynamic.lexicon import Lexicon

MOST: Final = 10**15
"""Counts and lengths beyond this are this."""
MOST_PICKS: Final = 100
_STEPS: Final = 300_000


class Refused(Exception):
    """Why a text is not expanded."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many texts a command stands for (equal ones counted as often as they come), the longest's characters."""

    count: int
    length: int


_T = TypeVar("_T")
_ONE: Final = Size(1, 0)
_Variables = dict[str, Command]


def measure(command: Command, lexicon: Lexicon) -> Size:
    """The size of what a command stands for; raises ``Refused`` on circles and on what takes too long to measure."""
    return _Measure(lexicon).size(command, {})


class _Measure:
    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._steps = _STEPS
        self._active: list[str] = []
        self._done: dict[tuple[str, int], tuple[Size, _Variables]] = {}

    def size(self, command: Command, variables: _Variables) -> Size:
        self._steps -= 1
        if self._steps < 0:
            raise Refused("it is too large to be counted")
        match command:
            case LiteralCommand():
                return Size(1, len(command.literal))
            case SequenceCommand():
                return self._sequence(command, variables)
            case VariantCommand():
                return self._variant(self._lexicon.as_choice(command), command, variables)
            case WildcardCommand():
                inner = {**variables, **command.variables} if command.variables else variables
                return self._wildcard(str(command.wildcard), inner)
            case VariableAccessCommand():
                value = variables.get(command.name, command.default)
                return self._within(f"${{{command.name}}}", value, variables) if value else _ONE
            case WrapCommand():
                return _both(self.size(command.wrapper, variables), self.size(command.inner, variables))
        return _ONE

    def _sequence(self, command: SequenceCommand, variables: _Variables) -> Size:
        set_here = {}
        for token in command.tokens:
            if isinstance(token, VariableAssignmentCommand) and (
                token.overwrite or token.name not in variables
            ):
                self.size(token.value, variables)
                set_here[token.name] = token.value
        inner = {**variables, **set_here} if set_here else variables
        total = _ONE
        for token in command.tokens:
            if not isinstance(token, VariableAssignmentCommand):
                total = _both(total, self.size(token, inner))
        return total

    def _variant(self, choice: VariantCommand, asked: VariantCommand, variables: _Variables) -> Size:
        if choice is not asked:
            wildcard = asked.values[0]
            assert isinstance(wildcard, WildcardCommand)
            name = f"__{wildcard.wildcard}__"
            sizes = self._inside(name, lambda: [self.size(value, variables) for value in choice.values])
        else:
            sizes = [self.size(value, variables) for value in choice.values]
        low, high = (min(bound, len(sizes)) for bound in (choice.min_bound, choice.max_bound))
        if high > MOST_PICKS:
            raise Refused(f"a choice picks {high} at once; {MOST_PICKS} is the most")
        lengths = sorted((size.length for size in sizes), reverse=True)[:high]
        length = sum(lengths) + len(choice.separator) * max(0, high - 1)
        if choice.sampling_method not in (None, SamplingMethod.COMBINATORIAL):
            return Size(1, min(MOST, length))
        return Size(min(MOST, self._ways([size.count for size in sizes], low, high)), min(MOST, length))

    def _ways(self, counts: list[int], low: int, high: int) -> int:
        """Ordered picks of ``low`` to ``high`` different options."""
        if (low, high) == (1, 1):
            return sum(counts)
        picks = [1] + [0] * high  # how many sets of so many options
        for count in counts:
            self._steps -= high // 4
            for number in range(high, 0, -1):
                picks[number] = min(MOST, picks[number] + picks[number - 1] * count)
        orders, total = 1, 0
        for number in range(high + 1):
            orders = min(MOST, orders * max(1, number))
            if number >= low:
                total = min(MOST, total + picks[number] * orders)
        return total

    def _wildcard(self, name: str, variables: _Variables) -> Size:
        known = self._done.get((name, id(variables)))
        if known:
            return known[0]

        def total() -> Size:
            sizes = [self.size(option.value, variables) for option in self._lexicon.options(name)]
            if not sizes:
                return Size(1, len(name) + 4)
            return Size(min(MOST, sum(s.count for s in sizes)), max(s.length for s in sizes))

        size = self._inside(f"__{name}__", total)
        self._done[name, id(variables)] = (size, variables)  # held, so that no other gets its id
        return size

    def _within(self, name: str, value: Command, variables: _Variables) -> Size:
        known = self._done.get((name, id(variables)))
        if known:
            return known[0]
        size = self._inside(name, lambda: self.size(value, variables))
        self._done[name, id(variables)] = (size, variables)
        return size

    def _inside(self, name: str, work: Callable[[], _T]) -> _T:
        if name in self._active:
            circle = " → ".join([*self._active[self._active.index(name) :], name])
            raise Refused(f"it goes round in a circle: {circle}")
        if len(self._active) > 30:
            raise Refused("its wildcards lead more than 30 deep")
        self._active.append(name)
        try:
            return work()
        finally:
            self._active.pop()


def _both(first: Size, second: Size) -> Size:
    return Size(min(MOST, first.count * second.count), min(MOST, first.length + second.length))
