from __future__ import annotations

from pathlib import Path

import pytest
from textual import _wait

from invoke_tui.tui.app import InvokeTuiApp
from tests.tui.fake_client import FakeClient
from tests.tui.harness import make_app

# Textual's pilot looks every 20 ms whether the program has come to rest, twice after each key; so it does every 4 ms.
_wait.SLEEP_GRANULARITY = 1 / 250
_wait.SLEEP_IDLE = _wait.SLEEP_GRANULARITY / 5
_wait.wait_for_idle.__defaults__ = (_wait.SLEEP_GRANULARITY, 1)


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
def app(tmp_path: Path, client: FakeClient) -> InvokeTuiApp:
    return make_app(tmp_path, client)
