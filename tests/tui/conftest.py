from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.tui.app import InvokeTuiApp
from tests.tui.fake_client import FakeClient
from tests.tui.harness import make_app


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
