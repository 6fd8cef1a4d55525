"""Leases without processes: who may report, who is poisoned, what happens in any order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.running.queue import MAX_ATTEMPTS, ItemStatus
from invoke_tui.studio.database.database import open_engine
from invoke_tui.studio.database.migrate import prepare
from invoke_tui.studio.queue import edits, leases, order
from invoke_tui.studio.queue.leases import Outcome
from invoke_tui.studio.queue.rows import Claimed, NewItem, count, read_item

DONE = Outcome(ItemStatus.COMPLETED)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    path: Path = tmp_path_factory.mktemp("queue") / "studio.db"
    prepare(path)
    made = open_engine(path, writer=True)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.begin()
        edits.remove(connection, None)
        yield connection
        connection.rollback()


def new(number: int) -> list[NewItem]:
    request = ResolvedRequest(
        positive_prompt="a ball", negative_prompt="", model="m", width=64, height=64, steps=1, cfg_scale=1,
        cfg_rescale_multiplier=0, scheduler="euler", seed=1, clip_skip=0,
    )  # fmt: skip
    return [NewItem(request=request)] * number


def add(connection: Connection, number: int, *, front: bool = False) -> list[int]:
    return edits.add(connection, new(number), batch_id="b", front=front, limit=1000)


def claim(connection: Connection, worker: str = "w", seconds: float = 60) -> Claimed:
    taken = leases.claim(connection, device="cpu", worker=worker, seconds=seconds)
    assert taken is not None
    return taken


def test_only_the_holder_of_the_lease_may_report(connection: Connection) -> None:
    [item_id] = add(connection, 1)
    first = claim(connection).lease
    assert leases.interrupted(connection, first, "it died") is not None
    second = claim(connection).lease
    assert second.attempt == 2
    assert not leases.finish(connection, first, DONE), "the first attempt is over"
    assert not leases.renew(connection, first, 60)
    assert leases.interrupted(connection, first, "it died again") is None
    assert leases.finish(connection, second, DONE)
    assert not leases.finish(connection, second, DONE)
    item = read_item(connection, item_id)
    assert item is not None
    assert (item.status, item.attempts) == (ItemStatus.COMPLETED, 2)


def test_dying_workers_poison_stopped_daemons_do_not(connection: Connection) -> None:
    [patient, poison] = add(connection, 2)
    for _ in range(10):
        assert claim(connection).item.item_id == patient
        assert leases.return_orphans(connection, machine_went_down=False) == [patient]
    assert leases.finish(connection, claim(connection).lease, DONE)
    for _ in range(MAX_ATTEMPTS):
        assert claim(connection).item.item_id == poison
        leases.return_orphans(connection, machine_went_down=True)
    item = read_item(connection, poison)
    assert item is not None
    assert (item.status, item.error_type) == (ItemStatus.FAILED, leases.POISONED)
    assert leases.claim(connection, device="cpu", worker="w", seconds=60) is None


def test_an_expired_lease_is_taken_back_unless_its_worker_lives(connection: Connection) -> None:
    add(connection, 1)
    lease = claim(connection, seconds=-1).lease
    assert leases.return_expired(connection, {lease.worker}) == []
    assert leases.return_expired(connection, set()) == [lease.item_id]
    assert not leases.finish(connection, lease, DONE)


def test_handing_back_is_as_if_nothing_had_been(connection: Connection) -> None:
    [item_id] = add(connection, 1)
    before = read_item(connection, item_id)
    lease = claim(connection).lease
    assert leases.hand_back(connection, lease)
    after = read_item(connection, item_id)
    assert before is not None
    assert after is not None
    assert after.model_copy(update={"device": None}) == before


def test_a_batch_that_does_not_fit_is_refused_whole(connection: Connection) -> None:
    edits.add(connection, new(3), batch_id="b", front=False, limit=5)
    with pytest.raises(BadInputError) as full:
        edits.add(connection, new(3), batch_id="c", front=False, limit=5)
    assert "only 2 more fit" in full.value.message
    assert count(connection).total == 3


VERBS = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "front", "claim", "finish", "die", "cancel", "retry", "move", "orphan", "prune"]
        ),
        st.integers(0, 20),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(VERBS)
def test_any_order_of_verbs_keeps_the_queue_sound(engine: Engine, verbs: list[tuple[str, int]]) -> None:
    """No verb changes a finished item, every item is in one state, and everything pending can be claimed once."""
    with engine.connect() as connection:
        connection.begin()
        edits.remove(connection, None)
        held: list[Claimed] = []
        for verb, number in verbs:
            _do(connection, verb, number, held)
            items, _ = edits.page(connection, None, 1000, None)
            assert count(connection).total == len(items)
            assert all(item.finished_at is not None for item in items if item.status.finished)
        leases.return_orphans(connection, machine_went_down=False)
        expected = [
            i.item_id
            for i in sorted(
                edits.page(connection, ItemStatus.PENDING, 1000, None)[0],
                key=lambda i: (-i.priority, i.position, i.item_id),
            )
        ]
        assert [claim(connection, f"w{n}").item.item_id for n in range(len(expected))] == expected
        connection.rollback()


def _do(connection: Connection, verb: str, number: int, held: list[Claimed]) -> None:
    items, _ = edits.page(connection, None, 1000, None)
    ids = [item.item_id for item in items[: number % 4 + 1]]
    match verb:
        case "add" | "front":
            add(connection, number % 3 + 1, front=verb == "front")
        case "claim":
            taken = leases.claim(connection, device="cpu", worker=f"w{number}", seconds=60)
            held.extend([taken] if taken else [])
        case "finish" if held:
            leases.finish(connection, held[number % len(held)].lease, DONE)
        case "die" if held:
            leases.interrupted(connection, held[number % len(held)].lease, "it died")
        case "cancel":
            edits.cancel(connection, ids)
        case "retry":
            edits.retry(connection, ids)
        case "move":
            pending = [item for item in items if item.status is ItemStatus.PENDING]
            if pending:
                to: order.MoveTo = ("front", "up", "down", "back")[number % 4]  # type: ignore[assignment]
                order.move(connection, pending[number % len(pending)].item_id, to)
        case "orphan":
            leases.return_orphans(connection, machine_went_down=bool(number % 2))
        case "prune":
            edits.prune(connection, keep=number)
