"""Taking items, keeping them, and what becomes of them. Every change here is one transaction under a lease.

``attempts`` counts how often an item was taken, ``crashes`` how often its worker died of it. Only crashes make an item
poisoned: a person who stops or kills the daemon three times has not proved anything against the item. A machine that
went down with the item on it has, so that an item which takes the machine with it does not do so for ever.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.running.queue import MAX_ATTEMPTS, ItemStatus, QueueItem
from invoke_tui.studio.database.tables import now, queue_items
from invoke_tui.studio.queue.order import IN_ORDER, IS_PENDING
from invoke_tui.studio.queue.rows import Claimed, Lease, holds, read_item

INTERRUPTIONS_LIMIT: Final = 20
"""Attempts after which even an item nobody blames is given up."""
POISONED: Final = "poisoned"
_HINT: Final = (
    "Retry it after changing the size, the model or the settings; the worker's log has the details."
)


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended."""

    status: ItemStatus
    error_type: str | None = None
    message: str | None = None
    hint: str | None = None
    traceback: str | None = None


def claim(connection: Connection, *, device: str, worker: str, seconds: float) -> Claimed | None:
    """Take the next item for ``worker`` and lease it for ``seconds``."""
    row = connection.execute(select(queue_items).where(IS_PENDING).order_by(*IN_ORDER).limit(1)).one_or_none()
    if row is None:
        return None
    lease = Lease(row.item_id, row.attempts + 1, worker)
    connection.execute(
        update(queue_items)
        .where(queue_items.c.item_id == row.item_id)
        .values(
            status=ItemStatus.IN_PROGRESS.value,
            attempts=lease.attempt,
            device=device,
            worker=worker,
            lease_until=time.time() + seconds,
            started_at=now(),
            **_no_error(),
        )
    )
    item = read_item(connection, row.item_id)
    assert item is not None
    graph = Graph.model_validate_json(row.session) if row.session else None
    return Claimed(item, lease, row.crashes, graph)


def renew(connection: Connection, lease: Lease, seconds: float) -> bool:
    """Keep an item; false when it was lost."""
    return _change(connection, lease, lease_until=time.time() + seconds)


def finish(connection: Connection, lease: Lease, outcome: Outcome) -> bool:
    """Record how an attempt ended; false when the lease was lost, and then nothing is changed."""
    return _change(connection, lease, **_ended(outcome))


def hand_back(connection: Connection, lease: Lease) -> bool:
    """Return an item as if it had not been taken: the daemon stops, or the worker never got it."""
    return _change(
        connection,
        lease,
        status=ItemStatus.PENDING.value,
        attempts=lease.attempt - 1,
        started_at=None,
        **_unleased(),
    )


def interrupted(connection: Connection, lease: Lease, reason: str) -> QueueItem | None:
    """The worker died under the item: back to pending, or failed when it has done so too often."""
    row = connection.execute(select(queue_items).where(holds(lease))).one_or_none()
    if row is None:
        return None
    _return_or_fail(connection, row, row.crashes + 1, reason)
    return read_item(connection, lease.item_id)


def return_orphans(connection: Connection, *, machine_went_down: bool) -> list[int]:
    """At the daemon's start: everything in progress belonged to a daemon that is no more."""
    in_progress = queue_items.c.status == ItemStatus.IN_PROGRESS.value
    rows = connection.execute(select(queue_items).where(in_progress).order_by(queue_items.c.item_id)).all()
    for row in rows:
        _return_or_fail(connection, row, row.crashes + machine_went_down, "the machine went down")
    return [row.item_id for row in rows]


def return_expired(connection: Connection, live: set[str]) -> list[int]:
    """Items whose lease ran out and whose worker is none of ``live``."""
    in_progress = queue_items.c.status == ItemStatus.IN_PROGRESS.value
    expired = in_progress & (queue_items.c.lease_until < time.time())
    rows = [row for row in connection.execute(select(queue_items).where(expired)) if row.worker not in live]
    for row in rows:
        _return_or_fail(connection, row, row.crashes, "its lease ran out")
    return [row.item_id for row in rows]


def _return_or_fail(connection: Connection, row: Row[Any], crashes: int, reason: str) -> None:
    values: dict[str, Any] = {"status": ItemStatus.PENDING.value, "started_at": None, **_unleased()}
    if crashes >= MAX_ATTEMPTS or row.attempts >= INTERRUPTIONS_LIMIT:
        times = f"{crashes} times" if crashes >= MAX_ATTEMPTS else f"{row.attempts} times in all"
        message = f"Given up: the work was interrupted {times}; the last time {reason}."
        values = _ended(Outcome(ItemStatus.FAILED, POISONED, message, _HINT))
    statement = update(queue_items).where(queue_items.c.item_id == row.item_id)
    connection.execute(statement.values(crashes=crashes, updated_at=now(), **values))


def _change(connection: Connection, lease: Lease, **values: Any) -> bool:
    statement = update(queue_items).where(holds(lease)).values(updated_at=now(), **values)
    return connection.execute(statement).rowcount == 1


def _ended(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status.value,
        "error_type": outcome.error_type,
        "error_message": outcome.message,
        "error_hint": outcome.hint,
        "error_traceback": outcome.traceback,
        "completed_at": now(),
        **_unleased(),
    }


def _unleased() -> dict[str, Any]:
    return {"worker": None, "lease_until": None}


def _no_error() -> dict[str, Any]:
    return {f"error_{part}": None for part in ("type", "message", "hint", "traceback")} | {
        "updated_at": now()
    }
