"""Names of components, devices, disks and nodes, and what the log says, reach the terminal inert."""

from __future__ import annotations

from pathlib import Path

import pytest

from invoke_tui.tui.widgets.memory_list import MemoryList
from invoke_tui.tui.widgets.monitor_log import MonitorLog
from tests.tui.harness import connected, make_app, settle
from tests.tui.pty_monitor import TEXTS, Hostile
from tests.tui.terminal import Terminal
from tests.tui.test_hostile import LEAVE, foreign


def test_no_foreign_byte_on_the_wire(tmp_path: Path) -> None:
    terminal = Terminal("-m", "tests.tui.pty_monitor", str(tmp_path), size=(110, 34))
    try:
        terminal.until("studio connected", 40)
        terminal.send("\x1b7")
        terminal.until("x [/] ", 20)
        for keys in ("j", "j", "u", "G", "u", "b", "\x1b", "\x1b[17~", "k", "k", "p", "p", "?", "\x1b"):
            terminal.send(keys)
            terminal.read(0.25)
        before_leaving = terminal.output
        terminal.send("\x1b[21~")
        code = terminal.wait()
    finally:
        terminal.close()
    assert code == 0
    assert foreign(terminal.output) == []
    assert LEAVE.encode() not in before_leaving
    assert b"QQ==" not in before_leaving


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_every_line_has_its_width(tmp_path: Path, size: tuple[int, int]) -> None:
    app = make_app(tmp_path, Hostile(), screen="monitor")
    async with app.run_test(size=size) as pilot:
        await connected(pilot)
        log, rows = app.screen.query_one(MonitorLog), app.screen.query_one(MemoryList)
        await settle(
            pilot, lambda: app.state.history.logged >= len(TEXTS) and rows.row_count == len(TEXTS) + 1
        )
        await pilot.press("f6", "f6")
        await pilot.pause(0.2)
        for widget in (log, rows):
            for y in range(widget.size.height):
                line = widget.render_line(y)
                assert line.cell_length == widget.size.width
                assert "\x1b" not in line.text
