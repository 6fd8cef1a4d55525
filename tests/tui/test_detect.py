"""Detection against scripted terminals on a real pty."""

from __future__ import annotations

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from invoke_tui.tui.pictures import detect as module
from invoke_tui.tui.pictures.detect import TerminalGraphics, detect

NAME, CELL, DARK, DA1 = "\x1bP>|{}\x1b\\", "\x1b[6;{};{}t", "\x1b]11;rgb:1111/1111/1111\x1b\\", "\x1b[?62;{}c"
KITTY_OK = "\x1b_Gi=31;OK\x1b\\"


@contextmanager
def terminal(answer: str, *, delay: float = 0.0, pieces: int = 1) -> Iterator[int]:
    """A pty whose far end answers the probe with ``answer``, late and in pieces if asked."""
    master, slave = pty.openpty()
    tty.setraw(slave)

    def play() -> None:
        heard = b""
        while b"\x1b[c" not in heard:
            if not select.select([master], [], [], 5)[0]:
                return
            heard += os.read(master, 4096)
        time.sleep(delay)
        data = answer.encode()
        size = max(1, len(data) // pieces)
        for start in range(0, len(data), size):
            os.write(master, data[start : start + size])
            time.sleep(0.005)

    player = threading.Thread(target=play, daemon=True)
    player.start()
    try:
        yield slave
    finally:
        player.join(6)
        os.close(master)
        os.close(slave)


def ask(answer: str, environ: dict[str, str], *, timeout: float = 5.0, **script: float) -> TerminalGraphics:
    with terminal(answer, **script) as fd:  # type: ignore[arg-type]
        environ = {"TERM": "xterm-256color", **environ}
        return detect(environ=environ, read_fd=fd, write_fd=fd, timeout=timeout)


def test_kitty_tells_its_name() -> None:
    found = ask(NAME.format("kitty(0.41.1)") + KITTY_OK + DARK + CELL.format(20, 9) + DA1.format("c"), {})
    assert found.protocol == "kitty"
    assert found.cell_size == (9, 20)
    assert found.truecolor
    assert found.dark is True


def test_a_slow_line_is_waited_for() -> None:
    answer = NAME.format("ghostty 1.2") + KITTY_OK + CELL.format(16, 8) + DA1.format("22")
    assert ask(answer, {}, delay=0.7, pieces=5).protocol == "kitty"


def test_konsole_knows_the_query_but_no_placeholders() -> None:
    found = ask(NAME.format("Konsole 24.08") + KITTY_OK + CELL.format(16, 8) + DA1.format("22"), {})
    assert found.protocol == "blocks"


def test_wezterm_and_iterm_draw_inline() -> None:
    assert (
        ask(NAME.format("WezTerm 20240203") + CELL.format(16, 8) + DA1.format("22"), {}).protocol == "iterm2"
    )
    assert ask(DA1.format("22"), {"LC_TERMINAL": "iTerm2"}).protocol == "iterm2"


@pytest.mark.timeout(60)  # it does not wait for answers that will not come
def test_plain_terminals_get_blocks_at_once() -> None:
    found = ask(DA1.format("22"), {}, timeout=1000)
    assert found.protocol == "blocks"
    assert found.cell_size is None
    assert found.dark is None


@pytest.mark.timeout(60)
def test_a_silent_terminal_is_not_trusted() -> None:
    with terminal("") as fd:
        found = detect(environ={"TERM": "xterm-kitty"}, read_fd=fd, write_fd=fd, timeout=0.3)
    assert found.protocol == "blocks"
    assert "did not answer" in found.reason


def test_nothing_is_left_for_the_shell_to_read() -> None:
    answer = NAME.format("kitty(1)") + KITTY_OK + DARK + CELL.format(16, 8) + DA1.format("62")
    with terminal(answer, pieces=9) as fd:
        detect(environ={"TERM": "xterm-kitty"}, read_fd=fd, write_fd=fd)
        time.sleep(0.05)
        assert not select.select([fd], [], [], 0.05)[0]


@pytest.mark.parametrize(
    ("environ", "protocol"),
    [({"TERM": "dumb"}, "ascii"), ({"TERM": ""}, "ascii"), ({"TERM": "linux"}, "half")],
)
def test_poor_terminals(environ: dict[str, str], protocol: str) -> None:
    assert detect(environ=environ, read_fd=-1, write_fd=-1).protocol == protocol


def test_the_configuration_wins() -> None:
    environ = {"TERM": "xterm-256color"}
    assert detect(override="kitty", environ=environ, read_fd=-1, write_fd=-1).protocol == "kitty"
    assert detect(override="none", environ=environ, read_fd=-1, write_fd=-1).protocol == "none"
    assert detect(override="auto", environ=environ, read_fd=-1, write_fd=-1).protocol == "blocks"
    assert "unknown" in detect(override="x", environ=environ, read_fd=-1, write_fd=-1).reason


@pytest.mark.parametrize(("passes", "protocol"), [(True, "kitty"), (False, "blocks")])
def test_tmux_decides_by_what_is_outside_and_lets_through(
    monkeypatch: pytest.MonkeyPatch, passes: bool, protocol: str
) -> None:
    monkeypatch.setattr(module.tmux, "client_terminal", lambda: "xterm-kitty")
    monkeypatch.setattr(module.tmux, "passes_through", lambda: passes)
    found = ask(CELL.format(16, 8) + DA1.format("1;2"), {"TERM": "tmux-256color", "TMUX": "/tmp/x"})
    assert found.protocol == protocol
    assert found.tmux


@pytest.mark.parametrize(
    ("environ", "few"),
    [
        ({"TERM": "screen"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-kitty"}, False),
    ],
)
def test_a_terminal_that_promises_sixteen_colours_has_few(environ: dict[str, str], few: bool) -> None:
    assert detect(environ=environ).few_colours is few
