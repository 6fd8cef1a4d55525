"""Prompts from a file."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.prompt import lines
from invoke_tui.prompt.lines import prompt_lines, read_prompt_lines
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.prompts.import_file import ImportScreen, LineRows
from invoke_tui.tui.screens.generate import GenerateScreen
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words

FILE = "# mine\na red fox\n\na {blue|green} owl \x1b]0;x\x07\n  #no\npaper boats\n"


def test_lines_keep_their_numbers() -> None:
    found = prompt_lines(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode(), "x")
    assert [line.number for line in found.prompts] == [2, 4, 6]
    assert found.skipped == 3
    assert [line.text for line in found.part(3, 1)] == ["a {blue|green} owl \x1b]0;x\x07"]
    assert len(found.part(0, 0)) == 3


def test_files_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST", 2)
    for data, why in ((b"\xff\xfe\x00", "UTF-8"), (b"# only\n\n", "no prompts"), (b"a\nb\nc\n", "too large")):
        (tmp_path / "x.txt").write_bytes(data)
        with pytest.raises(StudioError, match=why):
            read_prompt_lines(tmp_path / "x.txt")
    with pytest.raises(StudioError, match="no such file"):
        read_prompt_lines(tmp_path / "absent")


async def test_a_file_becomes_one_batch(app: InvokeTuiApp, client: FakeClient, tmp_path: Path) -> None:
    (tmp_path / "my prompts.txt").write_text(FILE)
    (tmp_path / "other.png").touch()
    async with app.run_test(size=(120, 40)) as pilot:
        await connected(pilot)
        screen = app.screen
        assert isinstance(screen, GenerateScreen)
        screen.prompts.negative.load_text("fog")
        assert screen._desk is not None
        screen._desk.form.restore({"count": "2"})
        await pilot.press("alt+o")
        await settle(pilot, lambda: isinstance(app.screen, ImportScreen))
        window = cast("ImportScreen", app.screen)
        field, rows = window.query_one("FileInput"), window.query_one(LineRows)
        said = window.query_one("#import-count", Static)
        await pilot.press("ctrl+g")
        assert app.screen is window, "there is nothing to make yet"
        field.value = f"{tmp_path}/my"  # type: ignore[attr-defined]
        await settle(pilot, lambda: "no file yet" in words(said))
        assert "my prompts.txt" in words(window.query_one("#file-offers", Static))
        await pilot.press("tab")
        await settle(pilot, lambda: rows.row_count == 3)
        assert "3 prompts × 2 each = at least 6 pictures · 3 empty lines" in words(said)
        assert "\x1b" not in rows.row(1, 60, plain=False).plain
        window._limit = 5
        window.query_one("#field-most_lines").focus()
        await pilot.press("3")
        assert "the queue takes 5" in words(said)
        await pilot.press("ctrl+g")
        assert app.screen is window
        await pilot.press("backspace", "2", "ctrl+g")
        await settle(pilot, lambda: len(client.requests) == 2)
        assert client.requests[0].positive_prompt == "a red fox"
        assert {(request.negative_prompt, request.count) for request in client.requests} == {("fog", 2)}
