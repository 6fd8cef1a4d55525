"""``expand`` and ``preview``: the prompts a text stands for. Total: any text gives at least one prompt, itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.dynamic.scan import Scan, is_dynamic, scan, unshield
from invoke_tui.prompt.dynamic.wildcards import Wildcards
from invoke_tui.prompt.problems import Problem

if TYPE_CHECKING:
    from invoke_tui.prompt.dynamic.lexicon import Lexicon

LONGEST: Final = 200_000
"""Characters of one prompt; a text that can stand for a longer one is not expanded."""
MOST_CHARACTERS: Final = 20_000_000
_SET = re.compile(r"\$\{\s*([\w-]+)\s*\??=")
_STEPS: Final = 600_000
_PREVIEW_STEPS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Expansion:
    """The prompts a text stands for.

    ``count`` is how many there are without the limit; ``exact`` is false where equal ones among them were not told
    apart. ``refused`` says that nothing was expanded because of the first problem.
    """

    prompts: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    count: int = 1
    exact: bool = True
    refused: bool = False


def expand(
    text: str,
    limit: int,
    *,
    combinatorial: bool = True,
    seed: int = 0,
    wildcards: Wildcards | None = None,
    steps: int = _STEPS,
) -> Expansion:
    """At most ``limit`` prompts: the first combinations, or as many random draws, which ``seed`` decides.

    ``wildcards`` None leaves ``__names__`` as they stand. A malformed text, and one that is refused, stands for itself.
    """
    if not is_dynamic(text):
        return Expansion((text,))
    found = scan(text, wildcards=wildcards is not None)
    if found.problems:
        return Expansion((text,), tuple(found.problems), refused=True)
    if not found.dynamic:
        return Expansion((text,))
    try:
        return _expand(text, found, limit, combinatorial, seed, wildcards or Wildcards(), steps)
    except RecursionError:
        return _refused(text, "it is nested too deep")


def preview(
    text: str,
    limit: int = 5,
    *,
    combinatorial: bool = True,
    seed: int = 0,
    wildcards: Wildcards | None = None,
) -> Expansion:
    """The number of prompts and the first few, for an editor: little work, whatever the text."""
    return expand(
        text, limit, combinatorial=combinatorial, seed=seed, wildcards=wildcards, steps=_PREVIEW_STEPS
    )


def _expand(
    text: str, found: Scan, limit: int, combinatorial: bool, seed: int, wildcards: Wildcards, steps: int
) -> Expansion:
    from dynamicprompts.parser.parse import parse

    from invoke_tui.prompt.dynamic.lexicon import Lexicon
    from invoke_tui.prompt.dynamic.measure import MOST, Refused, measure
    from invoke_tui.prompt.dynamic.samplers import Budget, Exhausted, context

    try:
        command = parse(found.shielded)
    except RecursionError:
        raise
    except Exception as error:  # the parser's own kind, and what its actions raise
        at = min(getattr(error, "loc", 0), max(0, len(text) - 1))
        return Expansion((text,), (Problem(at, len(text), "this cannot be read"),), refused=True)
    lexicon = Lexicon(wildcards)
    try:
        size = measure(command, lexicon)
    except Refused as why:
        return _refused(text, str(why))
    if size.length > LONGEST:
        return _refused(text, f"a prompt of it can be {_shown(size.length, MOST)} characters long")
    prompts: list[str] = []
    problems = _notes(found, lexicon, wildcards)
    room, exhausted = MOST_CHARACTERS, False
    try:
        source = context(lexicon, Budget(steps), combinatorial=combinatorial, seed=seed)
        for result in islice(source.sample_prompts(command), limit):
            prompts.append(unshield(result.text))
            room -= len(prompts[-1])
            if room < 0:
                raise Exhausted
    except (Exhausted, RuntimeError) as error:  # a generator turns what ends it into a RuntimeError
        if isinstance(error, RecursionError):
            raise
        exhausted = True
    except ValueError as error:
        return _refused(text, safe_text(error, limit=200))
    if exhausted and prompts:
        problems.append(
            Problem(0, len(text), f"only the first {len(prompts)} prompts were made: too much work")
        )
    elif exhausted:
        return _refused(text, "it takes too much work to make a prompt of it")
    if not combinatorial:
        return Expansion(tuple(prompts) or (text,), tuple(problems), len(prompts) or 1)
    exact = len(prompts) < limit and not exhausted
    count = len(prompts) if exact else max(size.count, len(prompts))
    return Expansion(tuple(prompts) or (text,), tuple(problems), count or 1, exact or count == len(prompts))


def _notes(found: Scan, lexicon: Lexicon, wildcards: Wildcards) -> list[Problem]:
    """What was met on the way and does not stop the expansion: each missing name once."""
    notes = [
        Problem(start, end, f"there is no wildcard {name}")
        for name, start, end in {entry[0]: entry for entry in reversed(found.wildcards)}.values()
        if not lexicon.options(name)
    ]
    set_here = {match[1] for match in _SET.finditer(found.shielded)}
    notes += [
        Problem(start, end, f"the variable {name} is not set in this prompt")
        for name, start, end in found.variables
        if name not in set_here and not found.wildcards
    ]
    notes += [Problem(0, 1, note) for note in (*lexicon.unreadable[:20], *wildcards.problems[:20])]
    return sorted(notes, key=lambda note: note.start)


def _refused(text: str, why: str) -> Expansion:
    return Expansion((text,), (Problem(0, max(1, len(text)), f"not expanded: {why}"),), refused=True)


def _shown(number: int, most: int) -> str:
    return f"more than {most:,}" if number >= most else f"{number:,}"
