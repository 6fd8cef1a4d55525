from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import _wait
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from invoke_tui.tui.app import InvokeTuiApp
from tests.tui.fake_client import FakeClient
from tests.tui.harness import make_app

# Textual's pilot looks every 20 ms whether the program has come to rest, twice after each key; so it does every 4 ms.
_wait.SLEEP_GRANULARITY = 1 / 250
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 5
_wait.wait_for_idle.__defaults__ = (_wait.SLEEP_GRANULARITY, 1)

# Each app parses the style sheets for itself. The same text with the same colours gives the same rules, and nobody
# writes into rules that are parsed: all apps of a process share them.
_parse = Stylesheet._parse_rules
_parsed: dict[object, list[RuleSet]] = {}


def _parse_once(
    self: Stylesheet, css: str, read_from: tuple[str, str], *args: Any, **kinds: Any
) -> list[RuleSet]:
    key = (css, read_from, args, *kinds.items(), frozenset(self._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse(self, css, read_from, *args, **kinds)
    return _parsed[key]


Stylesheet._parse_rules = _parse_once  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TMUX", "INVOKE_TUI_ROOT", "INVOKEAI_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def first_screen() -> str:
    """The screen an app comes up with. Files about another one name that: Generate is the dearest to make."""
    return "generate"


@pytest.fixture
def app(tmp_path: Path, client: FakeClient, first_screen: str) -> InvokeTuiApp:
    return make_app(tmp_path, client, screen=first_screen)
