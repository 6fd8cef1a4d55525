"""The arithmetic of the monitor: cells of a bar, marks, columns of a curve."""

from __future__ import annotations

import random

from invoke_tui.domain.running.machine import MachineUse
from invoke_tui.tui.history import LINES, SAMPLES, SPAN, History
from invoke_tui.tui.widgets.memory_cut import Marks, cells, ram_parts, total_of, vram_parts
from invoke_tui.tui.widgets.monitor_machine import spark
from tests.tui.fake_memory import GIB, a_card


def test_cells_add_up_and_nothing_that_is_there_vanishes() -> None:
    draw = random.Random(7)
    for _ in range(500):
        counts = [draw.choice((0, 1, draw.randrange(1, 2**36))) for _ in range(draw.randrange(1, 9))]
        width = draw.randrange(1, 120)
        given = cells(counts, width)
        assert sum(given) == (width if any(counts) else 0)
        if width >= len(counts):
            assert all(
                bool(cell) == bool(count) for cell, count in zip(given, counts, strict=True)
            ) or not any(counts)


def test_parts_cover_the_memory_and_never_more() -> None:
    marks = Marks()
    memory = a_card().memory
    marks.keep(part.key for part in memory.components)
    for used in (0, 3, 6, 8):
        parts = vram_parts(
            memory.model_copy(update={"vram_used": used * GIB, "components": memory.components[:2]}), marks
        )
        assert all(part.count >= 0 for part in parts)
        assert sum(part.count for part in parts) == memory.vram_total
    parts = ram_parts([(memory, "")], 9 * GIB, 16 * GIB, marks)
    assert sum(part.count for part in parts) == 16 * GIB
    assert total_of(parts, "models") + total_of(parts, "engine") == memory.process_rss
    assert total_of(parts, "other") == 9 * GIB - memory.process_rss


def test_marks_stay_and_are_given_again() -> None:
    marks = Marks()
    marks.keep(["a", "b", "c"])
    marks.keep(["c", "d"])
    assert [marks[key].letter for key in ("c", "d")] == ["C", "A"]
    assert len({marks[key].colour for key in ("c", "d")}) == 2
    marks.keep(map(str, range(60)))
    assert all(marks[str(n)].letter for n in range(60))


def test_a_curve_shows_the_last_minutes_and_holds_what_was_seen_last() -> None:
    now = 10_000.0
    history = History(clock=lambda: now)
    for moment, value in ((0.0, 1.0), (SPAN / 2, 5.0), (SPAN / 2 + 1, 3.0)):
        now = 10_000.0 + moment
        history.note("ram", value)
    now = 10_000.0 + SPAN * 0.7
    columns = history.columns("ram", 10)
    assert len(columns) == 10
    assert columns[0] is None, "nothing was measured then"
    assert 5.0 in columns, "a column shows the highest of its values"
    assert columns[-1] == 3.0
    history.note("ram", None)
    now += SPAN / 5
    assert history.columns("ram", 10)[-1] is None, "and nothing once there is nothing to measure"
    assert history.columns("unknown", 4) == [None] * 4
    assert history.columns("ram", 0) == []


def test_history_is_bounded() -> None:
    history = History()
    machine = MachineUse(cpu=3, cores=2, ram_used=1, ram_total=2, swap_used=0, swap_total=0)
    for number in range(2 * SAMPLES):
        history.look(machine)
        history.add_line("info", "test", str(number))
    assert len(history._series["ram"]) == SAMPLES
    assert len(history.log) == LINES
    assert history.logged == 2 * SAMPLES


def test_curves() -> None:
    assert spark([None, 0, 50, 100, 900], 100) == [" ▁▄▇▇"]
    assert spark([0, 50, 100], 100, lines=2) == ["  ▇", "▁██"]
    assert spark([5, None], 0) == ["  "]
