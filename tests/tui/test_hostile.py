"""Text from outside reaches the screen inert, wherever it comes from."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from textual.widgets import Static

from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.keys import PASTE_END, PASTE_START, PasteGuard
from invoke_tui.tui.prompts.editor import PromptEditor
from invoke_tui.tui.widgets.model_details import ModelFacts
from invoke_tui.tui.widgets.model_list import ModelList
from invoke_tui.tui.widgets.queue_list import QueueList
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, make_app, settle, words
from tests.tui.payloads import PAYLOADS
from tests.tui.pty_app import hostile
from tests.tui.terminal import Terminal

OURS = re.compile(
    r"\x1b\[[0-9;:?>=<]*[ $]?[A-Za-z]"  # cursor, colours, modes, queries
    r"|\x1b\]22;[a-z]*\x07"  # the shape of the mouse pointer
    r"|\x1b\[>[0-9]*u|\x1b\[<u"
)
LEAVE = "\x1b[?1049l"


def foreign(output: bytes) -> list[str]:
    """Escapes and controls that we did not mean to send."""
    text = output.decode("utf-8", "replace")
    rest = OURS.sub("", text)
    found = re.findall(
        r"\x1b.{0,12}|[\x00-\x06\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", rest, re.S
    )
    if "\x1b[2J" in text:
        found.append("clear screen")
    return found


@pytest.mark.slow
def test_no_foreign_byte_on_the_wire(tmp_path: Path) -> None:
    terminal = Terminal("-m", "tests.tui.pty_app", "hostile", str(tmp_path), size=(110, 34))
    try:
        terminal.until("studio connected", 40)
        terminal.read(1.5)
        for keys in ("\x14b", "\x1b[B", "\x1b6", "\r", "\x1b", *["j"] * 4, "\r", "\x1b", "G", "\r", "\x1b"):
            terminal.send(keys)
            terminal.read(0.3)
        terminal.send("\x1b5")
        terminal.until("to filter", 20)
        terminal.read(0.5)
        terminal.send("/")
        terminal.read(0.3)
        terminal.send("lora [/]")
        terminal.until("1 of", 20)
        for keys in ("\r", "l", "\x1b", "e", "\x1b", "d", "\x1b", "\x1b", *["j"] * 5, "w", "j", "j", "\x1b"):
            terminal.send(keys)
            terminal.read(0.3)
        terminal.send("s")
        terminal.read(0.3)
        for keys in ("/data\r", "j", "j", " ", "f", "a", "\x1b", "i", "\x1b"):
            terminal.send(keys)
            terminal.read(0.3)
        terminal.send("\x1b1")
        terminal.read(0.5)
        terminal.send("\x1b[200~" + "".join(PAYLOADS[:-2]).replace("\x1b[201~", "") + "\x1b[201~")
        terminal.read(1.5)
        before_leaving = terminal.output
        terminal.send("\x1b[21~")
        code = terminal.wait()
    finally:
        terminal.close()
    assert code == 0
    assert foreign(terminal.output) == []
    assert LEAVE.encode() not in before_leaving
    assert b"UFdORUQ=" not in before_leaving
    assert b"QQ==" not in before_leaving


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_paste_is_text_and_never_keys(size: int) -> None:
    guard = PasteGuard()
    typed = "a\x1b[A" + PASTE_START + "x\x1b]q\x1b[20y\x1b" + PASTE_END + "\x1bq"
    head = typed.index(PASTE_START) + len(PASTE_START)  # terminals write the start of a paste at once
    pieces = [typed[:head], *(typed[at : at + size] for at in range(head, len(typed), size))]
    cleaned = "".join(map(guard.clean, pieces))
    assert cleaned == "a\x1b[A" + PASTE_START + "x]q[20y" + PASTE_END + "\x1bq"


async def test_payloads_in_every_view(tmp_path: Path) -> None:
    client = hostile()
    app = make_app(tmp_path, client)
    async with app.run_test(size=(100, 30)) as pilot:
        await connected(pilot)
        await settle(pilot, lambda: app.screen.query("#field-model"))
        await pilot.press("alt+5")
        models = app.screen.query_one(ModelList)
        await settle(pilot, lambda: models.models)
        for y in range(models.size.height):
            line = models.render_line(y)
            assert line.cell_length == models.size.width
            assert "\x1b" not in line.text
        for _ in range(len(PAYLOADS)):
            assert "\x1b" not in words(app.screen.query_one(ModelFacts))
            await pilot.press("j")
        await pilot.press("alt+6")
        rows = app.screen.query_one(QueueList)
        await settle(pilot, lambda: rows.loaded == len(PAYLOADS))
        for y in range(len(PAYLOADS)):
            line = rows.render_line(y)
            assert line.cell_length == rows.size.width
            assert "\x1b" not in line.text
        for _ in range(5):
            await pilot.press("enter", "escape", "j")


async def test_hostile_prompts_are_handled_quickly(app: InvokeTuiApp, client: FakeClient) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await connected(pilot)
        prompt = app.screen.query_one("#prompt", PromptEditor)
        caption = app.screen.query_one("#caption", Static)
        for number, text in enumerate(PAYLOADS, 1):
            start = time.process_time()
            prompt.select_all()
            prompt.replace(text, *prompt.selection)
            await pilot.pause()
            taken = time.process_time() - start
            assert "\x1b" not in prompt.text
            assert taken < 1.0, f"{text[:20]!r} took {taken:.2f} s of processor time"
            await pilot.press("ctrl+g")
            await settle(pilot, lambda number=number: len(client.pictures) == number)  # type: ignore[misc]
            assert "\x1b" not in str(caption.render())
