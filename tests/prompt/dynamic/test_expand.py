"""Dynamic prompts: what the library gives, within bounds, for any text at all."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_tui.prompt.dynamic.expand import expand, preview
from invoke_tui.prompt.dynamic.scan import PartKind, scan
from invoke_tui.prompt.dynamic.wildcards import Wildcards
from tests.prompt.strategies import anything

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "dynamic_prompts.json").read_text(encoding="utf-8")
)
DRAWN_ONCE = {"a cat"}
"""InvokeAI repeats a text without choices in random mode; here the count says how often it is drawn."""

dynamic = st.lists(
    st.sampled_from(
        ["{", "}", "|", "$$", "2$$", "1-2$$", "${x=", "${x}", "${", "%{", "__a__", "__", "0.5::", "a", "b ", "#",
         "~", "@", "!", "\\{", "\n", "50%", "$5", "(cat)1.2", "(x:1.3)", "<lora:n:0.5>", "...", "é", "//", "/*", ":"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["prompt"])
def test_recorded_answers_of_invokeai(case: dict[str, Any]) -> None:
    prompt = case["prompt"]
    for name, arguments in (
        ("combinatorial_max3", {"limit": 3}),
        ("combinatorial_max100", {"limit": 100}),
        ("random_seed_42_x5", {"limit": 5, "combinatorial": False, "seed": 42}),
    ):
        if name not in case or (prompt in DRAWN_ONCE and "random" in name):
            continue
        ours = expand(prompt, wildcards=Wildcards(), **arguments)
        if isinstance(case[name], str):
            assert ours.refused, "where InvokeAI fails, the text is read literally and the place is named"
            assert ours.prompts == (prompt,)
            assert ours.problems[0].start == 2
        else:
            assert list(ours.prompts) == case[name]


@settings(max_examples=120, deadline=None)
@given(st.one_of(dynamic, anything), st.booleans())
def test_any_text_gives_a_prompt(text: str, combinatorial: bool) -> None:
    found = preview(text, 4, combinatorial=combinatorial, wildcards=Wildcards())
    assert 1 <= len(found.prompts) <= 4
    assert found.count >= len(found.prompts)
    if text.isprintable():  # private characters are none
        assert all(prompt.isprintable() for prompt in found.prompts)
    if found.refused:
        assert found.prompts == (text,)
    for problem in found.problems:
        assert 0 <= problem.start < problem.end <= max(1, len(text))
        assert problem.message
    assert preview(text, 4, combinatorial=combinatorial, wildcards=Wildcards()) == found


@settings(max_examples=120, deadline=None)
@given(st.one_of(dynamic, anything))
def test_parts_have_their_places(text: str) -> None:
    found = scan(text)
    assert len(found.shielded) == len(text)
    ends = 0
    for part in found.parts:
        assert ends <= part.start < part.end <= len(text)
        ends = part.end


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("ab (),:+-.<>[]1%$\"'/_*é\n"), max_size=60).filter(lambda t: "__" not in t))
def test_everything_else_passes_through(text: str) -> None:
    assert expand(text + " {x|y}", 9).prompts == (text + " x", text + " y")


def test_syntax_of_others_is_left_alone() -> None:
    text = "(cat)1.2 (dog:1.3) <lora:film:0.6> red++ 50% of $5 #ff0000 https://a.b/c {x|y} [z] C\\+\\+ snake_case"
    assert expand(text, 9).prompts == tuple(text.replace("{x|y}", choice) for choice in "xy")


def test_escaped_and_commented() -> None:
    assert expand("\\{a\\|b\\} {x|y}# no comment", 9).prompts[0] == "{a|b} x# no comment"
    assert expand("{x|y} # a comment {q\nand", 9).prompts == ("x \nand", "y \nand")
    kinds = {part.kind for part in scan("{2$$ and $$0.5::a|__b__}${x=1}${x} # c").parts}
    assert kinds == set(PartKind) - {PartKind.ESCAPE}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{" * 40 + "a|b" + "}" * 40, "nested"),
        ("a {b|c", "never closed"),
        ("${x=${x}}${x}", "circle"),
        ("".join(f"${{v{b}=${{v{a}}}${{v{a}}}}}" for a, b in pairwise("abcdefghijklmnopqrstu"))
         + "${va=xxxxxxxxxxxx}${vu}", "characters long"),
        ("{" + "9" * 4000 + "$$a|b}", "picks"),
        ("{101$$" + "|".join(f"w{n}" for n in range(200)) + "}", "at once"),
        ("{10$$" + "|".join("{a|a" + "|a" * n + "}" for n in range(12)) + "}", "too much work"),
        ("{-1::a|b}", "weight"),
        ("${1}", "name"),
        ("{a|__{b|c}__}", "plain text"),
    ],
)  # fmt: skip
def test_bombs_and_mistakes_are_refused_with_a_message(text: str, word: str) -> None:
    found = expand(text, 100, wildcards=Wildcards(), steps=20_000)
    assert found.refused
    assert found.prompts == (text,)
    assert any(word in problem.message for problem in found.problems), found.problems


def test_what_is_large_is_counted_not_made() -> None:
    found = expand(" ".join(["{a|b|c}"] * 300), 3)
    assert len(found.prompts) == 3
    assert found.count == 10**15
    assert not found.exact
    assert expand("{a|b} {c|d|e}", 2).count == 6
    assert expand("{2$$" + "|".join(f"w{n}" for n in range(100)) + "}", 2).count == 9900


def test_a_very_long_prompt() -> None:
    words = " ".join(f"word{n % 97}" for n in range(5000))
    found = expand(words + " {a|b} " + words, 10)
    assert found.prompts == (f"{words} a {words}", f"{words} b {words}")


def test_the_library_waits_for_dynamic_text() -> None:
    code = (
        "import sys; from invoke_tui.prompt.dynamic.expand import expand; expand('a (cat)1.2, [x] 50%', 9);"
        "assert 'dynamicprompts' not in sys.modules; expand('{a|b}', 9); assert 'dynamicprompts' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
