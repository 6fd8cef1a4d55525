"""``parse(text)``: the prompt as a tree, as tokens and as a list of what could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from invoke_tui.prompt.join import read_join
from invoke_tui.prompt.problems import Problem, problems_of
from invoke_tui.prompt.reader import Ask, Mode, Reader, Run
from invoke_tui.prompt.tokens import Token, tokens_of
from invoke_tui.prompt.tree import AllOf, BlendOf, Prompt


@dataclass(frozen=True, slots=True)
class Parsed:
    """A prompt as it was read. ``problems`` never keep it from being drawn."""

    text: str
    tree: Prompt | BlendOf | AllOf
    tokens: tuple[Token, ...]
    problems: tuple[Problem, ...]


def parse(text: str) -> Parsed:
    """Read any text. Takes time linear in its length and never raises."""
    reader = Reader(text)
    joined = read_join(reader)
    refused: list[Problem] = []
    if joined is None or isinstance(joined, Problem):
        refused = [joined] if joined else []
        run = reader.run(Ask(Mode.TEXT, 0, len(text)))
        tree: Prompt | BlendOf | AllOf = Prompt(0, len(text), run.children if isinstance(run, Run) else ())
    else:
        tree = joined
    return Parsed(text, tree, tokens_of(tree, text), tuple(refused + problems_of(tree, reader)))
