"""Gallery: every picture there is."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Final

from textual import events, on
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ORDERS, ImagePage, ImageRecord, Listing
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.gallery.board_deeds import BoardDeeds
from invoke_tui.tui.gallery.boards import BoardTree
from invoke_tui.tui.gallery.deeds import Deeds
from invoke_tui.tui.gallery.desk import GalleryDesk
from invoke_tui.tui.gallery.details import PictureDetails
from invoke_tui.tui.gallery.frame import GalleryFrame
from invoke_tui.tui.gallery.going import go_to, go_to_source
from invoke_tui.tui.gallery.grid import PictureGrid
from invoke_tui.tui.gallery.launchpad import GalleryLaunchpad
from invoke_tui.tui.gallery.panes import Panes
from invoke_tui.tui.gallery.query_line import QueryLine
from invoke_tui.tui.gallery.shelves import EVERYTHING, Shelf
from invoke_tui.tui.gallery.tiles import TileGrid
from invoke_tui.tui.gallery.using import Using
from invoke_tui.tui.gallery.whereabouts import VIEWS, Whereabouts
from invoke_tui.tui.gallery.windows import Windows
from invoke_tui.tui.partners import MOST
from invoke_tui.tui.widgets.model_rows import Rows
from invoke_tui.tui.words import day

if TYPE_CHECKING:
    from invoke_tui.tui.copying import Copied
    from invoke_tui.tui.session import Session

TYPED: Final = 0.03
"""Seconds; letters that follow each other faster, a paste or a key held down, are looked for together."""
RESTED: Final = 0.12
"""Seconds the cursor rests on a board before its pictures are shown."""


class GalleryScreen(GalleryFrame):
    """What the keys and the studio do to the panes."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = GalleryDesk(self)
        self._deeds = Deeds(self, self.desk)
        self._board_deeds = BoardDeeds(self, self.desk)
        self._using = Using(self, self.desk)
        self.windows = Windows(self, self._deeds)
        self._here = Whereabouts()
        self._later: Timer | None = None
        self._typed_at = 0.0

    async def furnish(self) -> None:
        """Begin where the last session ended, and listen."""
        here = self._here = Whereabouts.read(self.studio.session.gallery)
        self.desk.begin_at(here)
        self.board_tree.folded = set(here.folded)
        self.board_tree.show([here.line])
        self.query_line.put(here.query)
        self.grid.zoom = here.zoom
        self.show_pane(here.pane)
        self.desk.open(here.picture)
        self.studio.remember.append(self._remember)

    def _remember(self, session: Session) -> None:
        """Note where one is; before the first list came and while the app closes, what was noted last stands."""
        if not (self.is_attached and self.desk.loaded):
            return
        grid, here = self.grid, self._here
        here.label, here.query = self.board_tree.shelf.label, self.desk.listing.query
        here.picture = grid.image.image_name if grid.moved and grid.image is not None else ""
        here.view, here.zoom = self.desk.listing.view, grid.zoom
        here.pane = self.query_one(Panes).pane
        here.archived, here.folded = self.desk.shelves.archived, sorted(self.board_tree.folded)
        session.gallery = here.noted()

    def on_screen_resume(self) -> None:
        """What changed meanwhile is read now; what a terminal draws over its cells is drawn again."""
        self.desk.resumed()
        self.grid.cover()

    # -- what is shown --------------------------------------------------------------------------------------------

    def listed(self, page: ImagePage) -> None:
        """A list was read."""
        listing = self.desk.listing
        self.set_class(not page.total, "-nothing")
        saved = self.board_tree.shelf.search
        self.query_one(GalleryLaunchpad).show_for(
            listing, saved=saved is not None and saved.query == listing.query
        )
        problem = self.query_one("#query-problem", Static)
        if problem.display or page.problems:  # the whole screen would be laid out anew
            problem.display = bool(page.problems)
            problem.update(Content.styled(" · ".join(page.problems[:2]), "$text-error"))
        if not page.total:
            self.show_record(None)
        self.tell()

    def show_shelves(self) -> None:
        """Boards, searches or their counts are others now."""
        rows = self.desk.shelves.rows()
        made = next((row.key for row in rows if row.key == self.desk.made), "")
        self.board_tree.show(rows, made)
        if made:
            self.desk.made = ""
        image, record = self.grid.image, self.desk.record
        if image is not None and record is not None and record.image_name == image.image_name:
            self.show_record(record)
        self.tell()

    def show_record(self, record: ImageRecord | None) -> None:
        """Everything about the picture under the cursor."""
        board = self.desk.shelves.told_of(record) if record else ""
        self.query_one(PictureDetails).show(record, board)

    def tell(self) -> None:
        """The line above the pictures: which, how many, the day of the one under the cursor, what is at work, order."""
        grid, listing, image = self.grid, self.desk.listing, self.grid.image
        total = grid.pages.total
        marked = grid.marks.count(total)
        label = safe_text(self.board_tree.shelf.label, limit=max(16, self.size.width // 3))
        what = "" if listing.trash or listing.view == "images" else f" · {listing.view}"
        number = f"{grid.cursor + 1:,} of {total:,}" if total else ""
        when = (
            f" · {day(image.created_at.astimezone(), datetime.now().astimezone())}"
            if image is not None
            else ""
        )
        self.query_one("#gallery-line", Static).update(
            Content.assemble(
                (label, "bold"),
                (f" · {marked:,} selected" if marked else "", "$text-accent"),
                (f" · {number}{when}" if number else "", "$text-muted"),
                (f" · {self.desk.at_work}" if self.desk.at_work else "", "$text-accent"),
                (f"{what} · {ORDERS[listing.order]}", "$text-muted"),
            ),
            layout=False,  # one would repaint the grid
        )

    @on(TileGrid.Moved)
    def _moved(self) -> None:
        self.tell()
        self.desk.rest()
        self.studio.session_changed()

    @on(PictureGrid.Marked)
    def _marked(self) -> None:
        self.tell()

    @on(TileGrid.Wanted)
    def _wanted(self, event: TileGrid.Wanted) -> None:
        self.desk.want(event.pages)

    @on(PictureGrid.Ranged)
    def _ranged(self, event: PictureGrid.Ranged) -> None:
        beside(self, "range", self._range, event.first, event.last)

    async def _range(self, first: int, last: int) -> None:
        try:
            names = await self.desk.names(first, last)
        except StudioError as error:
            self.studio.show_error(error, title="Gallery")
            return
        self.grid.range_is(first, last, names)

    # -- which pictures -------------------------------------------------------------------------------------------

    def _soon(self, seconds: float, do: str) -> None:
        """Do it after a moment without another key."""
        if self._later is not None:
            self._later.stop()
        self._later = self.set_timer(seconds, getattr(self, do))

    @on(Input.Changed, "#query")
    def _typed(self) -> None:
        now = time.monotonic()
        alone, self._typed_at = now - self._typed_at > TYPED, now
        if alone:
            self._find()
        else:
            self._soon(TYPED, "_find")

    def _find(self) -> None:
        query = self.query_line.value.strip()
        self.desk.show(self.desk.listing.model_copy(update={"query": query}))

    @on(QueryLine.Left)
    def _query_left(self) -> None:
        self.show_pane("pictures")

    @on(Rows.Moved, "#board-tree")
    def _board_moved(self) -> None:
        if self.board_tree.shelf.key != self._here.shelf:
            self._soon(RESTED, "_show_shelf")

    @on(Rows.Opened, "#board-tree")
    def _board_opened(self) -> None:
        self.action_board("choose")

    @on(BoardTree.Folded)
    def _folded(self) -> None:
        self.desk.fold(self.board_tree.folded)

    def _show_shelf(self) -> None:
        self._use_shelf(self.board_tree.shelf)

    def _use_shelf(self, shelf: Shelf) -> None:
        """Show the pictures of a board; what was typed stays, but for what a saved search brought."""
        if shelf.key == self._here.shelf:
            return
        was_search, self._here.shelf = self._here.shelf.startswith("search:"), shelf.key
        now = self.desk.listing
        query = shelf.listing.query or ("" if was_search else now.query)
        self.query_line.put(query)
        self.desk.show(
            shelf.listing.model_copy(
                update={"query": query, "view": now.view, "order": self._here.order(shelf.key)}
            )
        )

    def action_order(self, by: int) -> None:
        """Another order, for this board from now on; those without one of their own follow all pictures."""
        orders = list(ORDERS)
        listing = self.desk.listing
        order = orders[(orders.index(listing.order) + by) % len(orders)]
        self._here.orders[self._here.shelf] = order
        self.desk.show(listing.model_copy(update={"order": order}))
        self.tell()

    def action_view(self) -> None:
        """Images, assets, both."""
        listing = self.desk.listing
        view = VIEWS[(VIEWS.index(listing.view) + 1) % len(VIEWS)]
        self.desk.show(listing.model_copy(update={"view": view}))
        self.desk.count(view)
        self.tell()

    def action_filter(self) -> None:
        """Type to narrow."""
        self.show_pane("pictures", focus=self.query_line)

    def action_save_search(self) -> None:
        """Keep the query under a name."""
        if query := self.query_line.value.strip():
            beside(self, "deed", self._board_deeds.save_search, query)
        else:
            self.say("Nothing is typed in the filter. / goes there.")

    def action_go_to(self) -> None:
        """A month, or a name."""
        beside(self, "deed", go_to, self)

    def action_source(self) -> None:
        """What the picture was drawn from."""
        beside(self, "deed", go_to_source, self)

    def show_among_all(self, name: str) -> None:
        """A picture that this list does not have."""
        self._here.shelf = EVERYTHING.key
        self.board_tree.move_to(0)
        self.query_line.put("")
        self.desk.show(Listing(view="all", order=self._here.order(EVERYTHING.key)), name=name)
        self.desk.count("all")

    # -- keys of the screen -----------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Back to the pictures, then out of range, selection and filter."""
        if not self.grid.has_focus:
            self.show_pane("pictures")
        elif self.grid.marks.ranging:
            self.grid.end_range()
        elif self.grid.marks.selection() is not None:
            self.grid.clear_marks()
        elif self.query_line.value:
            self.query_line.value = ""

    # -- doing ----------------------------------------------------------------------------------------------------

    @on(PictureGrid.Opened)
    def action_open(self) -> None:
        """As large as the terminal is."""
        if self.grid.image is not None:
            self.windows.view([])

    def action_compare(self) -> None:
        """Those that are selected, side by side; a single one with the picture one is on, or was on last."""
        names = self._compared()
        if 2 <= len(names) <= MOST:
            self.windows.view(names)
        else:
            self.say(f"Select 2 to {MOST} pictures with space first.")

    def _compared(self) -> list[str]:
        selection, image = self.grid.marks.selection(), self.grid.image
        names = selection.names if selection is not None else []
        if len(names) > 1 or self.grid.marks.everything or image is None:
            return names
        here = image.image_name
        return [here, *([one for one in names if one != here] or self.studio.partners.of(here))]

    def action_select_all(self) -> None:
        """Every picture of the list."""
        self.grid.mark_all(self.desk.listing)

    def action_change(self, what: str) -> None:
        """Star, rate, move, delete and more."""
        self._deeds.do(what)

    @on(PictureGrid.Rated)
    def _rated(self, event: PictureGrid.Rated) -> None:
        self._deeds.rate(event.rating)

    def action_use(self, what: str) -> None:
        """On Generate."""
        self._using.use(what)

    def action_upscale(self) -> None:
        """Make it larger."""
        self._using.upscale()

    def action_export(self) -> None:
        """Give pictures away."""
        if (selection := self._deeds.selection) is None:
            self.say("No picture is chosen.")
        else:
            self.windows.export(selection)

    def action_import(self) -> None:
        """Bring pictures, onto the board that is shown."""
        self.windows.bring()

    def on_paste(self, event: events.Paste) -> None:
        """Files that are dropped onto the terminal come as text."""
        self.windows.dropped(event.text)

    def action_keeping(self) -> None:
        """Look after the files."""
        self.windows.housekeeping()

    def action_texts(self) -> None:
        """What the file says."""
        self._using.texts()

    def action_copy(self, what: Copied) -> None:
        """To the machine in front of the person."""
        self._using.copy(what)

    def action_board(self, what: str) -> None:
        """What is done to boards."""
        if what == "choose":
            self._use_shelf(self.board_tree.shelf)
            self.show_pane("pictures")
        else:
            self._board_deeds.do(what, self.board_tree.shelf)
