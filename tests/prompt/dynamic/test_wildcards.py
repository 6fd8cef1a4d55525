"""Wildcard files: three formats, patterns, and files that mean harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from invoke_tui.prompt.dynamic.expand import expand
from invoke_tui.prompt.dynamic.wildcards import Wildcards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "colour.txt").write_text("# a comment\nred\n\nblue\nred\n", encoding="utf-8-sig")
    (tmp_path / "deep" / "animal.txt").write_text("{small|big} cat\ndog\n")
    (tmp_path / "more.yaml").write_text("style:\n  film: [noir, '3::western']\n  paint: oil\n")
    (tmp_path / "deep" / "list.json").write_text(
        json.dumps({"sky": ["dawn", {"text": "dusk", "weight": 0.5}]})
    )
    return tmp_path


def test_names_and_patterns(folder: Path) -> None:
    wildcards = Wildcards([folder])
    assert wildcards.names() == ["colour", "deep/animal", "deep/sky", "style/film", "style/paint"]
    assert wildcards.match("style/*") == ["style/film", "style/paint"]
    assert wildcards.match("animal") == ["deep/animal"], "found in any folder, as sd-dynamic-prompts does"
    assert wildcards.problems == []


def test_wildcards_in_prompts(folder: Path) -> None:
    wildcards = Wildcards([folder])
    assert sorted(expand("a __colour__ __animal__", 99, wildcards=wildcards).prompts) == [
        "a blue big cat", "a blue dog", "a blue small cat", "a red big cat", "a red dog", "a red small cat"
    ]  # fmt: skip
    assert set(expand("__sky__", 99, wildcards=wildcards).prompts) == {"dawn", "dusk"}, "weight 0.5 stays"
    assert expand("{2$$ and $$__colour__}", 9, wildcards=wildcards).prompts == (
        "blue and red",
        "red and blue",
    )
    drawn = expand("__style/*__", 300, combinatorial=False, seed=1, wildcards=wildcards).prompts
    assert drawn.count("western") > drawn.count("noir") * 2
    assert expand("a __colour__", 9, wildcards=None).prompts == ("a __colour__",), "turned off: text"


def test_a_missing_wildcard_is_one_problem(folder: Path) -> None:
    found = expand("__nope__ {__nope__|x} __colour__", 100, wildcards=Wildcards([folder]))
    assert [problem.message for problem in found.problems] == ["there is no wildcard nope"]
    assert len(found.prompts) == 4


def test_values_with_parameters(folder: Path) -> None:
    (folder / "hello.txt").write_text("hello ${who:world}\n")
    wildcards = Wildcards([folder])
    assert expand("__hello__", 9, wildcards=wildcards).prompts == ("hello world",)
    assert expand("__hello(who={a|b})__", 9, wildcards=wildcards).prompts == ("hello a", "hello b")


def test_circles_and_growth_are_refused(folder: Path) -> None:
    (folder / "a.txt").write_text("x __b__\n")
    (folder / "b.txt").write_text("y __a__\n")
    for level in range(25):
        (folder / f"g{level}.txt").write_text(f"__g{level + 1}__ __g{level + 1}__\n")
    (folder / "g25.txt").write_text("boom\n")
    wildcards = Wildcards([folder])
    for text, word in (("__a__", "circle: __a__ → __b__ → __a__"), ("__g0__", "characters long")):
        for combinatorial in (True, False):
            found = expand(text, 10, combinatorial=combinatorial, wildcards=wildcards)
            assert found.prompts == (text,)
            assert word in found.problems[0].message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bad.yaml", b"a: &x [1, *x]\n"),
        ("bad.yaml", b"a: [" + b"[" * 50_000),
        ("bad.yaml", b"- " * 50_000),
        ("bad.yaml", b"!!python/object/apply:os.system ['true']"),
        ("bad.json", b"[" * 100_000),
        ("bad.json", b'{"a": {"b": {"c"'),
        ("bad.yaml", b"x: " + b"y" * 2**21),
    ],
)
def test_hostile_files_are_named_and_left_out(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    wildcards = Wildcards([folder])
    assert "colour" in wildcards.names()
    assert len(wildcards.problems) == 1
    assert wildcards.problems[0].startswith(name)


def test_values_are_shielded(folder: Path) -> None:
    (folder / "odd.txt").write_text("100% {wool\nprice $5\nesc \x1b[31mred\n")
    found = expand("__odd__", 9, wildcards=Wildcards([folder]))
    assert set(found.prompts) == {"100% {wool", "price $5", "esc \x1b[31mred"}
    assert "read literally" in found.problems[0].message
