"""The queue as a list of any length: only the lines on the screen are ever made, pages come as they are seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style

from invoke_tui.domain.running.queue import ItemStatus, QueueItem
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.words import age, bar, duration

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp

WORDS: Final[dict[ItemStatus, tuple[str, str, str]]] = {
    ItemStatus.PENDING: ("○", "waiting", "$text-muted"),
    ItemStatus.IN_PROGRESS: ("▶", "running", "$text-accent"),
    ItemStatus.COMPLETED: ("✓", "done", "$text-success"),
    ItemStatus.FAILED: ("✗", "failed", "$text-error"),
    ItemStatus.CANCELED: ("–", "canceled", "$text-warning"),
}
"""Mark, word and colour of each state: never colour alone."""


class QueueList(ScrollView, can_focus=True):
    """Running items first, then all others from new to old."""

    ALLOW_SELECT: ClassVar[bool] = False
    help_text: ClassVar[str] = "Enter opens an item, c cancels it, r tries it again, K and J move it."
    cursor: reactive[int] = reactive(0)

    class Wanted(Message):
        """A row is on the screen that is not loaded yet."""

    class Opened(Message):
        """An item was chosen by mouse."""

    def __init__(self) -> None:
        super().__init__(id="queue-list")
        self._items: list[QueueItem] = []
        self._rows: list[QueueItem] = []
        self._total = 0
        self.matches: Callable[[QueueItem], bool] = lambda _item: True
        """Whether an item belongs into the list as it is filtered now."""

    # -- what is in it --------------------------------------------------------------------------------------------

    @property
    def item(self) -> QueueItem | None:
        """The item under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    @property
    def loaded(self) -> int:
        """How many items are here."""
        return len(self._items)

    @property
    def row_count(self) -> int:
        """Rows the list has, loaded or not."""
        return max(self._total, len(self._rows))

    def show(self, items: list[QueueItem], total: int, *, more: bool = False) -> None:
        """The first page, or the next."""
        known = {item.item_id for item in self._items} if more else set()
        self._items = (self._items if more else []) + [item for item in items if item.item_id not in known]
        self._total = total
        self._arrange()

    def change(self, item: QueueItem, total: int) -> None:
        """An item is new or has changed."""
        index = next((i for i, known in enumerate(self._items) if known.item_id == item.item_id), None)
        if index is not None and self.matches(item):
            self._items[index] = item
        elif index is not None:
            del self._items[index]
        elif self.matches(item):
            position = next((i for i, known in enumerate(self._items) if known.item_id < item.item_id), None)
            if position is not None or len(self._items) >= self._total:
                self._items.insert(len(self._items) if position is None else position, item)
        self._total = total
        self._arrange()

    def _arrange(self) -> None:
        chosen = self.item.item_id if self.item else None
        at_top = self.cursor == 0
        running = [item for item in self._items if item.status is ItemStatus.IN_PROGRESS]
        self._rows = running + [item for item in self._items if item.status is not ItemStatus.IN_PROGRESS]
        self.virtual_size = Size(0, self.row_count)
        if chosen is not None and not at_top:
            self.set_reactive(
                QueueList.cursor,
                next((i for i, item in enumerate(self._rows) if item.item_id == chosen), self.cursor),
            )
        self.cursor = max(0, min(self.cursor, self.row_count - 1))
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------------------------

    def move_to(self, row: int) -> None:
        """Put the cursor on a row and show it."""
        self.cursor = max(0, min(row, self.row_count - 1))

    @property
    def page(self) -> int:
        """Rows of one page."""
        return max(1, self.size.height - 1)

    def watch_cursor(self) -> None:
        """Keep the cursor on the screen."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        self.refresh()
        if self.cursor >= len(self._rows) and self._rows:
            self.post_message(self.Wanted())

    def on_click(self, event: events.Click) -> None:
        """Choose; a second click opens."""
        row = event.y + self.scroll_offset.y
        if row >= len(self._rows):
            return
        if row == self.cursor and event.chain > 1:
            self.post_message(self.Opened())
        self.move_to(row)

    def on_focus(self) -> None:
        """The cursor changes its colour."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor changes its colour."""
        self.refresh()

    # -- painting -------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        row = y + self.scroll_offset.y
        if row >= self.row_count:
            return Strip.blank(width, self.rich_style)
        style = self.visual_style
        if row == self.cursor:
            name = "queue--cursor" if self.has_focus else "queue--cursor-blurred"
            style += self.get_visual_style(name)
        if row >= len(self._rows):
            if row == len(self._rows):
                self.post_message(self.Wanted())
            content = Content.styled(" …", "$text-muted")
        else:
            content = self._row(self._rows[row], width, plain=row == self.cursor and self.has_focus)
        return _strip(content, width, style)

    COMPONENT_CLASSES: ClassVar[set[str]] = {"queue--cursor", "queue--cursor-blurred"}

    def _row(self, item: QueueItem, width: int, *, plain: bool) -> Content:
        """State, prompt, what is to be said about it, age. ``plain`` leaves colours to the cursor."""
        mark, word, colour = WORDS[item.status]
        when = item.finished_at or item.started_at or item.created_at
        old = age(when, datetime.now(UTC))
        tries = f"try {item.attempts}" if item.attempts > 1 else ""
        tail = f"{tries:>6} {old:>6} "
        room = max(0, width - 12 - len(tail))
        said, said_colour = self._said(item, wide=room > 60)
        share = min(len(said), max(room // 2, room - 40)) if said else 0
        prompt = Content(safe_text(item.prompt, limit=400) or f"item {item.item_id}")
        prompt_width = max(4, room - share - (2 if share else 0))
        shown = prompt.truncate(prompt_width, ellipsis=True)
        shown = shown.pad_right(prompt_width - shown.cell_length)
        note = Content(said).truncate(share, ellipsis=True)
        return Content.assemble(
            (f" {mark} {word:<9}", "" if plain else colour),
            shown,
            "  " if share else "",
            (note.plain, "" if plain else said_colour),
            " " * max(0, share - note.cell_length),
            (tail, "" if plain else "$text-muted"),
        )

    def _said(self, item: QueueItem, *, wide: bool) -> tuple[str, str]:
        if item.status is ItemStatus.FAILED:
            return safe_text(item.error or "failed", limit=200), "$text-error"
        if item.status is ItemStatus.IN_PROGRESS:
            progress = cast("StudioApp", self.app).state.progress.get(item.item_id)
            if progress is None or not progress.total:
                return safe_text(progress.message, limit=40) if progress else "starting", "$text-accent"
            text = f"{''.join(bar(progress.step / progress.total, 10))} {progress.step}/{progress.total}"
            if progress.eta is not None:
                text += f" {duration(progress.eta)}"
            return text, "$text-accent"
        if item.request is None or not wide:
            return "", ""
        return f"{item.request.width}×{item.request.height} · seed {item.request.seed}", "$text-muted"


def _strip(content: Content, width: int, style: Style) -> Strip:
    segments = content.render_segments(style)
    return Strip(segments).adjust_cell_length(width, style.rich_style)
