"""Whatever is typed: no exception, tokens that tile, no word lost, and time linear in the length."""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings

from invoke_tui.prompt.flatten import flatten
from invoke_tui.prompt.highlight import highlight
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.tokens import TokenKind
from tests.prompt.strategies import PIECES, PROMPTS, anything

DRAWN = {TokenKind.WORD, TokenKind.ESCAPE, TokenKind.EMBEDDING, TokenKind.LITERAL}


@settings(max_examples=150, deadline=None)
@given(anything)
def test_any_text_is_read(text: str) -> None:
    parsed = parse(text)
    assert "".join(token.text for token in parsed.tokens) == text
    at = 0
    for token in parsed.tokens:
        assert token.start == at < token.end
        assert text[token.start : token.end] == token.text
        at = token.end
    assert all(not t.text.strip(" \t\n\r\f\v") for t in parsed.tokens if t.kind is TokenKind.SPACE)
    for problem in parsed.problems:
        assert 0 <= problem.start < problem.end <= len(text)
        assert problem.message


@settings(max_examples=150, deadline=None)
@given(anything)
def test_no_word_is_lost(text: str) -> None:
    """Every character that a token shows as drawn reaches the encoder, in order; no other does."""
    if ".swap" in text:  # its second text is not drawn
        return
    parsed = parse(text)
    flat = flatten(parsed.tree)
    drawn = "".join(token.text for token in parsed.tokens if token.kind in DRAWN)
    encoded = "".join(f.text for part in flat.parts for prompt in part.prompts for f in prompt)
    assert _bare(encoded) == _bare(drawn)
    weights = [f.weight for part in flat.parts for prompt in part.prompts for f in prompt]
    assert all(math.isfinite(weight) for weight in weights)


def test_ten_thousand_strings() -> None:
    """Noise, pieces of the language at random, and recorded prompts with some characters changed."""
    draw = random.Random(20)
    letters = "".join(PROMPTS) + "{}[]<>|$#_\\\n\u202e🐱"
    for number in range(10_000):
        text = draw.choice(PROMPTS) if number % 2 else ""
        for _ in range(draw.randint(1, 6)):
            at = draw.randrange(len(text) + 1)
            put = draw.choice(PIECES) if number % 3 else "".join(draw.choices(letters, k=draw.randint(0, 8)))
            text = text[:at] + put + text[at + draw.randint(0, 2) :]
        shown = highlight(text)
        assert [0, *(t.end for t in shown.tokens)] == [*(t.start for t in shown.tokens), len(text)], text
        assert flatten(parse(text).tree).parts, text


def _bare(text: str) -> str:
    return re.sub(r"[ \t\n\r\f\v\\]", "", text)


@settings(max_examples=60, deadline=None)
@given(anything)
def test_highlight_agrees_with_the_parse(text: str) -> None:
    shown, parsed = highlight(text), parse(text)
    assert [0, *(t.end for t in shown.tokens)] == [*(t.start for t in shown.tokens), len(text)]
    assert all(t.end > t.start for t in shown.tokens)
    if re.search("[{}#]|__", text):
        return
    assert [(t.start, t.end, t.kind) for t in shown.tokens] == [
        (t.start, t.end, t.kind) for t in parsed.tokens
    ]
    assert shown.problems == list(parsed.problems)


@settings(max_examples=60, deadline=None)
@given(anything)
def test_escaping_every_bracket_makes_plain_text(text: str) -> None:
    escaped = re.sub(
        r'[()\[\]"+\-]', lambda match: "\\" + match[0], text.replace("\\", "").replace("<lora:", "")
    )
    parsed = parse(escaped)
    assert {f.weight for part in flatten(parsed.tree).parts for p in part.prompts for f in p} == {1.0}
    assert not any(token.kind in (TokenKind.BRACKET, TokenKind.WEIGHT) for token in parsed.tokens)


def steps(action: Callable[[], object]) -> int:
    """How many lines of Python an action runs: a clock that no other process disturbs."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


GROWING = {
    "words": "a red cat, ",
    "groups": "(a cat)1.2 ",
    "unclosed": "(",
    "unclosed, spaced": "( a ",
    "unopened": ") ",
    "quotes": '" ',
    "odd quotes": '"a" " ',
    "unclosed swaps": "a.swap(",
    "unclosed swaps in groups": "(a.swap(b, ",
    "swaps with bad options": "a.swap(b, c d) ",
    "broken groups": "(a (b)1.2 = ",
    "blends": '("a","b").blend(1,1) ',
    "options": ".blend(1, ",
    "commas": ",",
    "embeddings": "<",
    "escapes": "\\",
    "spaces": " ",
    "pluses": "cat+",
    "attend": "a.attend( ",
    "ignored": "[a] ",
    "unclosed ignored": "[ a ",
    "unopened ignored": "] ",
    "loras": "<lora:a ",
    "choices": "{a|b} ",
    "unclosed choices": "{a|",
}


@pytest.mark.parametrize("piece", GROWING.values(), ids=GROWING.keys())
def test_time_is_linear_in_the_length(piece: str) -> None:
    for start in ("", "(", '("'):
        small = steps(partial(highlight, start + piece * 30))
        large = steps(partial(highlight, start + piece * 120))
        assert large <= 4.4 * small + 1000


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", GROWING.values(), ids=GROWING.keys())
def test_patterns_are_linear_too(piece: str) -> None:
    """What the line count cannot see: a quadratic pattern would take minutes here."""
    parsed = parse(piece * (30_000 // len(piece)))
    assert flatten(parsed.tree).parts


def test_nesting_ten_thousand_deep() -> None:
    text = "(" * 10_000 + "deep" + ")+" * 10_000
    parsed = parse(text)
    (fragment,) = flatten(parsed.tree).parts[0].prompts[0]
    assert fragment.text == "deep"
    assert math.isfinite(fragment.weight)
    assert len(highlight(text).tokens) == 30_001
    open_only = "(" * 10_000
    assert flatten(parse(open_only).tree).parts[0].prompts[0][0].text == open_only
