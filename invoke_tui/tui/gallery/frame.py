"""The gallery's three panes, and going from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from invoke_tui.tui import actions
from invoke_tui.tui.gallery.boards import BoardTree
from invoke_tui.tui.gallery.details import PictureDetails
from invoke_tui.tui.gallery.grid import PictureGrid
from invoke_tui.tui.gallery.launchpad import GalleryLaunchpad
from invoke_tui.tui.gallery.layout import SIZES
from invoke_tui.tui.gallery.panes import PANES, Panes
from invoke_tui.tui.gallery.query_line import QueryLine
from invoke_tui.tui.screens.base import StudioScreen

if TYPE_CHECKING:
    from textual.widget import Widget


class GalleryFrame(StudioScreen):
    """Boards at the left, pictures in the middle, details at the right; on a narrow terminal one of them."""

    place: ClassVar[actions.Place] = "gallery"
    places: ClassVar[tuple[actions.Place, ...]] = ("gallery", "grid", "boards", "list", "details")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("gallery")
    AUTO_FOCUS = "#grid"
    help_title = "Gallery"
    help_text = (
        "Every picture that was made or brought. b goes to the boards, / finds, t jumps to a month, o changes the "
        "order, + and - the size. Whatever is done is done to all that are selected, else to the picture you are on."
    )

    def body(self) -> ComposeResult:
        """Three panes."""
        yield Panes()
        with Horizontal(id="gallery"):
            yield BoardTree()
            with Vertical(id="pictures"):
                yield QueryLine()
                yield Static(id="query-problem")
                yield Static(id="gallery-line")
                yield PictureGrid()
                yield GalleryLaunchpad()
            yield PictureDetails()

    @property
    def grid(self) -> PictureGrid:
        """The pictures."""
        return self.query_one(PictureGrid)

    @property
    def board_tree(self) -> BoardTree:
        """The boards."""
        return self.query_one(BoardTree)

    @property
    def query_line(self) -> QueryLine:
        """The filter."""
        return self.query_one(QueryLine)

    def say(self, text: str, seconds: float = 2) -> None:
        """A word that goes by itself."""
        self.notify(text, timeout=seconds, markup=False)

    # -- panes ----------------------------------------------------------------------------------------------------

    def action_boards(self) -> None:
        """Boards, or back."""
        self.show_pane("pictures" if self.board_tree.has_focus else "boards")

    def action_pane(self) -> None:
        """The next one."""
        now = self.query_one(Panes).pane
        self.show_pane(PANES[(PANES.index(now) + 1) % len(PANES)])

    @on(Panes.Chosen)
    def _pane_chosen(self, event: Panes.Chosen) -> None:
        self.show_pane(event.pane)

    def show_pane(self, pane: str, *, focus: Widget | None = None) -> None:
        """Put the focus there, or on ``focus``; on a narrow terminal the others go out of sight."""
        panes = self.query_one(Panes)
        for other in PANES:
            self.set_class(other == pane, f"-{other}")
        panes.pane = pane
        there: dict[str, Widget] = {"boards": self.board_tree, "details": self.query_one(PictureDetails)}
        self.set_focus(focus or there.get(pane, self.grid))  # at once: the next key may be here already

    def action_resize(self, by: int) -> None:
        """Larger or smaller thumbnails."""
        self.grid.zoom = max(0, min(self.grid.zoom + by, len(SIZES) - 1))

    def action_details(self, by: int) -> None:
        """Scroll the details from the grid."""
        self.query_one(PictureDetails).action_scroll(by)
