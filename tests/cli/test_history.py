"""prompt history, with a real daemon behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.studio.harness import plant_model


@pytest.fixture
def daemon(root: Path, run: Run) -> Iterator[Path]:
    plant_model(root / "models")
    yield root
    run("studio", "stop")


def test_history_from_first_use_to_clearing(daemon: Path, run: Run) -> None:
    assert run("queue", "pause").code == 0
    (daemon / "prompts.txt").write_text("a {red|blue} fox\na quiet harbour\n")
    out = run("generate", "--prompts-file", str(daemon / "prompts.txt"), "-n", "blur", "--no-wait", "--json")
    assert out.code == 0, out.out
    listed = run("prompt", "history", "--json").json["prompts"]
    assert [one["positive_prompt"] for one in listed] == ["a quiet harbour", "a {red|blue} fox"]
    fox = listed[1]["id"]
    assert run("prompt", "history", "fx blur", "--json").json["prompts"][0]["id"] == fox
    assert run("prompt", "history", "--pin", str(fox)).out == f"pinned {fox}\n"
    shown = run("prompt", "history", "--limit", "1").out
    assert "★" in shown
    assert "fox" in shown
    assert run("prompt", "history", "--clear", "--json").json == {"removed": 1}
    assert run("prompt", "history", "--unpin", str(fox), "--json").json == {"id": fox, "pinned": False}
    assert run("prompt", "history", "--forget", str(fox), "--json").json == {"removed": 1}
    assert run("prompt", "history", "--forget", str(fox), "--json").code == 3
    assert run("prompt", "history", "fox", "--clear", "--json").json["error"]["code"] == "bad_usage"
