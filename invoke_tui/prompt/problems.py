"""What could not be read as written, where, and what to do about it. A problem never stops a picture."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from invoke_tui.prompt import grammar
from invoke_tui.prompt.foreign import Fix, Foreign, breaks, midway, weights
from invoke_tui.prompt.reader import UNCLOSED, Reader
from invoke_tui.prompt.tree import AllOf, BlendOf, Group, Ignored, Prompt, Swap, Word, walk

SWAP_NOTE: Final = "the text before .swap is drawn: swapping needs attention control, which is not built"

_SUSPECT = re.compile(
    r"""\\[()\[\]",.+\-=]|[()\[\]"]|<lora:|\.(?:blend|and|add|swap|attend)(?=\()|(?:with|use)Lora(?=\()"""
)
_CLOSED_BY: Final = {")": "(", "]": "["}
_HELP: Final = {
    ".blend": 'the whole prompt must be ("one prompt", "another").blend(0.7, 0.3)',
    ".and": 'the whole prompt must be ("one prompt", "another").and(1, 1)',
    ".add": 'the whole prompt must be ("one prompt", "another").add(1, 1)',
    ".swap": "write one word, or words in parentheses, directly before .swap(other words)",
    ".attend": "write a word or group before it and + or - or a number in it",
    "withLora": "write <lora:name:0.7>, or choose LoRAs in the form",
    "useLora": "write <lora:name:0.7>, or choose LoRAs in the form",
    "<lora:": "write <lora:name> or <lora:name:0.7>",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A message about the characters ``start <= i < end``."""

    start: int
    end: int
    message: str
    fix: Fix | None = None
    """What to write instead, where that is plain."""


def problems_of(tree: Prompt | BlendOf | AllOf, reader: Reader) -> list[Problem]:
    """Every problem of a parsed text, in order of appearance."""
    found: list[Problem] = []
    closed: dict[int, Group] = {}
    foreign: list[Foreign] = []
    literals = _Literals(reader)
    for node, _ in walk(tree):
        if isinstance(node, Word) and node.literal:
            found.extend(literals.problems(node))
        elif isinstance(node, Swap):
            found.append(Problem(node.operator[0].start, node.end, SWAP_NOTE))
        elif isinstance(node, Group):
            found.extend(_group_problems(node))
            if node.brackets and not node.quoted:
                closed[node.brackets[1].end] = node
        elif isinstance(node, Ignored):
            foreign.extend(midway(reader.text, node))
    foreign += [*weights(reader.text, closed), *breaks(reader.text)]
    found += problems_from(foreign)
    return sorted(found, key=lambda problem: (problem.start, problem.end))


def problems_from(foreign: Iterable[Foreign]) -> list[Problem]:
    """The syntax of other programs as problems."""
    return [Problem(one.start, one.end, one.message, one.fix) for one in foreign]


def _group_problems(group: Group) -> list[Problem]:
    found: list[Problem] = []
    if group.mark and abs(group.weight) > grammar.WEIGHT_LIMIT:
        found.append(Problem(*group.mark, f"weight out of range; {grammar.WEIGHT_LIMIT:g} is used"))
    if group.brackets and not group.children and not group.quoted:
        found.append(Problem(group.start, group.end, "nothing in the parentheses"))
    return found


class _Literals:
    """Explains the syntax characters in literal words, in order; knows which bracket a closing one answers."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._open = {"(": 0, "[": 0}

    def problems(self, word: Word) -> list[Problem]:
        found = []
        for match in _SUSPECT.finditer(self._reader.text, word.start, word.end):
            mark, at = match[0], match.start()
            if mark.startswith("\\"):
                continue
            opening = _CLOSED_BY.get(mark, "")
            if self._open.get(opening):
                self._open[opening] -= 1
                continue
            if mark in self._open:
                self._open[mark] += 1
            found.append(Problem(at, match.end(), f"{mark} is read literally: {self._why(mark, at, word)}"))
        return found

    def _why(self, mark: str, at: int, word: Word) -> str:
        if mark in "[]":
            return self._why_bracket(mark, at, word)
        if mark == ")":
            return "there is no ( for it to close; write \\) to mean it"
        if mark not in '("':
            return _HELP[mark]
        if at > word.start:
            return f"put a space before it to group, or write \\{mark} to mean it"
        failure = self._reader.failed.get(at)
        return failure.why if failure else UNCLOSED

    def _why_bracket(self, mark: str, at: int, word: Word) -> str:
        if mark == "]":
            return "there is no [ for it to close; write \\] to mean it"
        if self._reader.closes(at):
            return "put a space before it to leave words out, or write \\[ to mean it"
        return f"{UNCLOSED}; write \\[ to mean it"
