"""Workers that die, hang or never start; a daemon killed at the worst moments; a disk that is full."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
from contextlib import closing

import pytest

from invoke_tui.domain.errors import UnreachableError
from invoke_tui.domain.events import Event, ItemChanged, QueueChanged
from invoke_tui.domain.running.queue import MAX_ATTEMPTS, ItemStatus
from tests.studio.harness import StudioHarness, alive, collect, until


async def test_kill_9_of_the_worker_in_mid_step_costs_one_attempt(studio: StudioHarness) -> None:
    studio.set(FAKE_STEP_SECONDS="0.05")
    client = await studio.start()
    done, hit, waiting = await studio.ask("three", count=3, steps=12)
    await studio.finished([done])
    worker = await studio.running(hit)

    def last(event: Event) -> bool:
        return isinstance(event, ItemChanged) and event.item.item_id == hit and event.item.status.finished

    ready = asyncio.Event()
    watching = asyncio.create_task(collect(client, last, ready))
    await ready.wait()
    os.kill(worker, signal.SIGKILL)
    seen = await watching
    notes = [event.note for event in seen if isinstance(event, ItemChanged) and event.note]
    assert "SIGKILL" in notes[0]
    assert f"engine restarted, attempt 2 of {MAX_ATTEMPTS}" in notes[1]
    items = await studio.finished([done, hit, waiting])
    assert [(item.status, item.attempts) for item in items] == [
        (ItemStatus.COMPLETED, 1), (ItemStatus.COMPLETED, 2), (ItemStatus.COMPLETED, 1)
    ]  # fmt: skip
    assert len(studio.check_pictures()) == 3
    assert (await client.status()).workers[0].restarts == 1


async def test_poison_is_parked_a_standstill_is_ended_and_the_rest_goes_on(studio: StudioHarness) -> None:
    studio.set(INVOKE_TUI_WORKER_TIMEOUT_SECONDS="4")
    client = await studio.start()
    await client.pause()
    [poison] = await studio.ask("[[abort]]", steps=4)
    [hanging] = await studio.ask("[[hang]]", steps=6)
    [fatal] = await studio.ask("[[fatal]]", steps=4)
    [good] = await studio.ask("fine")
    await client.resume()
    await studio.running(hanging)
    worker = await studio.running(hanging, attempt=2)
    os.kill(worker, signal.SIGSTOP)
    items = await studio.finished([poison, hanging, fatal, good])
    assert [item.status for item in items] == [*([ItemStatus.FAILED] * 3), ItemStatus.COMPLETED]
    assert [item.attempts for item in items] == [3, 3, 3, 1]
    assert {item.error_type for item in items[:3]} == {"poisoned"}
    assert "SIGABRT" in (items[0].error or "")
    assert "no progress" in (items[1].error or "")
    assert "the fake device is broken" in (items[2].error or "")
    assert all(item.hint for item in items[:3])
    assert not (await client.status()).paused


async def test_a_worker_that_cannot_start_pauses_the_queue_and_says_why(studio: StudioHarness) -> None:
    studio.set(INVOKE_TUI_ENGINE="tests.support.no_such_engine:Engine")
    client = await studio.start()
    watching = asyncio.create_task(collect(client, lambda e: isinstance(e, QueueChanged) and e.paused))
    [item_id] = await studio.ask("a ball")
    seen = await watching
    assert isinstance(seen[-1], QueueChanged)
    assert "no_such_engine" in seen[-1].note
    status = await client.status()
    assert status.paused
    assert "cannot start" in status.pause_reason
    item = await client.item(item_id)
    assert (item.status, item.attempts) == (ItemStatus.PENDING, 0)


@pytest.mark.slow
async def test_kill_9_of_the_daemon_at_any_moment_loses_and_doubles_nothing(studio: StudioHarness) -> None:
    """Twenty rounds: every crash point, and moments drawn by chance, each while work is enqueued and done."""
    chance = random.Random(7)
    points = ["after-claim", "during-write", "before-rename", "after-rename", "after-row", "before-finish"]
    asked: list[int] = []
    orphans: set[int] = set()
    for round_number in range(20):
        point = points[round_number] if round_number < len(points) else None
        if point:
            studio.set(INVOKE_TUI_FAULTS=f"{point}=kill:{chance.randint(1, 2)}")
        else:
            studio.unset("INVOKE_TUI_FAULTS")
        client = await studio.start()
        counts = (await client.status()).counts
        assert counts.total == len(asked), "what was promised is there, and only that"
        pid = studio.pid()
        try:
            asked += await studio.ask(f"round {round_number}", count=2, steps=3)
            if point:
                await studio.finished(asked)
            else:
                orphans |= {worker.pid for worker in (await client.status()).workers}
                await asyncio.sleep(chance.uniform(0, 0.4))
        except UnreachableError:
            pass
        studio.kill()
        assert not alive(pid)
        with closing(sqlite3.connect(studio.paths.database)) as connection:
            (total,) = connection.execute("SELECT count(*) FROM queue_items").fetchone()
            if total == len(asked) + 2:  # committed, but the answer was lost
                asked = [
                    row[0] for row in connection.execute("SELECT item_id FROM queue_items ORDER BY item_id")
                ]
    studio.unset("INVOKE_TUI_FAULTS")
    client = await studio.start()
    items = await studio.finished(asked)
    assert {item.status for item in items} == {ItemStatus.COMPLETED}
    names = [name for item in items for name in item.images]
    assert len(names) == len(set(names)) == len(items)
    assert sorted(path.name for path in studio.check_pictures()) == sorted(names)
    assert (await client.images()).total == len(names)
    assert not [
        pid for pid in orphans if alive(pid) and pid not in {w.pid for w in (await client.status()).workers}
    ]


async def test_a_full_disk_fails_the_item_with_figures_and_pauses_until_there_is_room(
    studio: StudioHarness,
) -> None:
    studio.set(INVOKE_TUI_FAULTS="during-write=full:1")
    client = await studio.start()
    watching = asyncio.create_task(collect(client, lambda e: isinstance(e, QueueChanged) and e.paused))
    first, second = await studio.ask("two", count=2)
    [failed] = await studio.finished([first])
    assert (failed.status, failed.error_type) == (ItemStatus.FAILED, "disk_full")
    assert "bytes are needed" in (failed.error or "")
    assert "are free" in (failed.error or "")
    await watching

    async def went_on() -> bool:  # there is room in truth, so the pause ends by itself
        return (await client.item(second)).status is ItemStatus.COMPLETED

    await until(went_on)
    assert len(studio.check_pictures()) == 1
    assert not (await client.status()).paused


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
async def test_a_daemon_told_to_stop_leaves_no_worker(studio: StudioHarness, signal_number: int) -> None:
    client = await studio.start()
    await studio.run("a ball")
    [worker] = (await client.status()).workers
    os.kill(studio.pid(), signal_number)

    async def gone() -> bool:
        return not alive(worker.pid) and not alive(studio.pid())

    await until(gone)
    assert not studio.paths.socket.exists()
