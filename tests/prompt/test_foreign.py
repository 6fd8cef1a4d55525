"""What other programs write is recognised where it stands, and offered in our words."""

from __future__ import annotations

import pytest

from invoke_tui.prompt.flatten import flatten
from invoke_tui.prompt.foreign import fixed
from invoke_tui.prompt.highlight import highlight
from invoke_tui.prompt.parse import parse


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("a (red cat:1.3), b", "a (red cat)1.3, b"),
        ("((a: +1.2 ) b:.5)", "((a)1.2 b).5"),
        ("a BREAK b", "a b"),
        ("a, BREAK", "a, "),
        ("{a cat} {{dog}}", "(a cat)1.05 (dog)1.1025"),
        ("(a:1.3)+ (b:-1)", "(a:1.3)+ (b:-1)"),
        ("{a|b} {2$$c} ${d} BREAKS {e}}", "{a|b} {2$$c} ${d} BREAKS {e}}"),
    ],
)
def test_fixes(theirs: str, ours: str) -> None:
    assert fixed(theirs, [problem.fix for problem in highlight(theirs).problems if problem.fix]) == ours


def test_a_fixed_weight_is_heard() -> None:
    text = "a (red cat:1.3), b"
    (problem,) = highlight(text).problems
    assert problem.fix
    assert (problem.start, problem.end) == (10, 14)
    (_, cat, _) = flatten(parse(fixed(text, [problem.fix])).tree).parts[0].prompts[0]
    assert (cat.text, cat.weight) == ("red cat", 1.3)


@pytest.mark.parametrize("text", ["a [b:c:0.5]", "[b|c]", "[ :c:3 ]"])
def test_what_changes_midway_has_no_counterpart(text: str) -> None:
    (problem,) = highlight(text).problems
    assert "no counterpart" in problem.message
    assert problem.fix is None


def test_plain_brackets_are_ours() -> None:
    assert highlight("a [b, c: d]").problems == []
