"""Between rows and records: items, new items, leases, counts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.request.parameters import ResolvedRequest
from invoke_tui.domain.running.queue import ItemStatus, QueueCounts, QueueItem
from invoke_tui.studio.database.tables import images, moment, queue_items


@dataclass(frozen=True)
class NewItem:
    """An item to be enqueued: a resolved request, or (``session``) the JSON of a workflow's graph."""

    request: ResolvedRequest | None = None
    session: str | None = None
    prompt: str = ""
    origin: str | None = None
    destination: str | None = None
    workflow: dict[str, Any] | None = None

    def columns(self) -> dict[str, Any]:
        """The columns it fills."""
        return {
            "request": self.request.model_dump_json() if self.request else None,
            "session": self.session,
            "workflow": json.dumps(self.workflow) if self.workflow else None,
            "prompt": self.prompt or (self.request.positive_prompt if self.request else ""),
            "origin": self.origin,
            "destination": self.destination,
        }


@dataclass(frozen=True)
class Lease:
    """The right to report on one attempt at an item. Whoever lost it can change nothing any more."""

    item_id: int
    attempt: int
    worker: str


@dataclass(frozen=True)
class Claimed:
    """An item a worker has taken. ``graph`` is None for a request, whose graph is yet to be built."""

    item: QueueItem
    lease: Lease
    crashes: int
    graph: Graph | None


def holds(lease: Lease) -> Any:
    """The condition under which a change by the lease's holder is allowed."""
    return (
        (queue_items.c.item_id == lease.item_id)
        & (queue_items.c.status == ItemStatus.IN_PROGRESS.value)
        & (queue_items.c.attempts == lease.attempt)
        & (queue_items.c.worker == lease.worker)
    )


def read_items(connection: Connection, rows: Iterable[RowMapping]) -> list[QueueItem]:
    """Rows as records, with the names of the pictures each has made."""
    kept = list(rows)
    made = _image_names(connection, [row["item_id"] for row in kept])
    return [_item(row, made.get(row["item_id"], ())) for row in kept]


def read_item(connection: Connection, item_id: int) -> QueueItem | None:
    """One item, or None."""
    found = connection.execute(select(queue_items).where(queue_items.c.item_id == item_id)).mappings().all()
    return next(iter(read_items(connection, found)), None)


def count(connection: Connection) -> QueueCounts:
    """How many items are in each state."""
    rows = connection.execute(
        select(queue_items.c.status, func.count().label("number")).group_by(queue_items.c.status)
    )
    return QueueCounts(**{row.status: row.number for row in rows})


def _item(row: RowMapping, names: Sequence[str]) -> QueueItem:
    created = moment(row["created_at"])
    assert created is not None
    return QueueItem(
        item_id=row["item_id"],
        batch_id=row["batch_id"],
        session_id=row["session_id"],
        status=ItemStatus(row["status"]),
        priority=row["priority"],
        position=row["position"],
        attempts=row["attempts"],
        prompt=row["prompt"],
        request=ResolvedRequest.model_validate_json(row["request"]) if row["request"] else None,
        origin=row["origin"],
        destination=row["destination"],
        device=row["device"],
        error_type=row["error_type"],
        error=row["error_message"],
        hint=row["error_hint"],
        retried_from_item_id=row["retried_from_item_id"],
        created_at=created,
        started_at=moment(row["started_at"]),
        finished_at=moment(row["completed_at"]),
        images=tuple(names),
    )


def _image_names(connection: Connection, item_ids: Sequence[int]) -> dict[int, list[str]]:
    made: dict[int, list[str]] = {}
    for start in range(0, len(item_ids), 500):  # below SQLite's limit of variables
        chosen = images.c.item_id.in_(item_ids[start : start + 500]) & ~images.c.is_intermediate
        rows = connection.execute(
            select(images.c.item_id, images.c.image_name).where(chosen).order_by(images.c.created_at)
        )
        for item_id, name in rows:
            made.setdefault(item_id, []).append(name)
    return made
