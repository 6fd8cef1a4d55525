"""A1111's attention and InvokeAI's say the same in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_tui.prompt.convert.a1111 import from_a1111, read_a1111, to_a1111
from invoke_tui.prompt.flatten import Fragment, flatten
from invoke_tui.prompt.parse import parse
from tests.prompt.strategies import anything

words = st.lists(
    st.sampled_from(["cat", "red fox", "a b,", "\\(x\\)", "é", "it's"]), min_size=1, max_size=3
).map(" ".join)
a1111 = st.recursive(
    words,
    lambda inner: st.one_of(
        inner.map(lambda t: f"({t})"),
        inner.map(lambda t: f"[{t}]"),
        st.tuples(inner, st.sampled_from([0.5, 1.2, 1.35])).map(lambda p: f"({p[0]}:{p[1]})"),
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
    ),
    max_leaves=6,
)


def _meaning(fragments: list[Fragment] | tuple[Fragment, ...]) -> list[tuple[str, float]]:
    """Every character that is drawn, with its weight."""
    return [(char, f.weight) for f in fragments for char in f.text if not char.isspace()]


def _same(ours: list[tuple[str, float]], meant: list[tuple[str, float]]) -> bool:
    """Weights are written with four digits behind the point."""
    return [char for char, _ in ours] == [char for char, _ in meant] and [
        weight for _, weight in ours
    ] == pytest.approx([weight for _, weight in meant], abs=1e-4)


@settings(max_examples=150, deadline=None)
@given(a1111)
def test_there_and_back(text: str) -> None:
    ours = from_a1111(text).text
    meant = _meaning(read_a1111(text))
    assert _same(_meaning(flatten(parse(ours).tree).parts[0].prompts[0]), meant)
    assert _same(_meaning(read_a1111(to_a1111(ours).text)), meant)


@settings(max_examples=150, deadline=None)
@given(anything)
def test_any_text_is_converted(text: str) -> None:
    assert isinstance(from_a1111(text).text, str)
    assert isinstance(to_a1111(text).text, str)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("a (cat:1.3), dog", "a (cat)1.3, dog"),
        ("(cat) 2", "(cat)1.1 2"),
        ("(cat)2", "(cat)1.1 2"),
        ("[fog] (a (b:1.2):1.5)", "(fog)0.9091 (a)1.5 (b)1.8"),
        ("\\(x\\)", "\\(x\\)"),
        ("<lora:film:0.6> cat", "<lora:film:0.6> cat"),
    ],
)
def test_known_prompts(theirs: str, ours: str) -> None:
    assert from_a1111(theirs).text == ours


def test_what_has_no_counterpart_is_named() -> None:
    assert [p.message.split()[0] for p in from_a1111("a BREAK b AND c [d:e:0.5]").problems] == [
        "BREAK",
        "AND",
        "prompts",
    ]
    assert "no .blend" in to_a1111('("a", "b").blend(1, 1)').problems[-1].message
    assert to_a1111('("a", "b").and(1, 0.5)').text == "a AND b :0.5"
    assert to_a1111("red++ fog-").text == "(red:1.21) (fog:0.9)"
