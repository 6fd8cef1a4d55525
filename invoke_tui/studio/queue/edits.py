"""What people do to the queue: add, cancel, retry, delete, clear, prune, page through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from invoke_tui.studio.database.tables import now, queue_items
from invoke_tui.studio.queue.order import IS_PENDING, front_priority, last_position
from invoke_tui.studio.queue.rows import NewItem, read_items

_UNFINISHED = queue_items.c.status.in_([s.value for s in ItemStatus if not s.finished])
_FINISHED = queue_items.c.status.in_([s.value for s in ItemStatus if s.finished])
_RETRYABLE = queue_items.c.status.in_([ItemStatus.FAILED.value, ItemStatus.CANCELED.value])
_IN_PROGRESS = queue_items.c.status == ItemStatus.IN_PROGRESS.value


def add(
    connection: Connection, items: Sequence[NewItem], *, batch_id: str, front: bool, limit: int
) -> list[int]:
    """Enqueue all of ``items`` or, when they do not fit, none."""
    room = limit - int(connection.scalar(select(func.count()).where(_UNFINISHED)) or 0)
    if len(items) > room:
        fits = f"only {room} more fit" if room > 0 else "it is full"
        raise BadInputError(
            f"{len(items)} items were asked for, but {fits}: the queue holds at most {limit}. Nothing was enqueued.",
            hint="Ask for fewer, wait, or raise max_queue_size in invokeai.yaml.",
            code="queue_full",
        )
    priority = front_priority(connection) if front else 0
    return _insert(connection, [item.columns() for item in items], batch_id=batch_id, priority=priority)


def retry(connection: Connection, item_ids: Sequence[int]) -> list[int]:
    """Enqueue failed and canceled items anew; each new item knows the one it came from."""
    rows = connection.execute(
        select(queue_items).where(_chosen(item_ids) & _RETRYABLE).order_by(queue_items.c.item_id)
    ).mappings()
    kept = ("request", "session", "workflow", "prompt", "origin", "destination")
    new: list[int] = []
    for row in rows.all():
        columns = {name: row[name] for name in kept} | {"retried_from_item_id": row["item_id"]}
        new += _insert(connection, [columns], batch_id=row["batch_id"], priority=0)
    return new


def cancel(connection: Connection, item_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Cancel at once, also what runs: whatever its worker still reports has no lease. All ids, and the running."""
    chosen = _chosen(item_ids)
    running = list(connection.scalars(select(queue_items.c.item_id).where(chosen & _IN_PROGRESS)))
    pending = list(connection.scalars(select(queue_items.c.item_id).where(chosen & IS_PENDING)))
    connection.execute(
        update(queue_items)
        .where(chosen & _UNFINISHED)
        .values(
            status=ItemStatus.CANCELED.value,
            completed_at=now(),
            updated_at=now(),
            worker=None,
            lease_until=None,
        )
    )
    return sorted(running + pending), running


def remove(connection: Connection, item_ids: Sequence[int] | None) -> tuple[int, list[int]]:
    """Delete the given items, or all; how many, and which of them were running."""
    chosen = _chosen(item_ids) if item_ids is not None else queue_items.c.item_id.is_not(None)
    running = list(connection.scalars(select(queue_items.c.item_id).where(chosen & _IN_PROGRESS)))
    return connection.execute(delete(queue_items).where(chosen)).rowcount, running


def prune(connection: Connection, keep: int = 0) -> int:
    """Delete finished items but for the ``keep`` newest."""
    newest = (
        select(queue_items.c.item_id).where(_FINISHED).order_by(queue_items.c.completed_at.desc()).limit(keep)
    )
    gone = delete(queue_items).where(_FINISHED & queue_items.c.item_id.not_in(newest))
    return connection.execute(gone).rowcount


def page(
    connection: Connection, status: ItemStatus | None, limit: int, before: int | None
) -> tuple[list[QueueItem], int | None]:
    """Items newest first, and where the next page begins."""
    conditions = []
    if status is not None:
        conditions.append(queue_items.c.status == status.value)
    if before is not None:
        conditions.append(queue_items.c.item_id < before)
    rows = (
        connection.execute(
            select(queue_items)
            .where(and_(True, *conditions))
            .order_by(queue_items.c.item_id.desc())
            .limit(limit + 1)
        )
        .mappings()
        .all()
    )
    shown = read_items(connection, rows[:limit])
    return shown, shown[-1].item_id if len(rows) > limit else None


def some(connection: Connection, item_ids: Sequence[int]) -> list[QueueItem]:
    """The items with these ids, as far as they are there."""
    rows = connection.execute(select(queue_items).where(_chosen(item_ids)).order_by(queue_items.c.item_id))
    return read_items(connection, rows.mappings().all())


def require(connection: Connection, item_ids: Sequence[int]) -> None:
    """Raise unless every one of the items is there."""
    there = set(connection.scalars(select(queue_items.c.item_id).where(_chosen(item_ids))))
    if missing := [item_id for item_id in item_ids if item_id not in there]:
        names = ", ".join(str(item_id) for item_id in missing[:10])
        raise NotFoundError(
            f"There is no item {names} in the queue.", hint="`invoke-tui queue list` shows what is there."
        )


def _insert(
    connection: Connection, columns: Sequence[dict[str, Any]], *, batch_id: str, priority: int
) -> list[int]:
    created, start = now(), last_position(connection)
    newest = int(connection.scalar(select(func.coalesce(func.max(queue_items.c.item_id), 0))) or 0)
    rows = [
        {
            "batch_id": batch_id,
            "session_id": str(uuid4()),
            "status": ItemStatus.PENDING.value,
            "priority": priority,
            "position": start + number,
            "created_at": created,
            "updated_at": created,
            **given,
        }
        for number, given in enumerate(columns, 1)
    ]
    if rows:
        connection.execute(insert(queue_items), rows)
    added = (queue_items.c.item_id > newest) & (queue_items.c.batch_id == batch_id)
    return list(
        connection.scalars(select(queue_items.c.item_id).where(added).order_by(queue_items.c.item_id))
    )


def _chosen(item_ids: Sequence[int]) -> Any:
    """The ids as one JSON parameter: any number of them, without SQLite's limit of variables."""
    listed = func.json_each("[" + ",".join(str(int(item_id)) for item_id in item_ids) + "]").table_valued(
        "value"
    )
    return queue_items.c.item_id.in_(select(listed.c.value))
