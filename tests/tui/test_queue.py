"""The queue, with keys and eyes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from textual.widgets import Static

from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from invoke_tui.tui.app import InvokeTuiApp
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.item import ItemScreen
from invoke_tui.tui.widgets.queue_list import QueueList
from tests.tui.fake_client import FakeClient
from tests.tui.harness import connected, settle, words

SIZE = (100, 30)


@pytest.fixture
def first_screen() -> str:
    return "queue"


async def fill(client: FakeClient, count: int, *, status: ItemStatus = ItemStatus.PENDING) -> None:
    client.auto = False
    await client.enqueue(GenerationRequest(positive_prompt="a fox", count=count))
    for item_id, item in client.items.items():
        client.items[item_id] = item.model_copy(update={"status": status})


async def open_queue(app: InvokeTuiApp, pilot: object) -> QueueList:
    await connected(pilot)  # type: ignore[arg-type]
    return app.screen.query_one(QueueList)


def line(rows: QueueList, y: int) -> str:
    return rows.render_line(y).text


async def test_an_empty_queue_says_what_to_do(app: InvokeTuiApp) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await open_queue(app, pilot)
        await settle(pilot, lambda: app.screen.has_class("-nothing"))
        assert "alt+1" in words(app.screen.query_one("#queue-empty", Static))


async def test_newest_first_and_running_on_top(app: InvokeTuiApp, client: FakeClient) -> None:
    await fill(client, 3)
    client.items[1] = client.items[1].model_copy(update={"status": ItemStatus.IN_PROGRESS})
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded == 3)
        assert [item.item_id for item in rows._rows] == [1, 3, 2]
        assert "running" in line(rows, 0)
        assert "waiting" in line(rows, 1)
        assert "waiting 2" in words(app.screen.query_one("#queue-counts", Static))


async def test_ten_thousand_items_open_at_once_and_end_is_reachable(
    app: InvokeTuiApp, client: FakeClient
) -> None:
    now = datetime.now(UTC)
    for item_id in range(1, 10_001):
        client.items[item_id] = QueueItem(
            item_id=item_id,
            batch_id="b",
            session_id="s",
            status=ItemStatus.PENDING,
            prompt=f"p{item_id}",
            created_at=now,
        )
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded)
        assert rows.loaded == 200, "only what is seen is fetched"
        assert rows.row_count == 10_000
        await pilot.press("G")
        await settle(pilot, lambda: rows.item is not None and rows.item.item_id == 1, seconds=20)
        await pilot.press("g")
        assert rows.item is not None
        assert rows.item.item_id == 10_000


async def test_changes_come_by_themselves(app: InvokeTuiApp, client: FakeClient) -> None:
    await fill(client, 2)
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded == 2)
        client.put(client.items[1].model_copy(update={"status": ItemStatus.FAILED, "error": "no memory"}))
        await settle(pilot, lambda: "no memory" in line(rows, 1))
        await client.enqueue(GenerationRequest(positive_prompt="new"))
        await settle(pilot, lambda: "new" in line(rows, 0))


async def test_the_choice_stays_on_its_item(app: InvokeTuiApp, client: FakeClient) -> None:
    await fill(client, 3)
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded == 3)
        await pilot.press("j")
        chosen = rows.item
        await client.enqueue(GenerationRequest(positive_prompt="new"))
        await settle(pilot, lambda: rows.loaded == 4)
        assert chosen is not None
        assert rows.item is not None
        assert rows.item.item_id == chosen.item_id


async def test_keys_do_what_they_say(app: InvokeTuiApp, client: FakeClient) -> None:
    await fill(client, 3)
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded == 3)
        await pilot.press("t", "K", "J")
        await settle(pilot, lambda: len(client.calls) == 3)
        assert client.calls == [("move", 3, "front"), ("move", 3, "up"), ("move", 3, "down")]
        await pilot.press("p")
        await settle(pilot, lambda: app.state.paused)
        await pilot.press("p")
        await settle(pilot, lambda: not app.state.paused)
        await pilot.press("c")
        await settle(pilot, lambda: ("cancel", 3) in client.calls)
        await settle(pilot, lambda: "canceled" in line(rows, 0))
        await pilot.press("r")
        await settle(pilot, lambda: ("retry", 3) in client.calls)
        await pilot.press("x")
        await settle(pilot, lambda: rows.loaded == 2)
        await pilot.press("X")
        await settle(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("n")
        assert ("clear",) not in client.calls
        await pilot.press("X", "y")
        await settle(pilot, lambda: ("clear",) in client.calls)
        await settle(pilot, lambda: rows.row_count == 0)


async def test_filters(app: InvokeTuiApp, client: FakeClient) -> None:
    await fill(client, 4)
    client.items[2] = client.items[2].model_copy(update={"status": ItemStatus.FAILED, "error": "x"})
    async with app.run_test(size=SIZE) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded == 4)
        await pilot.press("f")
        await settle(pilot, lambda: rows.loaded == 3)
        await pilot.press("F", "F", "F")
        await settle(pilot, lambda: [item.item_id for item in rows._rows] == [2])


async def test_open_shows_everything(app: InvokeTuiApp, client: FakeClient) -> None:
    result = await client.enqueue(GenerationRequest(positive_prompt="a lighthouse", seed=5))
    client.auto = False
    await client.work(result.item_ids[0])
    async with app.run_test(size=(140, 40)) as pilot:
        rows = await open_queue(app, pilot)
        await settle(pilot, lambda: rows.loaded == 1)
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(app.screen, ItemScreen))
        facts = words(app.screen.query_one("#item-facts Static", Static))
        assert "a lighthouse" in facts
        assert "seed      5" in facts
        await pilot.press("escape")
        assert not isinstance(app.screen, ItemScreen)
