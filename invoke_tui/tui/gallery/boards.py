"""The boards as a tree."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.gallery.shelves import ALL, EVERYTHING, TRASH, Shelf
from invoke_tui.tui.widgets.model_rows import Rows, cell


class BoardTree(Rows):
    """Boards, searches and the trash, one a line, with how many pictures each has."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("boards")
    help_text: ClassVar[str] = (
        "Moving shows a board's pictures, enter goes to them. n makes a board, N one within, e renames, m puts it into "
        "another one, p sends new pictures there (→), x archives, d deletes. / before a name is a saved search."
    )

    class Folded(Message):
        """A board was opened or closed."""

    def __init__(self) -> None:
        super().__init__(id="board-tree", classes="place-boards")
        self._shelves: list[Shelf] = [EVERYTHING]
        self._nested = False
        """Some have boards within them; the names of the others stand below theirs."""
        self.folded: set[str] = set()

    @property
    def row_count(self) -> int:
        """Lines there are."""
        return len(self._shelves)

    @property
    def rows(self) -> list[Shelf]:
        """The lines as they are shown."""
        return self._shelves

    @property
    def shelf(self) -> Shelf:
        """The one under the cursor."""
        return self._shelves[min(self.cursor, len(self._shelves) - 1)]

    def show(self, shelves: list[Shelf], at: str = "") -> None:
        """These now; the cursor stays on its line, or goes to the one with the key ``at``."""
        key, self._shelves = at or self.shelf.key, shelves
        self._nested = any(shelf.holds for shelf in shelves)
        self.rearrange(cursor=next((at for at, shelf in enumerate(shelves) if shelf.key == key), self.cursor))

    def action_fold(self, closed: int) -> None:
        """Close or open the board; what is closed already or cannot be goes to the one around it."""
        shelf = self.shelf
        if not closed:
            self.folded.discard(shelf.key)
        elif shelf.holds and not shelf.folded:
            self.folded.add(shelf.key)
        elif shelf.depth:
            above = (n for n in range(self.cursor - 1, -1, -1) if self._shelves[n].depth < shelf.depth)
            self.move_to(next(above, 0))
        self.post_message(self.Folded())

    def on_click(self, event: events.Click) -> None:
        """Choose; on the mark before a name, open or close."""
        place = event.get_content_offset(self)
        at = place.y + self.scroll_offset.y if place is not None else self.row_count
        shelf = self._shelves[at] if at < self.row_count else None
        if place is not None and shelf is not None and shelf.holds and place.x - 2 * shelf.depth in (2, 3):
            event.prevent_default()
            self.move_to(at)
            self.action_fold(not shelf.folded)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Mark, name, count."""
        shelf = self._shelves[index]
        count = "" if shelf.count is None else f"{shelf.count:,}"
        mark = "→" if shelf.auto_add else "/" if shelf.search else " "
        fold = (
            ("▸ " if shelf.folded else "▾ ") if shelf.holds else "  " if self._nested and shelf.board else ""
        )
        archived = " (archived)" if shelf.board is not None and shelf.board.archived else ""
        name = f"{'  ' * shelf.depth}{fold}{safe_text(shelf.label, limit=200)}{archived}"
        muted = "" if plain else "$text-muted"
        style = "" if plain else "$text-muted" if archived else "bold" if shelf.key in (ALL, TRASH) else ""
        room = max(1, width - len(count) - 4)
        return Content.assemble(
            (f"{mark} ", "" if plain else "$text-accent"),
            (cell(name, room).plain, style),
            (f" {count} ", muted),
        )
