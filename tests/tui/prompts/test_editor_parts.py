"""The parts of the prompt editor that need no screen."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from textual.color import Color

from invoke_tui.tui import themes
from invoke_tui.tui.prompts.brackets import partner
from invoke_tui.tui.prompts.colours import NAMES, Reading, read
from invoke_tui.tui.prompts.places import changed, index_of, location_of
from invoke_tui.tui.prompts.wrapping import cells, rewrapped, wraps
from tests.tui.test_layout import luminance

LETTERS = "ab c  猫🦊\tdefgh ,()+-\n"


def some_text(chance: random.Random, most: int = 80) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(0, most)))


def an_edit(chance: random.Random, old: str) -> str:
    """``old`` with something exchanged."""
    start = chance.randint(0, len(old))
    end = chance.randint(start, min(len(old), start + 6))
    return old[:start] + some_text(chance, chance.choice([0, 1, 1, 5, 30])) + old[end:]


def test_a_line_wraps_after_an_edit_as_it_wraps_anew() -> None:
    chance = random.Random(3)
    for _ in range(3_000):
        width = chance.choice([1, 2, 5, 9, 20])
        old = some_text(chance).replace("\n", " ")
        new = an_edit(chance, old).replace("\n", " ")
        assert rewrapped(old, list(wraps(old, width)), new, width) == list(wraps(new, width)), (
            old,
            new,
            width,
        )
        bounds = [0, *wraps(new, width), len(new)]
        assert width < 2 or all(cells(new[a:b]) <= width for a, b in pairwise(bounds))


def test_what_changed_and_where_it_is() -> None:
    chance = random.Random(5)
    for _ in range(1_000):
        old = some_text(chance)
        new = an_edit(chance, old)
        start, end, stop = changed(old, new)
        assert old[:start] + new[start:stop] + old[end:] == new
        lines = new.split("\n")
        for index in (0, start, stop, len(new)):
            assert index_of(lines, location_of(lines, index)) == index


def styles(reading: Reading) -> list[str]:
    """The style of every character."""
    found = [""] * reading.length
    for start, end, name in reading.runs(0, reading.length):
        found[start:end] = [name] * (end - start)
    return found


def test_colours_move_with_the_words_until_they_are_read_again() -> None:
    chance = random.Random(7)
    for _ in range(500):
        old = some_text(chance)
        new = an_edit(chance, old)
        start, end, stop = changed(old, new)
        reading = read(old)
        before = styles(reading)
        reading.move(start, end, stop)
        after = styles(reading)
        assert len(after) == len(new)
        assert after[:start] == before[:start]
        assert after[stop:] == before[end:]
        assert all(0 <= a < b <= len(new) for a, b in reading.wrong(0, len(new)))


def test_every_kind_has_its_style_and_the_runs_of_a_piece_are_those_of_the_whole() -> None:
    text = "[left out] <emb> <lora:x:0.5> {2$$x|y} __w__ (p)1.5 (q)0.5 (r)1.21 (s)0.81 t+ u-"
    blend = '("a","b").blend(1,2)'
    reading = read(text)
    found = {name for words in (text, blend) for _, _, name in read(words).runs(0, len(words))}
    assert found == set(NAMES)
    whole = styles(reading)
    for start in range(0, len(text), 5):
        for first, after, name in reading.runs(start, start + 9):
            assert start <= first < after <= start + 9
            assert set(whole[first:after]) == {name}


@pytest.mark.parametrize(
    ("text", "at", "other"),
    [
        ("(a (b) c)", 0, 8),
        ("(a (b) c)", 5, 3),
        (r"(a \) b)", 0, 7),
        (r"\(a)", 1, None),
        ("{a|[b}]", 0, 5),
        ("<x>", 2, 0),
        ("(a", 0, None),
        ("a)", 1, None),
        ("a", 0, None),
        ("a", 7, None),
    ],
)
def test_the_partner_of_a_bracket(text: str, at: int, other: int | None) -> None:
    assert partner(text, at) == other


def test_the_problem_at_the_cursor_comes_first() -> None:
    reading = read("(a b) c) d (e")
    first, last = reading.message(0), reading.message(12)
    assert first
    assert last
    assert first[0].start == 7
    assert last[0].start == 11
    assert first[1] == last[1] == 1
    assert Reading().message(0) is None


def test_every_colour_can_be_read_in_our_themes() -> None:
    for theme in themes.THEMES:
        surface = luminance(Color.parse(theme.surface or ""))
        for name in NAMES:
            colour = luminance(Color.parse(theme.variables[f"{themes.PROMPT}{name}"]))
            light, dark = sorted((colour, surface), reverse=True)
            ratio = (light + 0.05) / (dark + 0.05)
            assert ratio >= (4.5 if name != "ignored" else 4.0), f"{theme.name}: {name} has {ratio:.1f}"
    for dark_theme in (True, False):
        assert themes.default_variables(ansi=True, dark=dark_theme).keys() == {
            f"{themes.PROMPT}{n}" for n in NAMES
        }
