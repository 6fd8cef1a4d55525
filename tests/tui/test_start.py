"""What the screen costs before it is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from invoke_tui.tui.resources import style_sheet, styles_folder
from tests.tui.terminal import ROOT, Terminal

LATE = (
    "torch", "diffusers", "transformers", "numpy", "PIL", "httpx", "websockets", "fastapi", "sqlalchemy", "yaml",
    "pydantic", "pydantic_core", "pydantic_settings", "invoke_tui.client", "invoke_tui.config.settings",
    "invoke_tui.domain.base", "invoke_tui.tui.link", "invoke_tui.tui.screens.desk", "invoke_tui.tui.screens.help",
    "invoke_tui.tui.screens.queue", "invoke_tui.tui.screens.monitor", "invoke_tui.tui.history",
    "invoke_tui.tui.widgets.settings_form",
)  # fmt: skip

FIRST_FRAME = """
import sys
from pathlib import Path
from invoke_tui.cli import main
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.pictures.detect import TerminalGraphics

class FirstFrame(InvokeTuiApp):
    def _first_frame(self):
        print(sorted(sys.modules.keys() & set({names!r})), len(self.screen.query("*")) > 20, file=sys.__stderr__)
        self.exit(0)

FirstFrame(Path({root!r}), {{}}, TerminalGraphics("blocks")).run(headless=True)
"""


def test_the_first_frame_waits_for_nothing_it_does_not_need(tmp_path: Path) -> None:
    code = FIRST_FRAME.format(names=LATE, root=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr.strip() == "[] True"
    assert not any(tmp_path.iterdir()), "nothing is written before the settings are known to be right"


def test_settings_that_cannot_be_used_end_it_with_a_message(tmp_path: Path) -> None:
    config = tmp_path / "invokeai.yaml"
    config.write_text("schema_version: 4.0.2\nimage_protocol: [\n")
    before = config.read_text()
    terminal = Terminal("-m", "invoke_tui.cli.main", "--root", str(tmp_path))
    try:
        assert terminal.wait(60) == 2
    finally:
        terminal.close()
    assert b"invokeai.yaml" in terminal.output.rpartition(b"\x1b[?1049l")[2]
    assert config.read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["invokeai.yaml"]


def test_the_style_sheets_are_found() -> None:
    assert {path.stem for path in styles_folder().glob("*.tcss")} >= {
        "app",
        "generate",
        "form",
        "queue",
        "monitor",
        "dialogs",
    }
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
        for letter in "zqxv":  # one by one: a busy machine paints them in several frames
            seen = terminal.output.count(letter.encode())
            terminal.send(letter)
            terminal.until(lambda out, letter=letter, seen=seen: out.count(letter.encode()) > seen, 20)
        terminal.send("\x1b[21~")
        assert terminal.wait() == 0
    finally:
        terminal.close()
