"""One frame at a time, and cheaper frames on slow lines."""

from __future__ import annotations

import asyncio

from invoke_tui.tui.pictures.pace import ASK, Pacer, Quality


class Line:
    """A terminal's end of the line, with a clock of its own."""

    def __init__(self, **options: object) -> None:
        self.now = 0.0
        self.written: list[str] = []
        self.pacer = Pacer(self.written.append, clock=lambda: self.now, **options)  # type: ignore[arg-type]

    def frame(self, seconds: float, size: int = 10_000) -> None:
        self.pacer.sent(size)
        self.now += seconds
        self.pacer.answered()


async def test_the_next_frame_waits_for_the_answer() -> None:
    line = Line()
    line.pacer.sent(1000)
    assert line.written == [ASK]
    waiting = asyncio.create_task(line.pacer.ready())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    line.now = 0.05
    line.pacer.answered()
    await asyncio.wait_for(waiting, 1)
    assert line.pacer.round_trip == 0.05
    assert line.pacer.bandwidth == 20_000


async def test_a_terminal_that_never_answers_is_not_waited_for_long() -> None:
    line = Line(timeout=0.05)
    line.pacer.sent(1000)
    await asyncio.wait_for(line.pacer.ready(), 1)
    assert not line.pacer.in_flight
    await asyncio.wait_for(line.pacer.ready(), 1)


async def test_quality_goes_down_on_a_slow_line_and_up_on_a_fast_one() -> None:
    line = Line()
    assert line.pacer.quality is Quality.FULL
    line.frame(1.0)
    assert line.pacer.quality is Quality.FEW_COLOURS
    line.frame(1.0)
    line.frame(1.0)
    line.frame(1.0)
    assert line.pacer.quality is Quality.FINAL_ONLY
    for _ in range(8):
        line.frame(0.01)
    assert line.pacer.quality is Quality.SMALL
    for _ in range(16):
        line.frame(0.01)
    assert line.pacer.quality is Quality.FULL


async def test_the_setting_wins() -> None:
    assert Line(low_bandwidth="on").pacer.quality is Quality.FEW_COLOURS
    line = Line(low_bandwidth="off")
    line.frame(1.9)
    assert line.pacer.quality is Quality.FULL


async def test_nothing_is_asked_where_nobody_answers() -> None:
    line = Line(answers=False)
    line.pacer.sent(1000)
    assert line.written == []
    await asyncio.wait_for(line.pacer.ready(), 1)


async def test_an_answer_nobody_asked_for_changes_nothing() -> None:
    line = Line()
    line.pacer.answered()
    assert line.pacer.round_trip is None
