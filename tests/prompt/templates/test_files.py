"""Template files: what others write is read, what we write is read back equal, what means harm is named."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.templates import TemplateText
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.templates.defaults import default_templates
from invoke_tui.prompt.templates.files import MOST_BYTES, Format, read_templates, write_templates
from invoke_tui.prompt.templates.merge import merge, pieces, put_into

texts = st.text(st.sampled_from("ab ,\"'=+-@{}|\n;:()é🐱\t\\"), max_size=30).map(str.strip)
names = st.text(st.sampled_from("ab \"'=+-@,éx"), min_size=1, max_size=20).map(lambda t: "n" + t.strip())
templates = st.builds(TemplateText, name=names, positive_prompt=texts, negative_prompt=texts)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(templates, min_size=1, max_size=5, unique_by=lambda t: t.name), st.sampled_from(["csv", "json"])
)
def test_round_trip(given: list[TemplateText], kind: Format) -> None:
    given = [t for t in given if t.positive_prompt or t.negative_prompt or kind == "json"]
    if given:
        assert read_templates(write_templates(given, kind).encode()) == given


def test_files_of_other_programs() -> None:
    a1111 = (
        "\ufeffname,prompt,negative_prompt\r\n--- Photo ---,,\r\n"
        'film,"still of {prompt}, grain",cartoon\r\n\r\nclean,,"lowres, jpeg"\r\n'
    )
    film, clean = read_templates(a1111.encode())
    assert (film.name, film.positive_prompt, film.negative_prompt) == (
        "film",
        "still of {prompt}, grain",
        "cartoon",
    )
    assert (clean.positive_prompt, clean.negative_prompt) == ("", "lowres, jpeg")
    assert read_templates(b"name,text\nold,in oil\n")[0].positive_prompt == "in oil"
    fooocus = [{"name": "f", "prompt": "x {prompt}", "negative_prompt": "y"}, {"name": "g"}]
    assert [t.name for t in read_templates(json.dumps(fooocus).encode())] == ["f", "g"]
    invoke = {"name": "i", "preset_data": {"positive_prompt": "p", "negative_prompt": "n"}, "type": "user"}
    assert read_templates(json.dumps(invoke).encode())[0].positive_prompt == "p"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"name;prompt\na;b\n", "columns"),
        (b"", "columns"),
        (b"name,prompt\n,b\n", "no name"),
        (b'name,prompt\na,"b', "end of data"),
        (b"\xff\xfe\x00n", "UTF-8"),
        (b"[" * 100_000, "deep"),
        (b'{"a": {"a":' * 20_000, "deep"),
        (b'[{"name": 1}]', "texts"),
        (b"[1]", "not an object"),
        (b'[{"name": "x"', "not JSON"),
        (b"x" * (MOST_BYTES + 1), "larger"),
        (b"name,prompt\na," + b"x" * 150_000, "field"),
        (b"name,prompt\na," + b"x" * 30_000, "longer"),
        (b"name,prompt\n" + b"a,b\n" * 10_001, "more than"),
    ],
)
def test_hostile_files_are_refused_with_a_message(data: bytes, word: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read_templates(data, "styles")
    assert word in refused.value.message
    assert "name, prompt, negative_prompt" in refused.value.hint


def test_cells_do_nothing() -> None:
    [evil] = read_templates(b'name,prompt\n"\x1b]0;x\x07=cmd()","=HYPERLINK(1)\x1b[31m"\n')
    assert (evil.name, evil.positive_prompt) == ("=cmd()", "=HYPERLINK(1)")
    written = write_templates([evil], "csv")
    assert "'=cmd()" in written
    assert "'=HYPERLINK(1)" in written
    assert read_templates(written.encode()) == [evil]


def test_merge_as_invokeai_does() -> None:
    with_place = TemplateText(name="a", positive_prompt="oil of {prompt}, {prompt}", negative_prompt="bad")
    assert merge(with_place, "a cat", "fog") == ("oil of a cat, a cat", "fog bad")
    assert merge(TemplateText(name="b"), "a cat", "") == ("a cat", "")
    assert merge(TemplateText(name="b", positive_prompt="in oil"), "", "") == ("in oil", "")


def test_the_default_set() -> None:
    known = default_templates()
    assert len(known) == 24
    assert len({template.id for template in known}) == 24
    for template in known:
        assert template.positive_prompt.count("{prompt}") == bool(template.positive_prompt)
        assert template.negative_prompt
        assert not parse(merge(template, "a cat", "")[0]).problems


FORMATS = {
    "a1111": (
        b'\xef\xbb\xbfname,prompt,negative_prompt\r\n"--- x ---",,\r\n'
        b'"film, ""old""","still of {prompt},\ngrain",=bad\r\n'
    ),
    "a1111 before 2023": b"name,text\nold,in oil\n",
    "invokeai csv": b"name,prompt,negative_prompt\n'=ink,'-ink of {prompt},\n",
    "invokeai json": json.dumps(
        [{"name": "i", "type": "user", "preset_data": {"positive_prompt": "p\u00e9", "negative_prompt": "n"}}]
    ).encode(),
    "fooocus": json.dumps(
        [{"name": "f-style", "prompt": "x {prompt} . y", "negative_prompt": "@z"}]
    ).encode(),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_every_format_comes_back_equal(name: str, kind: Format) -> None:
    once = read_templates(FORMATS[name])
    written = write_templates(once, kind)
    assert read_templates(written.encode()) == once
    assert write_templates(read_templates(written.encode()), kind) == written


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_pieces_of_a_merged_text_are_the_merged_text(template: str, prompt: str) -> None:
    for around in (template, f"{template}{{prompt}}{template}"):
        found = pieces(around, prompt)
        assert "".join(text for text, _ in found) == put_into(around, prompt)
        assert not prompt.strip() or any(own and text.strip() for text, own in found)
