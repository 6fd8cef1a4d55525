"""The pictures of the gallery: moving among them, selecting them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from invoke_tui.tui import actions
from invoke_tui.tui.gallery.tiles import TileGrid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke_tui.domain.gallery.images import Listing


class PictureGrid(TileGrid):
    """Thumbnails that can be gone through by key and mouse, selected, and rated by a digit."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("grid")
    help_text: ClassVar[str] = (
        "Arrows or h j k l move, g and G go to the ends, t to a month. Enter opens a picture large. Space selects; "
        "what you do next is done to all that are selected. r puts all settings into the form, p the prompt, s the "
        "seed, x all but the seed. The full stop stars, e and a digit rate, d deletes, z undoes that."
    )

    class Marked(Message):
        """Others are selected."""

    class Ranged(Message):
        """A range reaches from one picture to another, some of which may not be here."""

        def __init__(self, first: int, last: int) -> None:
            super().__init__()
            self.first = first
            self.last = last

    class Rated(Message):
        """A rating was given by its digit."""

        def __init__(self, rating: int) -> None:
            super().__init__()
            self.rating = rating

    class Opened(Message):
        """A second click."""

    def __init__(self) -> None:
        super().__init__(id="grid", classes="place-grid")
        self.moved = False
        """The person has moved the cursor in this list: it stays on its picture, even where that was the newest."""
        self._anchor: int | None = None
        self._keeps_range = False
        """The range follows every move, not only those with shift."""
        self._rating = False

    # -- moving ---------------------------------------------------------------------------------------------------

    def move_to(self, number: int, *, grow: bool = False) -> None:
        """Put the cursor on a picture; ``grow`` selects everything on the way."""
        number = max(0, min(number, self.pages.total - 1))
        self.moved = True
        if grow and not self.marks.ranging:
            self._begin_range()
        elif not grow and self.marks.ranging and not self._keeps_range:
            self.end_range()
        self.cursor = number
        if self.marks.ranging and self._anchor is not None:
            self.post_message(self.Ranged(*sorted((self._anchor, number))))

    def action_move(self, by: int) -> None:
        """To the left or right."""
        self.move_to(self.cursor + by)

    def action_move_rows(self, by: int) -> None:
        """Up or down; past the end the column does not matter."""
        self.move_to(self._rows_away(by))

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.move_to(self._rows_away(by * max(1, self.size.height // self._layout.row_height)))

    def action_edge(self, end: int) -> None:
        """First or last."""
        self.move_to(self.pages.total - 1 if end else 0)

    def action_grow(self, by: int) -> None:
        """Move and select."""
        self.move_to(self.cursor + by, grow=True)

    def action_grow_rows(self, by: int) -> None:
        """Move by rows and select."""
        self.move_to(self._rows_away(by), grow=True)

    def _rows_away(self, by: int) -> int:
        number = self.cursor + by * self._layout.columns
        if number < 0:
            return self.cursor % self._layout.columns
        return min(number, self.pages.total - 1)

    def on_click(self, event: events.Click) -> None:
        """Choose, with ctrl select, with shift up to here; a second click opens."""
        number = self._layout.number(event.x, event.y + self.scroll_offset.y)
        if number is None or number >= self.pages.total:
            return
        if event.chain > 1 and number == self.cursor:
            self.post_message(self.Opened())
            return
        self.move_to(number, grow=event.shift)
        if event.ctrl:
            self.action_mark()

    # -- selecting ------------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Select the picture, or let it go."""
        if self.image is not None:
            self.end_range()
            self.marks.flip(self.image.image_name)
            self._marked()

    def action_range(self) -> None:
        """Begin a range that follows the cursor, or leave it as it is."""
        if self.marks.ranging:
            self.end_range()
        else:
            self._begin_range()
            self._keeps_range = True
            self.post_message(self.Ranged(self.cursor, self.cursor))
        self._marked()

    def _begin_range(self) -> None:
        self._anchor = self.cursor
        self.marks.begin_range()

    def end_range(self) -> None:
        """The range stays as it is."""
        self._anchor, self._keeps_range = None, False
        self.marks.end_range()

    def range_is(self, first: int, last: int, names: Sequence[str]) -> None:
        """The names of a range have come; of one that is over they are of no interest."""
        if self._anchor is not None and sorted((self._anchor, self.cursor)) == [first, last]:
            self.marks.set_range(names)
            self._marked()

    def mark_all(self, listing: Listing) -> None:
        """Select all of the listing, loaded or not; again, none."""
        self.end_range()
        if self.marks.count(self.pages.total) == self.pages.total:
            self.marks.clear()
        else:
            self.marks.all_of(listing)
        self._marked()

    def clear_marks(self) -> None:
        """Let all go."""
        self.end_range()
        self.marks.clear()
        self._marked()

    def _marked(self) -> None:
        self.refresh()
        self.post_message(self.Marked())

    def action_rate(self) -> None:
        """The next digit is a rating."""
        self._rating = True
        self.notify("0 to 5?", timeout=2, markup=False)

    def on_key(self, event: events.Key) -> None:
        """A digit after ``e`` rates, and goes to no other screen."""
        if self._rating and event.character is not None:
            self._rating = False
            if event.character in "012345":
                event.prevent_default()
                event.stop()
                self.post_message(self.Rated(int(event.character)))
