"""Slow readers lose previews and nothing else."""

from __future__ import annotations

import pytest

from invoke_tui.domain.events import LogLine, Preview, Progress
from invoke_tui.studio import hub as hub_module
from invoke_tui.studio.hub import Hub, TooSlowError


def log(number: int) -> LogLine:
    return LogLine(level="info", source="test", message=str(number))


def progress(step: int, item_id: int = 1) -> Progress:
    return Progress(
        item_id=item_id, attempt=1, node_id="d", node_type="denoise_latents", message="", step=step, total=99
    )


def preview(step: int) -> Preview:
    return Preview(item_id=1, attempt=1, step=step, total=99, width=8, height=8, data="")


async def test_droppable_events_conflate_and_state_arrives_in_order() -> None:
    hub = Hub()
    with hub.subscribe() as (slow, start):
        assert start == 0
        for step in range(50):
            hub.publish(progress(step))
            hub.publish(preview(step))
            if step % 10 == 0:
                hub.publish(log(step))
            hub.publish(progress(step, item_id=2))
        events = [(await slow.next()).event for _ in range(8)]
    assert [e.message for e in events if isinstance(e, LogLine)] == ["0", "10", "20", "30", "40"]
    assert [e.step for e in events if isinstance(e, Progress)] == [49, 49]
    assert [e.step for e in events if isinstance(e, Preview)] == [49]
    assert [e.sequence for e in events] == sorted(e.sequence for e in events)
    assert hub.progress[1].step == 49
    hub.forget(1)
    assert set(hub.progress) == {2}


async def test_a_returning_reader_gets_what_it_missed() -> None:
    hub = Hub()
    for number in range(5):
        hub.publish(log(number))
    with hub.subscribe(since=3) as (reader, start):
        assert start == 3
        assert [(await reader.next()).event.sequence for _ in range(2)] == [4, 5]
    with hub.subscribe(since=99) as (_, start):
        assert start == 5, "a number of another daemon's life is ignored"


async def test_a_reader_that_never_reads_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "BACKLOG", 10)
    hub = Hub()
    with hub.subscribe() as (reader, _):
        for number in range(30):
            hub.publish(log(number))
        for _ in range(10):
            await reader.next()
        with pytest.raises(TooSlowError):
            await reader.next()
    assert hub.readers == 0
