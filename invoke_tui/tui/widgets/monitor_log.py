"""The end of the studio's log. It follows what comes, unless it is scrolled back or paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions

if TYPE_CHECKING:
    from textual import events

    from invoke_tui.tui.history import History, Logged

LEVELS: Final = {
    "debug": ("· ", "$text-disabled"),
    "info": ("  ", ""),
    "warning": ("! ", "$text-warning"),
    "error": ("✗ ", "$text-error"),
}
MARGIN: Final = 13
"""Cells of the time and the level before each message, and of the indentation of what is wrapped."""
LONGEST: Final = 2000


class MonitorLog(ScrollView, can_focus=True):
    """Lines wrapped to the width. While it does not follow, nothing in it moves."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("log")
    help_text: ClassVar[str] = (
        "What the studio and its engines say. Scrolled back it stands still; G follows again."
    )
    paused: reactive[bool] = reactive(False)

    def __init__(self) -> None:
        super().__init__(id="monitor-log", classes="place-log")
        self._lines: list[Logged] = []
        self._seen = 0
        self._came = 0
        self._rows: list[Content] = []
        self._width = 0

    @property
    def follows(self) -> bool:
        """New lines are shown as they come."""
        return not self.paused and self.is_vertical_scroll_end

    @property
    def unseen(self) -> int:
        """Lines that came since it stands still."""
        return self._came - self._seen

    @property
    def row_count(self) -> int:
        """Lines as they are wrapped."""
        return len(self._rows)

    def show(self, history: History) -> None:
        """Take in what was logged; where it is not followed, only count it."""
        self._came = history.logged
        if history.logged != self._seen and self.follows:
            self._lines, self._seen = list(history.log), history.logged
            self._wrap()

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap anew."""
        if self.size.width != self._width:
            self._wrap()

    def _wrap(self) -> None:
        at_end = self.is_vertical_scroll_end
        self._width = self.size.width
        self._rows = [row for line in self._lines for row in _rows(line, max(8, self._width - 1))]
        self.virtual_size = Size(0, len(self._rows))
        if at_end:
            self.scroll_end(animate=False, immediate=True, force=True)
        self.refresh()

    def action_scroll(self, by: int) -> None:
        """Back or forth; the end follows again."""
        self.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """A page."""
        self.scroll_relative(y=by * max(1, self.size.height - 1), animate=False)

    def action_edge(self, end: int) -> None:
        """The oldest line, or the newest."""
        if end:
            self.scroll_end(animate=False, immediate=True)
        else:
            self.scroll_home(animate=False)

    def render_line(self, y: int) -> Strip:
        """One row."""
        width, row = self.size.width, y + self.scroll_offset.y
        if row >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        style = self.visual_style
        return Strip(self._rows[row].render_segments(style)).adjust_cell_length(width, style.rich_style)


class MonitorLogHead(Static):
    """``Log``, and whether it stands still."""

    def __init__(self) -> None:
        super().__init__(id="monitor-log-head")

    def say(self, log: MonitorLog) -> None:
        """How it is now."""
        parts: list[tuple[str, str]] = [(" Log", "$text-muted")]
        if not log.unseen and not log.row_count:
            parts.append((" · nothing was said since this program started", "$text-disabled"))
        if not log.follows:
            word = "paused, p goes on" if log.paused else "scrolled back, G goes to the end"
            parts.append((f"  ⏸ {word}", "$text-warning"))
            if log.unseen:
                parts.append((f" · {log.unseen} new", "$text-warning"))
        self.update(Content.assemble(*parts), layout=False)


def _rows(line: Logged, width: int) -> list[Content]:
    mark, colour = LEVELS.get(line.level, LEVELS["info"])
    source = safe_text(line.source, limit=40)
    said = Content.assemble(
        (f"{source}  " if source else "", "$text-muted"), (safe_text(line.message, limit=LONGEST), colour)
    )
    first, *rest = said.wrap(max(4, width - MARGIN))
    head = Content.assemble((f" {line.moment:%H:%M:%S} ", "$text-muted"), (f" {mark}", colour))
    return [head + first, *(Content(" " * MARGIN) + row for row in rest)]
