"""One step more or less weight: InvokeAI's recorded answers, and what holds for any text."""

from __future__ import annotations

import json
import math
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_tui.prompt.attention import Step, adjust
from invoke_tui.prompt.loose import Loose, Node
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.tokens import TokenKind
from tests.prompt.strategies import anything
from tests.prompt.test_properties import steps

RECORDED: list[list[Any]] = json.loads(
    (Path(__file__).parent / "data" / "attention.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: repr(case[:5])[:60])
def test_as_invokeai_does(case: list[Any]) -> None:
    text, start, end, step, numeric, *expected = case
    assert list(adjust(text, start, end, step, numeric)) == expected


@pytest.mark.parametrize(
    ("text", "at", "raised"),
    [
        ("(hello world)+, x", (14, 14), "(hello world)++, x"),
        ("a hello. b", (4, 4), "a hello+. b"),
        ("hello!", (2, 2), "hello!+"),
        ("size 2.5 cm", (6, 6), "size (2.5)+ cm"),
        ("{red|blue} car", (2, 2), "{red+|blue} car"),
        ("{red|blue} car", (10, 10), "({red|blue})+ car"),
        ("{2$$ and $$red|0.5::blue}", (21, 21), "{2$$ and $$red|0.5::blue+}"),
        ("{red|blue} car", (0, 14), "({red|blue} car)+"),
        ("__colour__ car", (0, 14), "(__colour__ car)+"),
        ("${x} car", (0, 0), "(${x})+ car"),
        ("red <lora:film (v2):0.5> car", (0, 28), "(red <lora:film (v2):0.5> car)+"),
        ("<my.style> car", (2, 2), "<my.style>+ car"),
        ("[fog, rain] car", (2, 2), "[fog+, rain] car"),
        ("red [fog] car", (0, 13), "(red [fog] car)+"),
        ("\\(a\\) b", (1, 1), "\\(a\\)+ b"),
        ("cat.swap(dog)", (1, 1), "(cat+).swap(dog)"),
        ("(big cat).swap(dog, s_end=.3)", (6, 6), "(big cat+).swap(dog, s_end=.3)"),
        ('"on a" mat', (1, 4), '"on+ a" mat'),
        ('"on a"+ mat', (0, 7), "(on a)++ mat"),
        ("cat.attend(1.3)", (1, 1), "(cat)1.4"),
        ("(a+ b)1.3", (1, 1), "(a++ b)1.3"),
        ("(a b", (1, 1), "(a+ b"),
        ("a = b", (0, 5), "a+ = b+"),
        ("x  y", (2, 2), "x  y"),
        (", a", (0, 1), ", a"),
        ("", (0, 0), ""),
    ],
)
def test_what_is_weighed(text: str, at: tuple[int, int], raised: str) -> None:
    assert adjust(text, *at, "increment").text == raised


words = st.sampled_from(["cat", "red", "2.5", "it's", "well-known", "\\(x\\)", "é", "<emb>", "a!"])


def weighted(marks: list[str]) -> st.SearchStrategy[str]:
    """Prompts whose weights are written with these marks, nested."""
    group = st.recursive(
        st.tuples(words, st.sampled_from(["", "", *(mark for mark in marks if mark[0] in "+-")])).map(
            lambda pair: pair[0] + (pair[1] if "." not in pair[0] else "")
        ),
        lambda inner: st.tuples(
            st.lists(inner, min_size=1, max_size=3).map(" ".join), st.sampled_from(marks)
        ).map(lambda pair: f"({pair[0]}){pair[1]}"),
        max_leaves=8,
    )
    return st.lists(st.one_of(group, group, st.just(",")), min_size=1, max_size=6).map(" ".join)


@st.composite
def selected(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> tuple[str, int, int]:
    text = draw(texts)
    start = draw(st.integers(-1, len(text) + 1))
    return text, start, start if draw(st.booleans()) else draw(st.integers(-1, len(text) + 1))


def heard(text: str) -> list[tuple[int, str, float]]:
    """Every drawn character: where it stands, itself and its weight."""
    return [
        (at, text[at], token.weight)
        for token in parse(text).tokens
        if token.kind in (TokenKind.WORD, TokenKind.ESCAPE, TokenKind.EMBEDDING, TokenKind.LITERAL)
        for at in range(token.start, token.end)
    ]


@pytest.mark.parametrize("marks", [["+", "++"], ["-", "---"], ["1.3", "0.75"], ["+", "1.3"]], ids=" ".join)
@pytest.mark.parametrize(("step", "back"), [("increment", "decrement"), ("decrement", "increment")])
def test_only_what_is_touched_changes_and_back(marks: list[str], step: Step, back: Step) -> None:
    @settings(max_examples=25, deadline=None)
    @given(selected(weighted(marks)), st.booleans())
    def check(case: tuple[str, int, int], numeric: bool) -> None:
        text, start, end = case
        there = adjust(text, start, end, step, numeric)
        before, after = heard(text), heard(there.text)
        assert [char for _, char, _ in after] == [char for _, char, _ in before]
        for (_, _, old), (at, _, new) in zip(before, after, strict=True):
            changes = [0.0, 0.1 * old, old / 1.1 - old, -0.1 * old, old / 0.9 - old]
            if there.start <= at < there.end:
                changes += [0.1 * factor * sign for factor in _outer(marks) for sign in (1, -1)]
            else:
                changes = [0.0]
            assert any(new - old == pytest.approx(change, abs=2e-3) for change in changes), (old, new)
        again = heard(adjust(*there, back, numeric).text)
        changed = [i for i, (at, _, _) in enumerate(after) if there.start <= at < there.end]
        untouched = [
            i for i in changed if any(math.isclose(after[i][2], other[i][2]) for other in (before, again))
        ]
        if not untouched and marks != ["+", "1.3"]:  # a word that had both styles goes back in one
            assert [w for _, _, w in again] == pytest.approx([w for _, _, w in before], abs=2e-3)

    check()


def _outer(marks: list[str]) -> list[float]:
    """What groups around a number multiply its step by."""
    return [1.1**steps for steps in range(24)] if "+" in marks else [1.0]


@settings(max_examples=150, deadline=None)
@given(selected(anything), st.sampled_from(["increment", "decrement"]), st.booleans())
def test_any_text_at_any_place(case: tuple[str, int, int], step: Step, numeric: bool) -> None:
    text = written = case[0]
    for _ in range(3):
        result = adjust(*case, step, numeric)
        assert 0 <= result.start <= result.end <= len(result.text)
        case, written = result, result.text
    assert re.sub(r"[^\w]|[\d]|attend", "", written) == re.sub(r"[^\w]|[\d]|attend", "", text)


def test_only_what_is_near_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its commas: a long prompt costs what a short one does, but for finding its brackets."""
    read = []
    node = Loose._node

    def counted(self: Loose, at: int, end: int, depth: int) -> Node:
        read.append(at)
        return node(self, at, end, depth)

    monkeypatch.setattr(Loose, "_node", counted)
    text = "a red (cat)1.2, " * 6000
    assert adjust(text, 48_002, 48_002, "increment").text == text[:48_005] + "+" + text[48_005:]
    assert len(read) < 10


@pytest.mark.parametrize("piece", ["(", '"', "'a, ", "(a)+ ", "a.swap(", "{a|"])
def test_long_and_odd(piece: str) -> None:
    for text in (piece * 1500, "(" + piece * 1200 + ").and()", "(" * 1200 + "a" + ")+" * 1200):
        for at in ((len(text) // 2,) * 2, (0, len(text))):
            assert adjust(text, *at, "increment").text


def test_work_grows_with_the_text() -> None:
    """Also where nothing limits what is near."""
    for piece in ("lorem ", "(a)+ ", "( a ", "{a|", "'a, ", "a+ "):
        small, large = (
            steps(partial(adjust, piece * times, 0, len(piece) * times, "increment")) for times in (50, 200)
        )
        assert large < 4.4 * small + 1000
