"""Text from outside leaves ``safe_text`` without a byte a terminal would obey."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_tui.domain.text import safe_text

PAYLOADS = {
    "clipboard": ("\x1b]52;c;UFdORUQ=\x07ok", "ok"),
    "title": ("\x1b]0;t\x07ok", "ok"),
    "hyperlink": ("\x1b]8;;http://evil\x1b\\x\x1b]8;;\x1b\\", "x"),
    "terminfo query": ("\x1bP+q\x1b\\ok", "ok"),
    "kitty": ("\x1b_Ga=d\x1b\\ok", "ok"),
    "clear": ("\x1b[2Jok", "ok"),
    "cursor report": ("\x1b[6nok", "ok"),
    "leave alternate screen": ("\x1b[?1049lok", "ok"),
    "full reset": ("\x1bcok", "ok"),
    "8-bit CSI": ("\x9b2Jok", "ok"),
    "8-bit OSC": ("\x9d52;c;QQ==\x9cok", "ok"),
    "unterminated": ("ok\x1b]0;never ends", "ok"),
    "bidi": ("a\u202egnp.exe", "a\ufffdgnp.exe"),
    "carriage return": ("x\ry", "x\ufffdy"),
    "markup stays text": ("[/][@click=app.quit]x[/]", "[/][@click=app.quit]x[/]"),
    "surrogate": ("a\ud800b", "a\ufffdb"),
}


@pytest.mark.parametrize(("given_text", "shown"), PAYLOADS.values(), ids=PAYLOADS)
def test_payloads_become_inert(given_text: str, shown: str) -> None:
    assert safe_text(given_text) == shown


@given(st.text())
def test_nothing_a_terminal_obeys_is_left(text: str) -> None:
    shown = safe_text(text)
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in shown)
    assert safe_text(shown) == shown


def test_newlines_stay_only_where_asked_for() -> None:
    assert safe_text("a\r\nb\tc") == "a b c"
    assert safe_text("a\r\nb\tc", multiline=True) == "a\nb\tc"


def test_ten_thousand_combining_marks_become_four() -> None:
    assert len(safe_text("a" + "\u0316" * 10_000)) <= 5


def test_a_megabyte_is_cut_at_the_limit() -> None:
    assert len(safe_text("x" * 2**20, limit=100)) == 100
