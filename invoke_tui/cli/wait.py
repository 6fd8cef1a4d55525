"""Wait for the items of one call, whatever happens to the daemon meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from invoke_tui.cli.persist import follow_until
from invoke_tui.domain import events
from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.running.queue import ItemStatus

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.paths import StudioPaths
    from invoke_tui.domain.running.queue import QueueItem

_PAGE: Final = 500
_ONE_BY_ONE: Final = 20

Listener = Callable[[events.Event, "Wait"], None]


class Wait:
    """The items of one call and what is known about each. An item that vanishes from the queue was canceled."""

    def __init__(self, item_ids: Iterable[int]) -> None:
        self.items: dict[int, QueueItem | None] = dict.fromkeys(item_ids)
        self.gone: set[int] = set()

    @property
    def open_ids(self) -> list[int]:
        """Items that are not finished, as far as is known."""
        return [
            i for i, item in self.items.items() if i not in self.gone and not (item and item.status.finished)
        ]

    @property
    def finished(self) -> int:
        """How many are done with, in whatever way."""
        return len(self.items) - len(self.open_ids)

    def status(self, item_id: int) -> ItemStatus:
        """What is known of one item."""
        if item_id in self.gone:
            return ItemStatus.CANCELED
        item = self.items[item_id]
        return item.status if item else ItemStatus.PENDING

    def update(self, item: QueueItem) -> None:
        """Take the newest state of an item, if it is one of ours."""
        if item.item_id in self.items:
            self.items[item.item_id] = item

    async def refresh(self, client: StudioClient) -> None:
        """Ask for the state of everything that is open."""
        wanted = self.open_ids
        if len(wanted) > _ONE_BY_ONE:
            before: int | None = None
            while True:
                page = await client.queue(limit=_PAGE, before=before)
                for item in page.items:
                    self.update(item)
                if page.next is None or page.next <= min(wanted):
                    break
                before = page.next
            wanted = [item_id for item_id in self.open_ids if self.items[item_id] is None]
        for item_id in wanted:
            try:
                self.update(await client.item(item_id))
            except NotFoundError:
                self.gone.add(item_id)


async def wait_for(wait: Wait, client: StudioClient, paths: StudioPaths, listener: Listener) -> None:
    """Return when every item is finished. A daemon that went away is started again: its queue is on disk."""

    async def follow(current: StudioClient) -> None:
        await _follow(wait, current, listener)

    await follow_until(lambda: not wait.open_ids, follow, client, paths)


async def _follow(wait: Wait, client: StudioClient, listener: Listener) -> None:
    async for event in client.events():
        if isinstance(event, events.ItemChanged):
            wait.update(event.item)
        elif isinstance(event, events.Snapshot | events.QueueChanged):
            await wait.refresh(client)
        listener(event, wait)
        if not wait.open_ids:
            return
