"""Queue: everything that waits, runs and is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import Event, ItemChanged, Progress, QueueChanged, Snapshot
from invoke_tui.domain.running.queue import ItemStatus, QueueCounts, QueueItem
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.screens.item import ItemScreen
from invoke_tui.tui.widgets.queue_list import WORDS, QueueList

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient

PAGE: Final = 200
FILTERS: Final[tuple[ItemStatus | None, ...]] = (None, *ItemStatus)
RELOAD_AFTER: Final = 0.3


class QueueScreen(StudioScreen):
    """One list with its counts above."""

    place: ClassVar[actions.Place] = "queue"
    places: ClassVar[tuple[actions.Place, ...]] = ("queue",)
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("queue")
    AUTO_FOCUS = "#queue-list"
    help_title = "Queue"
    help_text = (
        "The queue lives in the studio: it goes on when this terminal closes, and nothing is lost when the engine "
        "dies. What runs stands first, then everything else from new to old."
    )

    def __init__(self) -> None:
        super().__init__()
        self._filter: ItemStatus | None = None
        self._next: int | None = None
        self._loading = False
        self._reload_due = False

    def body(self) -> ComposeResult:
        """Counts, list, or a word when it is empty."""
        yield Static(id="queue-counts")
        yield QueueList()
        yield Static(
            Content.assemble(
                ("Nothing here.\n", "bold"),
                ("Pictures you ask for on Generate (", "$text-muted"),
                ("alt+1", "bold $primary"),
                (") appear here.", "$text-muted"),
            ),
            id="queue-empty",
        )

    async def furnish(self) -> None:
        """Load and listen."""
        self.query_one(QueueList).matches = self._matches
        self.studio.studio_events.subscribe(self, self._event)
        self._counts(self.studio.state.counts)
        self._reload()

    def _matches(self, item: QueueItem) -> bool:
        return self._filter is None or item.status is self._filter

    # -- the daemon -----------------------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        rows = self.query_one(QueueList)
        match event:
            case ItemChanged():
                self._counts(event.counts)
                rows.change(event.item, self._total(event.counts))
                self._emptiness()
            case QueueChanged() | Snapshot():
                self._counts(event.counts)
                if not self._reload_due:
                    self._reload_due = True
                    self.set_timer(RELOAD_AFTER, self._reload)
            case Progress():
                rows.refresh()
            case _:
                pass

    def _total(self, counts: QueueCounts) -> int:
        return counts.total if self._filter is None else int(getattr(counts, self._filter.value))

    def _counts(self, counts: QueueCounts) -> None:
        parts: list[tuple[str, str]] = [(" ", "")]
        for status in FILTERS:
            chosen = status is self._filter
            word = "all" if status is None else WORDS[status][1]
            number = counts.total if status is None else int(getattr(counts, status.value))
            parts.append(
                (f" {word} {number} ", "reverse bold" if chosen else "$text-muted" if not number else "")
            )
        if self.studio.state.paused:
            parts.append(("  paused ", "bold $text-warning"))
        self.query_one("#queue-counts", Static).update(Content.assemble(*parts))

    def _reload(self) -> None:
        self._reload_due = False
        beside(self, "queue", self._load, more=False)

    @on(QueueList.Wanted)
    def _more(self) -> None:
        if not self._loading and self._next is not None:
            self._loading = True
            beside(self, "queue", self._load, more=True)

    async def _load(self, *, more: bool) -> None:
        rows = self.query_one(QueueList)
        try:
            client = await self.studio.link.client()
            while True:
                page = await client.queue(
                    status=self._filter, limit=PAGE, before=self._next if more else None
                )
                self._next = page.next
                self._counts(page.counts)
                rows.show(page.items, self._total(page.counts) if page.next else 0, more=more)
                more = True
                if page.next is None or rows.cursor < rows.loaded:
                    break
        except StudioError as error:
            self.studio.show_error(error, title="Queue")
        finally:
            self._loading = False
        self._emptiness()

    def _emptiness(self) -> None:
        self.set_class(self.query_one(QueueList).row_count == 0, "-nothing")

    # -- moving ---------------------------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        """A row up or down."""
        rows = self.query_one(QueueList)
        rows.move_to(rows.cursor + by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        rows = self.query_one(QueueList)
        rows.move_to(rows.cursor + by * rows.page)

    def action_edge(self, end: int) -> None:
        """First or last."""
        rows = self.query_one(QueueList)
        rows.move_to(rows.row_count - 1 if end else 0)

    def action_filter(self, by: int) -> None:
        """Another state."""
        self._filter = FILTERS[(FILTERS.index(self._filter) + by) % len(FILTERS)]
        self._counts(self.studio.state.counts)
        self.query_one(QueueList).show([], 0)
        self.query_one(QueueList).move_to(0)
        self._next = None
        self._reload()

    # -- doing ----------------------------------------------------------------------------------------------------

    def _ask(self, work: Callable[[StudioClient], Awaitable[object]], said: str = "") -> None:
        alongside(self, "queue-work", self._do, work, said)

    async def _do(self, work: Callable[[StudioClient], Awaitable[object]], said: str) -> None:
        try:
            client = await self.studio.link.client()
            changed = await work(client)
        except StudioError as error:
            self.studio.show_error(error, title="Queue")
            return
        if said:
            text = said.format(changed) if isinstance(changed, int) else said
            self.notify(text, timeout=2, markup=False)

    def _chosen(self) -> QueueItem | None:
        item = self.query_one(QueueList).item
        if item is None:
            self.notify("No item is chosen.", timeout=2, markup=False)
        return item

    def action_cancel(self) -> None:
        """Cancel the item."""
        if (item := self._chosen()) is None:
            return
        if item.status.finished:
            self.notify(f"The item is {WORDS[item.status][1]} already.", timeout=2, markup=False)
            return
        self._ask(lambda client: client.cancel([item.item_id]))

    def action_retry(self) -> None:
        """Once more."""
        if (item := self._chosen()) is None:
            return
        if item.status not in (ItemStatus.FAILED, ItemStatus.CANCELED):
            self.notify("Failed and canceled items can be retried.", timeout=3, markup=False)
            return
        self._ask(lambda client: client.retry([item.item_id]), "Queued again.")

    def action_delete(self) -> None:
        """Remove the item."""
        if (item := self._chosen()) is not None:
            self._ask(lambda client: client.delete([item.item_id]), "{} removed.")

    def action_move(self, to: Literal["front", "up", "down", "back"]) -> None:
        """Change the item's place among those that wait."""
        if (item := self._chosen()) is None:
            return
        if item.status is not ItemStatus.PENDING:
            self.notify("Only waiting items can be moved.", timeout=2, markup=False)
            return
        said = {"front": "It is next now.", "up": "One place sooner.", "down": "One place later."}.get(to, "")
        self._ask(lambda client: client.move(item.item_id, to), said)

    def action_prune(self) -> None:
        """Remove what is finished."""
        self._ask(lambda client: client.prune(), "{} finished items removed.")

    def action_clear(self) -> None:
        """Remove everything, after asking."""
        counts = self.studio.state.counts
        question = f"Cancel and remove all {counts.total} items? Their pictures stay."
        self.app.push_screen(ConfirmScreen(question, "Clear the queue"), self._clear_if)

    def _clear_if(self, sure: bool | None) -> None:
        if sure:
            self._ask(lambda client: client.clear(), "{} items removed.")

    def action_pause(self) -> None:
        """Pause or resume."""
        if self.studio.state.paused:
            self._ask(lambda client: client.resume(), "The queue goes on.")
        else:
            self._ask(lambda client: client.pause(), "Paused: what runs is finished, nothing new starts.")

    @on(QueueList.Opened)
    def action_open(self) -> None:
        """Everything about the item."""
        if (item := self._chosen()) is not None:
            self.app.push_screen(ItemScreen(item), self._item_closed)

    def _item_closed(self, wish: str | None) -> None:
        if wish == "retry":
            self.action_retry()
        elif wish == "cancel":
            self.action_cancel()
        elif wish == "copy" and (item := self.query_one(QueueList).item):
            self.app.copy_to_clipboard(safe_text(item.prompt, limit=200_000, multiline=True))
            self.notify("Prompt copied.", timeout=2, markup=False)
