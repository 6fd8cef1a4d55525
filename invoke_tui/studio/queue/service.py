"""The queue as the rest of the daemon sees it: every change is committed, then told, then acted upon."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, TypeVar
from uuid import uuid4

from sqlalchemy import Connection

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.events import ItemChanged, QueueChanged
from invoke_tui.domain.running.queue import (
    MAX_ATTEMPTS,
    EnqueueResult,
    ItemStatus,
    QueueCounts,
    QueueItem,
    QueuePage,
)
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database, state
from invoke_tui.studio.hub import Hub
from invoke_tui.studio.queue import edits, leases, order
from invoke_tui.studio.queue.leases import Outcome
from invoke_tui.studio.queue.rows import Claimed, Lease, NewItem, count, read_item

LEASE_SECONDS: Final = 60.0
_TOLD_SINGLY: Final = 20
"""Up to so many changed items get an event each; more are one ``QueueChanged``."""
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Pause:
    """Why the queue stands still. ``needed`` bytes in ``folder`` end a pause for want of disk space."""

    reason: str = ""
    folder: str = ""
    needed: int = 0


class Queue:
    """The leased queue of one root."""

    def __init__(self, database: Database, hub: Hub, *, limit: int) -> None:
        self._database = database
        self._hub = hub
        self._limit = limit
        self.pause_state: Pause | None = None
        self.on_work: Callable[[], None] = lambda: None
        """Called when there may be something to start."""
        self.on_dropped: Callable[[int], None] = lambda item_id: None
        """Called for every running item that was canceled or deleted."""

    async def open(self, *, machine_went_down: bool, clear: bool, history: int | None) -> None:
        """Take over what an earlier daemon left."""

        def take_over(connection: Connection) -> list[int]:
            returned = leases.return_orphans(connection, machine_went_down=machine_went_down)
            if clear:
                edits.remove(connection, None)
            elif history is not None:
                edits.prune(connection, keep=history)
            return returned

        returned = await self._database.write(take_over)
        if returned:
            _log.info("items %s were interrupted and are in the queue again", returned)
        text = await self._database.read(lambda c: state.get(c, "pause"))
        self.pause_state = Pause(**json.loads(text)) if text and text != "null" else None

    # -- what people do -------------------------------------------------------------------------------------------

    async def enqueue(
        self, items: Sequence[NewItem], *, batch_id: str = "", front: bool = False
    ) -> EnqueueResult:
        """Add all items in one transaction, or none."""
        batch = batch_id or str(uuid4())
        ids = await self._database.write(
            lambda c: edits.add(c, items, batch_id=batch, front=front, limit=self._limit)
        )
        await self._tell(ids)
        self.on_work()
        seeds = [item.request.seed for item in items if item.request]
        return EnqueueResult(batch_id=batch, item_ids=ids, seeds=seeds if len(seeds) == len(ids) else [])

    async def retry(self, item_ids: Sequence[int]) -> list[int]:
        """Enqueue failed and canceled items again as new ones."""

        def work(connection: Connection) -> list[int]:
            edits.require(connection, item_ids)
            return edits.retry(connection, item_ids)

        new = await self._database.write(work)
        await self._tell(new)
        self.on_work()
        return new

    async def cancel(self, item_ids: Sequence[int]) -> int:
        """Cancel pending and running items; they are canceled in the database before their worker hears of it."""

        def work(connection: Connection) -> tuple[list[int], list[int]]:
            edits.require(connection, item_ids)
            return edits.cancel(connection, item_ids)

        changed, running = await self._database.write(work)
        await self._tell(changed)
        self._drop(running)
        return len(changed)

    async def delete(self, item_ids: Sequence[int] | None) -> int:
        """Remove the given items, or all of them; running ones are canceled."""

        def work(connection: Connection) -> tuple[int, list[int]]:
            if item_ids is not None:
                edits.require(connection, item_ids)
            return edits.remove(connection, item_ids)

        number, running = await self._database.write(work)
        self._drop(running)
        await self.tell_queue("cleared" if item_ids is None else "")
        return number

    async def prune(self) -> int:
        """Remove the finished items."""
        number = await self._database.write(edits.prune)
        await self.tell_queue()
        return number

    async def move(self, item_id: int, to: order.MoveTo) -> None:
        """Change a pending item's place."""
        await self._database.write(lambda c: order.move(c, item_id, to))
        await self._tell([item_id])
        await self.tell_queue()

    async def pause(self, why: Pause | None = None) -> None:
        """Start nothing more. Remembered over restarts, unless the database itself cannot be written."""
        self.pause_state = why or Pause()
        await self._remember_pause()
        await self.tell_queue(self.pause_state.reason)

    async def resume(self) -> None:
        """Go on."""
        self.pause_state = None
        await self._remember_pause()
        await self.tell_queue()
        self.on_work()

    # -- looking at it --------------------------------------------------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether nothing new is started."""
        return self.pause_state is not None

    async def counts(self) -> QueueCounts:
        """How many items are in each state."""
        return await self._database.read(count)

    async def item(self, item_id: int) -> QueueItem:
        """One item."""
        found = await self._database.read(lambda c: read_item(c, item_id))
        if found is None:
            raise NotFoundError(
                f"There is no item {item_id} in the queue.",
                hint="`invoke-tui queue list` shows what is there.",
            )
        return found

    async def page(self, status: ItemStatus | None, limit: int, before: int | None) -> QueuePage:
        """A page of items, newest first."""
        (items, following), counts = await self._database.read(
            lambda c: (edits.page(c, status, limit, before), count(c))
        )
        return QueuePage(items=items, counts=counts, paused=self.paused, next=following)

    async def running(self) -> tuple[list[QueueItem], QueueCounts]:
        """What is being worked on, and the counts at the same moment."""
        (items, _), counts = await self._database.read(
            lambda c: (edits.page(c, ItemStatus.IN_PROGRESS, 100, None), count(c))
        )
        return items, counts

    # -- what workers do ------------------------------------------------------------------------------------------

    async def claim(self, device: str, worker: str) -> Claimed | None:
        """Take the next item for a worker."""
        if self.paused:
            return None
        faults.pass_by("before-claim")

        def work(connection: Connection) -> tuple[Claimed, QueueCounts] | None:
            taken = leases.claim(connection, device=device, worker=worker, seconds=LEASE_SECONDS)
            return (taken, count(connection)) if taken else None

        found = await self._database.write(work)
        faults.pass_by("after-claim")
        if found is None:
            return None
        claimed, counts = found
        again = (
            f"engine restarted, attempt {claimed.crashes + 1} of {MAX_ATTEMPTS}" if claimed.crashes else ""
        )
        self._hub.publish(ItemChanged(item=claimed.item, counts=counts, note=again))
        return claimed

    async def renew(self, lease: Lease) -> bool:
        """Keep an item."""
        return await self._database.write(lambda c: leases.renew(c, lease, LEASE_SECONDS))

    async def finish(self, lease: Lease, outcome: Outcome) -> bool:
        """Record how an attempt ended, unless the lease was lost."""
        faults.pass_by("before-finish")
        return await self._under_lease(lease, lambda c: leases.finish(c, lease, outcome))

    async def hand_back(self, lease: Lease) -> bool:
        """Return an item unharmed."""
        return await self._under_lease(lease, lambda c: leases.hand_back(c, lease))

    async def interrupted(self, lease: Lease, reason: str) -> QueueItem | None:
        """The worker died under the item."""
        item = await self._database.write(lambda c: leases.interrupted(c, lease, reason))
        if item is not None:
            again = "it is tried again" if item.status is ItemStatus.PENDING else "it is given up"
            await self._tell([item.item_id], f"{reason}; {again}")
            self.on_work()
        return item

    async def return_expired(self, live: set[str]) -> None:
        """Take items back from workers that are no more."""
        returned = await self._database.write(lambda c: leases.return_expired(c, live))
        if returned:
            await self._tell(returned, "its lease ran out")
            self.on_work()

    async def has_pending(self) -> bool:
        """Whether there is something to start."""
        return not self.paused and (await self.counts()).pending > 0

    # -- telling --------------------------------------------------------------------------------------------------

    async def tell_queue(self, note: str = "") -> None:
        """Tell the front ends that much may have changed."""
        self._hub.publish(QueueChanged(counts=await self.counts(), paused=self.paused, note=note))

    async def _under_lease(self, lease: Lease, change: Callable[[Connection], bool]) -> bool:
        def work(connection: Connection) -> tuple[QueueItem | None, QueueCounts] | None:
            return (read_item(connection, lease.item_id), count(connection)) if change(connection) else None

        found = await self._database.write(work)
        if found is None:
            return False
        item, counts = found
        if item is not None:
            self._hub.publish(ItemChanged(item=item, counts=counts))
        return True

    async def _tell(self, item_ids: Sequence[int], note: str = "") -> None:
        if len(item_ids) > _TOLD_SINGLY:
            await self.tell_queue(note)
            return
        items, counts = await self._database.read(lambda c: (edits.some(c, item_ids), count(c)))
        for item in items:
            self._hub.publish(ItemChanged(item=item, counts=counts, note=note))

    def _drop(self, running: Sequence[int]) -> None:
        for item_id in running:
            self._hub.forget(item_id)
            self.on_dropped(item_id)

    async def _remember_pause(self) -> None:
        text = json.dumps(asdict(self.pause_state) if self.pause_state else None)
        await self._database.write(lambda c: state.put(c, "pause", text))
