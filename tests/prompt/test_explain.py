"""The tree that is shown agrees with what is encoded."""

from __future__ import annotations

import json

from hypothesis import given, settings

from invoke_tui.prompt.explain import explain, lines, outline
from invoke_tui.prompt.flatten import flatten
from invoke_tui.prompt.highlight import side_by_side
from invoke_tui.prompt.parse import parse
from tests.prompt.strategies import anything


@settings(max_examples=200, deadline=None)
@given(anything)
def test_every_drawn_word_has_the_weight_it_is_encoded_with(text: str) -> None:
    flat = flatten(parse(side_by_side(text)[0]).tree)
    encoded = [
        (word.start, fragment.weight)
        for part in flat.parts
        for prompt in part.prompts
        for fragment in prompt
        for word in fragment.words
    ]
    parts = [node for _, node in outline(explain(text))]
    assert [(n.start, n.weight) for n in parts if n.kind == "word" and n.drawn] == encoded
    assert all(n.kind == "lora" or n.text == text[n.start : n.end] for n in parts)


def test_a_prompt_on_a_terminal() -> None:
    assert list(lines(explain("(red (cat)1.5)2 [fog+] a.swap(b) <lora:f:0.5> <lora:g>"))) == [
        "prompt",
        "  group × 2 = 2",
        "    2  red",
        "    group × 1.5 = 3",
        "      3  cat",
        "  ignored (left out)",
        "    group × 1.1 = 1.1",
        "      1.1  fog  (not drawn)",
        "  swap",
        "    1  a",
        "    edited",
        "      1  b  (not drawn)",
        "  lora f at 0.5",
        "  lora g",
    ]


def test_shares() -> None:
    blend = explain('("a", "b").blend(3, 1)')
    assert [child.share for child in blend.children] == [0.75, 0.25]
    assert [child.share for child in explain('("a", b).blend(3, 1, no_normalize)').children] == [3, 1]
    assert list(lines(explain('(a, "b").and(1, .5)'))) == [
        "conjunction", "  1 of 1  a", "  0.5 of group", "    1  b"
    ]  # fmt: skip


def test_as_json_and_ten_thousand_deep() -> None:
    document = explain("a (b)1.2").as_json()
    assert json.loads(json.dumps(document))["children"][1]["children"][0]["weight"] == 1.2
    deep = explain("(" * 10_000 + "a" + ")" * 10_000)
    assert len(list(lines(deep))) == 10_002
    assert deep.as_json()["kind"] == "prompt"
