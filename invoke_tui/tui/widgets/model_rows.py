"""A list of any length with a cursor: only the lines on the screen are ever made."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from invoke_tui.tui import actions


class Rows(ScrollView, can_focus=True):
    """Who has rows says how many (``row_count``) and what one is (``row``), and calls ``rearrange`` after changes."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("list")
    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--cursor-blurred"}
    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """Another row is under the cursor."""

        def __init__(self, rows: Rows) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows:
            """For ``@on`` with a selector."""
            return self.rows

    class Opened(Moved):
        """A row was chosen, by a second click or by enter."""

    def __init__(self, *, id: str, classes: str = "") -> None:
        super().__init__(id=id, classes=f"place-list {classes}".strip())

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return 0

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """One row in ``width`` cells. ``plain`` leaves colours to the cursor."""
        raise NotImplementedError

    def rearrange(self, *, cursor: int | None = None) -> None:
        """The rows are others now; ``cursor`` is where it belongs among them."""
        count = self.row_count
        if self.virtual_size.height != count:
            self.virtual_size = Size(0, count)
        wanted = max(0, min(self.cursor if cursor is None else cursor, count - 1))
        if wanted == self.cursor:
            self.post_message(self.Moved(self))
        self.cursor = wanted
        self.refresh()

    # -- moving ---------------------------------------------------------------------------------------------------

    def move_to(self, row: int) -> None:
        """Put the cursor on a row and show it."""
        self.cursor = max(0, min(row, self.row_count - 1))

    def watch_cursor(self) -> None:
        """Keep the cursor on the screen."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved(self))

    def action_step(self, by: int) -> None:
        """A row up or down."""
        self.move_to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.move_to(self.cursor + by * max(1, self.size.height - 1))

    def action_edge(self, end: int) -> None:
        """First or last."""
        self.move_to(self.row_count - 1 if end else 0)

    def on_click(self, event: events.Click) -> None:
        """Choose; a second click opens."""
        place = event.get_content_offset(self)
        if place is None or (row := place.y + self.scroll_offset.y) >= self.row_count:
            return
        if row == self.cursor and event.chain > 1:
            self.post_message(self.Opened(self))
        self.move_to(row)

    def on_focus(self) -> None:
        """The cursor changes its colour, and what it is on may be worth a word now."""
        self.refresh()
        self.post_message(self.Moved(self))

    def on_blur(self) -> None:
        """The cursor changes its colour."""
        self.refresh()

    # -- painting -------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """One row."""
        width = self.size.width
        index = y + self.scroll_offset.y
        if index >= self.row_count:
            return Strip.blank(width, self.rich_style)
        style = self.visual_style
        if index == self.cursor:
            style += self.get_visual_style("rows--cursor" if self.has_focus else "rows--cursor-blurred")
        content = self.row(index, width, plain=index == self.cursor and self.has_focus)
        return Strip(content.render_segments(style)).adjust_cell_length(width, style.rich_style)


def cell(text: str, width: int, *, right: bool = False) -> Content:
    """``text``, which is safe to show, cut or filled to ``width`` cells."""
    content = Content(text).truncate(max(0, width), ellipsis=True)
    space = max(0, width - content.cell_length)
    return content.pad_left(space) if right else content.pad_right(space)
