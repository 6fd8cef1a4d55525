"""Who is next: priority first (invoke-front raises it), then position, then age."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, func, select, update

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.running.queue import ItemStatus
from invoke_tui.studio.database.tables import now, queue_items

MoveTo = Literal["front", "up", "down", "back"]
Place = tuple[int, float]

IS_PENDING = queue_items.c.status == ItemStatus.PENDING.value
IN_ORDER = (queue_items.c.priority.desc(), queue_items.c.position, queue_items.c.item_id)


def last_position(connection: Connection) -> float:
    """The greatest position given so far; new items come after it."""
    return float(connection.scalar(select(func.coalesce(func.max(queue_items.c.position), 0.0))) or 0.0)


def front_priority(connection: Connection) -> int:
    """A priority above everything pending."""
    highest = connection.scalar(select(func.max(queue_items.c.priority)).where(IS_PENDING))
    return int(highest or 0) + 1


def move(connection: Connection, item_id: int, to: MoveTo) -> None:
    """Give a pending item another place. Moving the first up, or the last down, changes nothing."""
    row = connection.execute(
        select(queue_items.c.status, queue_items.c.priority, queue_items.c.position).where(
            queue_items.c.item_id == item_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError(
            f"There is no item {item_id} in the queue.", hint="`invoke-tui queue list` shows them."
        )
    if row.status != ItemStatus.PENDING.value:
        raise BadInputError(
            f"Item {item_id} is {row.status}; only pending items can be moved.", code="not_pending"
        )
    if to == "front":
        _place(connection, item_id, (front_priority(connection), row.position))
    elif to == "back":
        lowest = connection.scalar(select(func.min(queue_items.c.priority)).where(IS_PENDING))
        _place(connection, item_id, (min(int(lowest or 0), 0), last_position(connection) + 1))
    else:
        _swap_with_neighbour(connection, item_id, (row.priority, row.position), to)


def _swap_with_neighbour(
    connection: Connection, item_id: int, place: Place, to: Literal["up", "down"]
) -> None:
    order = list(connection.scalars(select(queue_items.c.item_id).where(IS_PENDING).order_by(*IN_ORDER)))
    index = order.index(item_id) + (-1 if to == "up" else 1)
    if not 0 <= index < len(order):
        return
    neighbour = connection.execute(
        select(queue_items.c.item_id, queue_items.c.priority, queue_items.c.position).where(
            queue_items.c.item_id == order[index]
        )
    ).one()
    _place(connection, item_id, (neighbour.priority, neighbour.position))
    _place(connection, neighbour.item_id, place)


def _place(connection: Connection, item_id: int, place: Place) -> None:
    connection.execute(
        update(queue_items)
        .where(queue_items.c.item_id == item_id)
        .values(priority=place[0], position=place[1], updated_at=now())
    )
