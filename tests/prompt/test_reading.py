"""What a prompt means: InvokeAI's recorded readings, and each rule by itself."""

from __future__ import annotations

from typing import Any

import pytest

from invoke_tui.prompt.flatten import Blend, Conjunction, Fragment, flatten, ignored_words, loras
from invoke_tui.prompt.highlight import highlight
from invoke_tui.prompt.parse import parse
from tests.prompt.strategies import READINGS

READ_DIFFERENTLY = {
    # InvokeAI takes the LoRA out and then fails on the empty prompt; here it is <lora:foo>.
    "withLora(foo)": "withLora(foo)",
    # InvokeAI's guide says that words in brackets are left out; its parser does not know.
    "[low res] image": "image",
    # InvokeAI draws A1111's tag; here it adds the LoRA.
    "a <lora:foo:1>": "a",
}


def read(text: str) -> list[tuple[str, float]]:
    (part,) = flatten(parse(text).tree).parts
    (prompt,) = part.prompts
    return [(fragment.text, round(fragment.weight, 9)) for fragment in prompt]


def plain(text: str) -> list[tuple[str, float]]:
    return [(text, 1.0)]


def messages(text: str) -> list[str]:
    return [problem.message for problem in parse(text).problems]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: repr(reading["prompt"]))
def test_reads_as_invokeai_does(reading: dict[str, Any]) -> None:
    text = reading["prompt"]
    if text in READ_DIFFERENTLY:
        assert read(text) == plain(READ_DIFFERENTLY[text])
        return
    result = flatten(parse(text).tree)
    assert list(result.weights) == reading["weights"]
    assert len(result.parts) == len(reading["parts"])
    for part, expected in zip(result.parts, reading["parts"], strict=True):
        assert list(part.weights) == expected["weights"]
        assert part.normalize == expected["normalize"]
        ours = [[(f.text, pytest.approx(f.weight, rel=1e-12)) for f in prompt] for prompt in part.prompts]
        assert ours == [[(words, weight) for words, weight in prompt] for prompt in expected["prompts"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cat+ cat++ cat- cat--", [("cat", 1.1), ("cat", 1.21), ("cat", 0.9), ("cat", 0.81)]),
        ("(a b)1.2 c", [("a b", 1.2), ("c", 1.0)]),
        ("(a b) 1.2", plain("a b 1.2")),
        ('"a b"++', [("a b", 1.21)]),
        ("(a (b)2 c)2", [("a", 2.0), ("b", 4.0), ("c", 2.0)]),
        ("(a).5", [("a", 0.5)]),
        ("(a)2 dogs", [("a", 2.0), ("dogs", 1.0)]),
        ("cat.attend(1.3)", [("cat", 1.3)]),
        ("[dog]++ cat", [("cat", 1.0)]),
        ("[dog]-ray", [("-ray", 1.0)]),
        ("<my.style>+ cat", [("<my.style>", 1.1), ("cat", 1.0)]),
        ("(<my.style> cat)1.2", [("<my.style> cat", 1.2)]),
        (r"\(smile\)", plain("(smile)")),
        (r"C\+\+ book", plain(r"C\+\+ book")),
        ("1,000 cats", plain("1, 000 cats")),
        ("2.5+ stars", plain("2.5+ stars")),
        ('a "" b', plain("a b")),
        ("a () b", plain("a b")),
        ("()", plain("")),
        (" \n\t ", plain("")),
        ("(big cat).swap(small dog, s_start=0.1, s_end=0.9) sits", plain("big cat sits")),
        ("cat+.swap(dog)", [("cat", 1.1), (".swap(dog)", 1.0)]),
        ("a .swap (b) c", plain("a c")),
        ("a [b (c)1.2] d", plain("a d")),
        ("a [b [c] d] e", plain("a e")),
        ("(a [b] c+)2", [("a", 2.0), ("c", 2.2)]),
        ("cat+[red]", [("cat", 1.1)]),
        (r"\[a\] [b]", plain("[a]")),
        ("[a b]", plain("")),
        ("cat<lora:my film (v2):0.5>, dog", plain("cat , dog")),
        ("(red <lora:x> car)1.2", [("red car", 1.2)]),
        ("<lora:x>", plain("")),
    ],
)
def test_rule(text: str, expected: list[tuple[str, float]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "words", "where", "says"),
    [
        ("(a cat", "(a cat", (0, 1), "never closed"),
        ("a cat)", "a cat)", (5, 6), "no ( for it to close"),
        ('a "cat', 'a "cat', (2, 3), "never closed"),
        ("(a - b)1.2", "(a - b)1.2", (0, 1), '"-" stands alone'),
        ("(a=b)1.2", "(a=b)1.2", (0, 1), '"=" cannot stand'),
        ("cat(s)", "cat(s)", (3, 4), "put a space before it"),
        ("(cat:1.3)", "cat:1 . 3", (4, 8), "A1111"),
        ("a.swap(b, c d)", "a.swap(b, c d)", (1, 6), ".swap"),
        ('("a","b").blend(1)', "a , b .blend(1)", (16, 17), "2 prompts, 1 weights"),
        ('("a","b").blend(x, y)', "a , b .blend(x, y)", (16, 20), "takes numbers"),
        ('("a","b").blend(1, 2', "a , b .blend(1, 2", (9, 16), "must follow"),
        ('("a","b").and() c', "a , b .and() c", (16, 17), "nothing may follow"),
        ('("a.swap(b)","c").blend(1,1)', "a , c .blend(1, 1)", (2, 11), "a swap cannot stand"),
        ("(a b, c d).blend(1,1)", "a b , c d .blend(1, 1)", (10, 16), "whole prompt"),
        ("a withLora(x)", "a withLora(x)", (2, 10), "LoRAs"),
        ("a [b", "a [b", (2, 3), "never closed"),
        ("a] b", "a] b", (1, 2), "no [ for it"),
        ("x[y] z", "x[y] z", (1, 2), "put a space before"),
        ("<lora:x:y> z", "<lora:x:y> z", (0, 6), "<lora:name"),
    ],
)
def test_malformed_is_literal_and_explained(text: str, words: str, where: tuple[int, int], says: str) -> None:
    assert read(text) == plain(words)
    problems = parse(text).problems
    assert [p for p in problems if (p.start, p.end) == where and says in p.message], problems


