"""What the screen costs before it is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from invoke_tui.tui.resources import style_sheet, styles_folder
from tests.tui.terminal import ROOT, Terminal

HEAVY = ("torch", "diffusers", "transformers", "numpy", "PIL", "httpx", "websockets", "fastapi", "sqlalchemy")


def test_nothing_heavy_is_imported_before_the_first_paint() -> None:
    code = f"import sys, invoke_tui.tui.app; print([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_the_style_sheets_are_found() -> None:
    assert {path.stem for path in styles_folder().glob("*.tcss")} >= {"app", "generate", "queue", "dialogs"}
    assert style_sheet("app").is_file()


def test_no_torch_is_mapped_while_it_runs(tmp_path: Path) -> None:
    terminal = Terminal("-m", "tests.tui.pty_app", "plain", str(tmp_path))
    try:
        terminal.until("studio connected", 60)
        terminal.send("fox\x07")
        terminal.until(lambda out: re.search(rb"step \d+ of 20", out), 60)
        maps = Path(f"/proc/{terminal.process.pid}/maps")
        if maps.exists():
            assert "torch" not in maps.read_text()
        terminal.send("\x1b[21~")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    for sequence in (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1003l"):
        assert sequence in terminal.output[-2000:], "the terminal is given back as it was"


def test_kitty_pictures_are_sent_once_and_freed(tmp_path: Path) -> None:
    terminal = Terminal("-m", "tests.tui.pty_app", "plain", str(tmp_path), "kitty")
    try:
        terminal.until("studio connected", 60)
        terminal.send("fox\x07")
        terminal.until("20 steps", 90)
        terminal.read(1.0)
        terminal.send("\x1b[21~")
        assert terminal.wait() == 0
    finally:
        terminal.close()
    sent = terminal.output.count(b"\x1b_Ga=T,U=1")
    freed = terminal.output.count(b"\x1b_Ga=d,d=I")
    assert sent >= 2
    assert sent == freed, "every picture sent to the terminal is taken back"
    assert sent == terminal.output.count(b"\x1b[6n"), "one frame in flight, each one acknowledged"


def test_a_terminal_that_never_answers_does_not_stop_the_keyboard(tmp_path: Path) -> None:
    terminal = Terminal("-m", "tests.tui.pty_app", "plain", str(tmp_path))
    terminal.answering = False
    try:
        terminal.until("studio connected", 60)
        terminal.send("fox\x07")
        terminal.until(lambda out: re.search(rb"step \d+ of 20", out), 60)
        terminal.send("zebra")
        assert terminal.until("zebra", 10) < 10
        terminal.send("\x1b[21~")
        assert terminal.wait() == 0
    finally:
        terminal.close()
