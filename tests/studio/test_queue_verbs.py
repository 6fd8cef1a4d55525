"""Pause, order, cancel, retry, delete, prune, clear: as people use them, over the socket."""

from __future__ import annotations

import asyncio

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.events import QueueChanged, Snapshot
from invoke_tui.domain.running.queue import ItemStatus
from tests.studio.harness import StudioHarness, collect, until


async def test_order_and_edits_of_what_is_pending(studio: StudioHarness) -> None:
    client = await studio.start()
    await client.pause()
    a, b, c = await studio.ask("abc", count=3)
    d, e = await studio.ask("de", count=2, front=True)
    assert await studio.order() == [d, e, a, b, c]
    [f] = await studio.ask("f", front=True)
    assert await studio.order() == [f, d, e, a, b, c]
    await client.move(c, "front")
    assert await studio.order() == [c, f, d, e, a, b]
    await client.move(a, "up")
    await client.move(f, "down")
    assert await studio.order() == [c, d, f, a, e, b]
    await client.move(c, "up")
    await client.move(d, "back")
    assert await studio.order() == [c, f, a, e, b, d]

    assert await client.cancel([a, b]) == 2
    assert await client.cancel([a]) == 0, "a second cancel changes nothing"
    with pytest.raises(BadInputError):
        await client.move(a, "up")
    assert await client.retry([a, c]) == 1
    page = await client.queue(limit=2)
    again = page.items[0]
    assert (again.retried_from_item_id, again.status, again.prompt) == (a, ItemStatus.PENDING, "abc")
    assert again.session_id != (await client.item(a)).session_id
    assert again.seed == (await client.item(a)).seed
    assert page.next == page.items[-1].item_id
    following = await client.queue(limit=100, before=page.next)
    assert [item.item_id for item in following.items] == [e, d, c, b, a]
    assert await client.delete([f]) == 1
    assert await client.prune() == 2
    assert await studio.order() == [c, e, d, again.item_id]
    assert await client.clear() == 4
    assert (await client.queue()).counts.total == 0


async def test_a_pause_finishes_what_runs_and_outlasts_a_restart(studio: StudioHarness) -> None:
    studio.set(FAKE_STEP_SECONDS="0.05")
    client = await studio.start()
    first, second = await studio.ask("two", count=2, steps=10)
    await studio.running(first)
    await client.pause()
    [item] = await studio.finished([first])
    assert item.status is ItemStatus.COMPLETED
    assert (await client.item(second)).status is ItemStatus.PENDING
    await client.shutdown()
    client = await studio.start()
    assert (await client.status()).paused
    [snapshot] = await collect(client, lambda event: isinstance(event, Snapshot))
    assert isinstance(snapshot, Snapshot)
    assert snapshot.paused
    await client.resume()
    [item] = await studio.finished([second])
    assert (item.status, item.attempts) == (ItemStatus.COMPLETED, 1)


async def test_cancel_and_clear_reach_what_runs(studio: StudioHarness) -> None:
    studio.set(FAKE_STEP_SECONDS="0.05")
    client = await studio.start()
    first, second, third = await studio.ask("long", count=3, steps=500)
    worker = await studio.running(first)
    assert await client.cancel([first]) == 1
    assert (await client.item(first)).status is ItemStatus.CANCELED
    assert await studio.running(second) == worker, "a canceled item costs no worker"
    assert await client.delete([second]) == 1
    await studio.running(third)
    watching = asyncio.create_task(
        collect(client, lambda e: isinstance(e, QueueChanged) and e.counts.total == 0)
    )
    assert await client.clear() == 2
    await watching
    [item] = await studio.run("short")
    assert item.status is ItemStatus.COMPLETED
    assert (await client.status()).workers[0].pid == worker
    assert len(studio.check_pictures()) == 1


async def test_a_stop_gives_the_running_item_back_unharmed(studio: StudioHarness) -> None:
    studio.set(FAKE_STEP_SECONDS="0.05")
    client = await studio.start()
    [item_id] = await studio.ask("long", steps=40)
    await studio.running(item_id)
    await client.shutdown()
    client = await studio.start()
    item = await client.item(item_id)
    assert item.attempts <= 1
    [item] = await studio.finished([item_id])
    assert (item.status, item.attempts) == (ItemStatus.COMPLETED, 1)
    assert len(studio.check_pictures()) == 1


async def test_a_failed_item_says_why_and_the_rest_goes_on(studio: StudioHarness) -> None:
    client = await studio.start()
    [bad] = await studio.ask("[[oom]]")
    [good] = await studio.ask("fine")
    failed, done = await studio.finished([bad, good])
    assert (failed.status, done.status) == (ItemStatus.FAILED, ItemStatus.COMPLETED)
    assert "3.0 GiB needed" in (failed.error or "")
    assert failed.hint
    assert failed.error_type
    assert failed.attempts == 1
    assert await client.retry([bad]) == 1

    async def failed_again() -> bool:
        return (await client.queue()).counts.failed == 2

    await until(failed_again)


async def test_history_and_clearing_at_the_start(studio: StudioHarness) -> None:
    client = await studio.start()
    ids = [item.item_id for item in await studio.run("three", count=3)]
    await client.shutdown()
    studio.set(INVOKE_TUI_MAX_QUEUE_HISTORY="1")
    client = await studio.start()
    assert [item.item_id for item in (await client.queue()).items] == ids[-1:]
    await client.pause()
    await studio.ask("pending")
    await client.shutdown()
    studio.set(INVOKE_TUI_CLEAR_QUEUE_ON_STARTUP="true")
    client = await studio.start()
    assert (await client.queue()).counts.total == 0
    assert (await client.images()).total == 3, "clearing the queue keeps the pictures"
