"""``prompt``: what a text means, without making a picture. No daemon is needed."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli.extract import extract
from invoke_tui.cli.options import Json, Root, open_studio, program
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import BadInputError, ExitCode
from invoke_tui.domain.request.parameters import PROMPT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from invoke_tui.prompt.dynamic.expand import Expansion
    from invoke_tui.prompt.foreign import Fix
    from invoke_tui.prompt.problems import Problem

prompt = program("Check, explain, expand and convert prompts; take them from pictures.")
prompt.command()(extract)
Prompt = Annotated[str, typer.Argument(help="The prompt; - reads it from stdin.", show_default=False)]
_SHOWN = 10


class Language(StrEnum):
    """Whose attention syntax."""

    A1111 = "a1111"
    INVOKEAI = "invokeai"


@prompt.command()
def check(text: Prompt, root: Root = None, json: Json = False) -> None:
    """Say what cannot be read as written; ends with 1 when there is something."""
    text = _text(text)
    document, problems, _ = _read(text, root)
    Output(as_json=json).result(document, _problem_lines(problems, text) or ["no problems"])
    if problems:
        raise typer.Exit(ExitCode.FAILED)


@prompt.command()
def explain(text: Prompt, root: Root = None, json: Json = False) -> None:
    """Show the prompt as a tree, with the weight of every word in the end."""
    from invoke_tui.prompt.explain import explain as explained
    from invoke_tui.prompt.explain import lines

    text = _text(text)
    document, problems, _ = _read(text, root)
    tree = explained(text)
    output = Output(as_json=json)
    output.result(
        document | ({"tree": tree.as_json()} if json else {}), [*lines(tree), *_problem_lines(problems, text)]
    )


@prompt.command()
def expand(
    text: Prompt,
    limit: Annotated[int, typer.Option("--max-prompts", min=1, max=10_000, help="At most so many.")] = 100,
    combinatorial: Annotated[
        bool, typer.Option("--combinatorial/--random", help="All combinations, or random draws.")
    ] = True,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides the draws.")] = 0,
    root: Root = None,
    json: Json = False,
) -> None:
    """List the prompts a dynamic prompt stands for."""
    text = _text(text)
    document, problems, found = _read(text, root, limit=limit, combinatorial=combinatorial, seed=seed)
    output = Output(as_json=json)
    output.result(document, found.prompts)
    if not json:
        for line in _problem_lines(problems, text):
            output.note(line)
        if found.count > len(found.prompts):
            output.note(f"{len(found.prompts)} of {found.count:,}")


@prompt.command()
def convert(
    text: Prompt,
    to: Annotated[Language, typer.Option("--to", help="The language wanted.")] = Language.INVOKEAI,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes, line by line.")] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Turn A1111's attention syntax into InvokeAI's, or back with --to a1111."""
    from invoke_tui.prompt.convert.a1111 import from_a1111, to_a1111

    text = _text(text)
    found = from_a1111(text) if to is Language.INVOKEAI else to_a1111(text)
    output = Output(as_json=json)
    shown = _diff(text, found.text) if diff and not json else [found.text]
    output.result({"text": found.text, "problems": _problems(found.problems)}, shown)
    if not json:
        for line in _problem_lines(found.problems, text):
            output.note(line)


def _read(
    text: str, root: Any, *, limit: int = _SHOWN, combinatorial: bool = True, seed: int = 0
) -> tuple[dict[str, Any], list[Problem], Expansion]:
    from invoke_tui.config.wildcards import wildcard_folders
    from invoke_tui.prompt.dynamic.expand import expand as expanded
    from invoke_tui.prompt.dynamic.wildcards import Wildcards
    from invoke_tui.prompt.highlight import highlight

    studio = open_studio(root)
    wildcards = Wildcards(wildcard_folders(studio.settings, studio.paths))
    found = expanded(text, limit, combinatorial=combinatorial, seed=seed, wildcards=wildcards)
    shown = highlight(text)
    problems = sorted(
        {(p.start, p.end, p.message): p for p in (*found.problems, *shown.problems)}.values(),
        key=lambda problem: problem.start,
    )
    document = {
        "tokens": [
            {
                "start": t.start,
                "end": t.end,
                "text": text[t.start : t.end],
                "kind": t.kind.value,
                "weight": t.weight,
                "ignored": t.ignored,
            }
            for t in shown.tokens
        ],
        "problems": _problems(problems),
        "expanded": list(found.prompts),
        "count": found.count,
        "exact": found.exact,
    }
    return document, problems, found


def _text(text: str) -> str:
    if text == "-":
        text = sys.stdin.buffer.read(4 * PROMPT_LIMIT + 1).decode("utf-8-sig", "replace").rstrip("\r\n")
    if len(text) > PROMPT_LIMIT:
        raise BadInputError(f"the prompt is longer than {PROMPT_LIMIT} characters", code="bad_value")
    return text


def _problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "start": p.start,
            "end": p.end,
            "message": p.message,
            "fix": {"start": p.fix.start, "end": p.fix.end, "text": p.fix.text} if p.fix else None,
        }
        for p in problems
    ]


def _problem_lines(problems: Iterable[Problem], text: str) -> list[str]:
    return [f"{p.start}-{p.end}: {p.message}{_advice(p.fix, text)}" for p in problems]


def _advice(fix: Fix | None, text: str) -> str:
    if fix is None:
        return ""
    return f"; write {fix.text} for {text[fix.start : fix.end]}" if fix.text else "; leave it out"


def _diff(before: str, after: str) -> list[str]:
    """Lines as in ``diff -u``; the pieces between commas stand on lines of their own."""
    from difflib import unified_diff
    from re import split

    old, new = (split(r"(?<=[,\n])", text) for text in (before, after))
    return [line.rstrip("\n") for line in unified_diff(old, new, "before", "after", n=1, lineterm="")]
