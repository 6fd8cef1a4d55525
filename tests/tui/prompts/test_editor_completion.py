"""What is offered at the cursor."""

from __future__ import annotations

import pytest

from invoke_tui.tui.prompts.completion import Candidate, Lora, Phrases, Sources, complete, suggest

SOURCES = Sources(
    embeddings=("easynegative", "bad-hands"),
    loras=(Lora("lowpoly", 0.6, ("lowpoly style",)), Lora("film lola")),
    triggers=("analog film",),
    wildcards=(("colour", 12), ("animal/cat", None)),
    templates=("Cinematic", "Line art"),
    phrases=Phrases(["a fox, volumetric light", "a cat, volumetric light", "a fox, (voluminous hair)1.2"]),
)


def offered(text: str, *, asked: bool = False) -> list[Candidate]:
    """What is offered where the bar stands."""
    before, _, after = text.partition("¦")
    return complete(before + after, len(before), SOURCES, asked=asked)


def taken(text: str, **how: bool) -> str:
    """The text with the first candidate in it."""
    whole = text.replace("¦", "")
    first = offered(text, **how)[0]
    return whole[: first.start] + first.text + whole[first.end :]


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("a <¦", "a <lora:lowpoly:0.6>"),
        ("a <eas¦", "a <easynegative>"),
        ("a <HANDS¦", "a <bad-hands>"),
        ("a <lora:f¦", "a <lora:film lola:0.75>"),
        ("a <lola¦", "a <lora:film lola:0.75>"),
        ("a <low¦poly:0.3> b", "a <lora:lowpoly:0.6> b"),
        ("a __¦", "a __colour__"),
        ("a __cat¦ b", "a __animal/cat__ b"),
        ("__colour__ __an¦", "__colour__ __animal/cat__"),
        ("{a|__co¦lour__}", "{a|__colour__}"),
    ],
)
def test_names_are_gone_on_with(text: str, becomes: str) -> None:
    assert taken(text) == becomes


@pytest.mark.parametrize(
    "text",
    [
        "a¦",
        "a <x> b¦",
        "a <lora:lowpoly:¦",
        "__colour__¦",
        "a__ b¦",
        "snake_case¦",
        "a <nothing like it¦",
        "100% fo¦",
    ],
)
def test_nothing_opens_by_itself_where_nothing_was_begun(text: str) -> None:
    assert offered(text) == []


def test_templates_are_chosen_and_not_written() -> None:
    (line_art,) = offered("%lin¦")
    assert (line_art.kind, line_art.name, line_art.text, line_art.start, line_art.end) == (
        "template",
        "Line art",
        "",
        0,
        4,
    )
    assert [c.name for c in offered("¦", asked=True) if c.kind == "template"] == ["Cinematic", "Line art"]


def test_asked_for_triggers_come_before_what_was_written_before() -> None:
    found = offered("a lowp¦", asked=True)
    assert [(c.kind, c.text, c.note) for c in found] == [("trigger", "lowpoly style", "lowpoly")]
    found = [c.text for c in offered("a fox, vol¦", asked=True)]
    assert found == ["volumetric light", "volumetric", "voluminous hair", "voluminous"]
    assert offered("a fil¦", asked=True)[0].text == "analog film"


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("vol", "umetric light"),
        ("a dog, volumetric l", "ight"),
        ("a dog, VOL", "umetric light"),
        ("lowp", "oly style"),
        ("vo", ""),
        ("volumetric ", "light"),
        ("a dog, ", ""),
        ("zzz", ""),
        ("volumetric light", ""),
    ],
)
def test_words_are_gone_on_with_at_the_end_of_a_line(text: str, rest: str) -> None:
    assert suggest(text, len(text), SOURCES) == rest
    assert suggest(f"{text}\nmore", len(text), SOURCES) == rest
    assert suggest(f"{text} more", len(text), SOURCES) == ""
