"""On a real terminal: progress, the picture, and the screen's own door."""

import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from invoke_tui.cli.main import screen_flags
from tests.cli.fake_studio import FakeStudio


def on_a_terminal(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run a verb on a pseudo terminal that answers the one question every terminal answers."""
    ours, theirs = pty.openpty()
    heard = bytearray()

    def listen() -> None:
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:
                return
            if not data:
                return
            heard.extend(data)
            if b"\x1b[c" in data:
                os.write(ours, b"\x1b[?62;22c")

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    process = subprocess.run(
        [sys.executable, "-m", "invoke_tui.cli", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | environment,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    listener.join(5)
    os.close(ours)
    return process.returncode, heard.decode()


@pytest.mark.parametrize("protocol", ["auto", "half", "ascii", "kitty", "iterm2"])
def test_the_picture_is_shown(fake: FakeStudio, protocol: str) -> None:
    code, shown = on_a_terminal(
        "generate", "[red]fox[/]", INVOKE_TUI_IMAGE_PROTOCOL=protocol, COLORTERM="truecolor"
    )
    assert code == 0
    assert "/gallery/picture-1.png  seed 1000" in shown
    wanted = {"kitty": "\x1b_G", "iterm2": "\x1b]1337;File", "ascii": "###"}.get(protocol, "48;2;")
    if protocol != "ascii":
        assert wanted in shown


@pytest.mark.parametrize(
    ("flags", "environment"),
    [(["--no-preview"], {}), ([], {"INVOKE_TUI_IMAGE_PROTOCOL": "none"}), (["--json", "--preview"], {})],
)
def test_the_picture_is_not_shown(fake: FakeStudio, flags: list[str], environment: dict[str, str]) -> None:
    code, shown = on_a_terminal("generate", "a fox", *flags, **environment)
    assert code == 0
    assert "48;2;" not in shown
    assert "\x1b[c" not in shown, "a terminal that is shown nothing is asked nothing"


def test_doctor_looks_at_the_terminal(root: Path) -> None:
    code, shown = on_a_terminal("doctor", "--quick", COLORTERM="truecolor", TMUX="")
    assert code in (0, 1)
    assert "pictures: blocks" in shown
    assert "colours: true colour" in shown


def test_dumb_terminals_get_words(root: Path) -> None:
    code, shown = on_a_terminal(TERM="dumb")
    assert code == 2
    assert "TERM=dumb" in shown
    assert "invoke-tui generate" in shown


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [
        ([], {}),
        (["--root", "x"], {"root": "x"}),
        (["--root=x", "--theme", "nord"], {"root": "x", "theme": "nord"}),
        (["--image-protocol", "kitty"], {"image_protocol": "kitty"}),
        (["--root"], None),
        (["--root="], None),
        (["--root", "x", "queue", "list"], None),
        (["--help"], None),
        (["generate", "--root", "x"], None),
    ],
)
def test_the_screens_flags(arguments: list[str], flags: dict[str, str] | None) -> None:
    assert screen_flags(arguments) == flags


def test_the_screen_is_opened_with_root_and_flags(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from invoke_tui.cli import main

    opened = []
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr(main.sys, "stdout", terminal)
    monkeypatch.setattr("invoke_tui.tui.app.run", lambda root, flags: opened.append((root, flags)) or 0)
    assert main.open_screen({"root": str(root / "other"), "theme": "nord", "image_protocol": "half"}) == 0
    assert opened == [(root / "other", {"theme": "nord", "image_protocol": "half"})]