def test_a_broken_group_does_not_spoil_its_neighbours() -> None:
    assert read("(a (b)1.2 = c) d+") == [("(a", 1.0), ("b", 1.2), ("= c)", 1.0), ("d", 1.1)]
    assert len(messages("(a (b)1.2 = c) d+")) == 1


def test_blend_and_conjunction() -> None:
    blend = flatten(parse('("a (b)2", c, (d e)) .blend(1, .5, -0.5, no_normalize)').tree)
    assert blend == Conjunction(
        (
            Blend(
                ((Fragment("a"), Fragment("b", 2.0)), (Fragment("c"),), (Fragment("d e"),)),
                (1.0, 0.5, -0.5),
                normalize=False,
            ),
        )
    )
    both = flatten(parse('("a - b", "c+").and()').tree)
    assert both == Conjunction((Blend(((Fragment("a - b"),),)), Blend(((Fragment("c", 1.1),),))), (1.0, 1.0))


def test_what_is_ignored_and_which_loras_are_named() -> None:
    text = "a [fog, <lora:no> [rain]+ (mist)1.2] <lora:film look:0.5> \\[b\\] [ sun ] []<lora:x>"
    tree = parse(text).tree
    assert ignored_words(tree, text) == ("fog, rain+ (mist)1.2", "sun")
    assert loras(tree) == {"film look": 0.5, "x": None}


def test_a_swap_is_drawn_as_its_original_and_says_so() -> None:
    (problem,) = parse("a cat.swap(dog) sits").problems
    assert (problem.start, problem.end) == (5, 15)
    assert "before .swap" in problem.message


def test_weights_stay_finite() -> None:
    for text in ("cat" + "+" * 100_000, "(cat)" + "9" * 400, "(" * 500 + "cat" + ")9999" * 500):
        ((_, weight),) = read(text)
        assert 1 < weight <= 1e6 or weight == 1.1**200
    assert "out of range" in messages("(cat)" + "9" * 400)[0]


def test_well_formed_prompts_have_no_problems() -> None:
    for text in (
        'a (red)1.2 cat+, "on a" mat--',
        '("a", "b").blend(.7,.3)',
        r"\(a\) <emb>",
        "a - b",
        "x = 2.5",
        "a [b] <lora:c:1>, (d [e])+",
    ):
        assert messages(text) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "{red+|2::blue} car",
            "{ brace, red word, + weight, | bar, 2:: weight, blue word, } brace, car word",
        ),
        ("({a|b})1.2", "( bracket, { brace, a word, | bar, b word, } brace, ) bracket, 1.2 weight"),
        ("{2$$a|b}+", "{ brace, 2$$ count, a word, | bar, b word, } brace, + weight"),
        ("__colour__ car # why", "__colour__ wildcard, car word, # why comment"),
        ("a [fog+] <lora:x>", "a word, [ ignored, fog ignored, + weight, ] ignored, <lora:x> lora"),
        ("{a|(b", "{ brace, a word, | bar, ( literal, b word"),
    ],
)
def test_what_an_editor_shows(text: str, shown: str) -> None:
    tokens = [token for token in highlight(text).tokens if token.kind != "space"]
    assert ", ".join(f"{text[t.start : t.end].strip()} {t.kind}" for t in tokens) == shown


def test_weights_show_within_choices() -> None:
    weights = {"{red+|blue} car"[t.start : t.end]: t.weight for t in highlight("{red+|blue} car").tokens}
    assert weights["red"] == pytest.approx(1.1)
    assert weights["blue"] == 1.0
    assert [p.message for p in highlight("{a|b").problems] == ["this brace is never closed"]
