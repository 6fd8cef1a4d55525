"""A window to choose from a long list: what is typed searches, arrows move, one is shown whole."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import Any, ClassVar, Generic, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.fuzzy import Fuzzy
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import Answer, PromptDialog
from invoke_tui.tui.widgets.model_rows import Rows


class PickRows(Rows, can_focus=False):
    """The entries that fit; texts among them are headings, over which the cursor goes."""

    def __init__(self) -> None:
        super().__init__(id="pick-rows")
        self.entries: Sequence[Any] = ()

    @property
    def row_count(self) -> int:
        """Entries and headings."""
        return len(self.entries)

    @property
    def chosen(self) -> Any:
        """The entry under the cursor."""
        entry = self.entries[self.cursor] if self.cursor < len(self.entries) else None
        return None if isinstance(entry, str) else entry

    def show(self, entries: Sequence[Any], cursor: int = 0) -> None:
        """These are to choose from."""
        self.entries = entries
        self.rearrange(cursor=self._beside(cursor, 1))

    def move_to(self, row: int) -> None:
        """Put the cursor on an entry; a heading above it stays in sight."""
        super().move_to(self._beside(row, 1 if row >= self.cursor else -1))

    def watch_cursor(self) -> None:
        """Keep the cursor on the screen, with the heading it is under."""
        above = self.cursor - 1
        if 0 <= above < len(self.entries) and isinstance(self.entries[above], str):
            self.scroll_to_region(Region(0, above, 1, 2), animate=False, force=True)
        super().watch_cursor()

    def _beside(self, row: int, step: int) -> int:
        """The entry nearest to a row, in the direction of the way first."""
        entries = [at for at, entry in enumerate(self.entries) if not isinstance(entry, str)]
        ahead = [at for at in entries if (at - row) * step >= 0]
        return min(ahead or entries, key=lambda at: abs(at - row), default=0)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """As the window paints it. The search has the focus, so the cursor is always lit."""
        entry = self.entries[index]
        if isinstance(entry, str):
            return Content.styled(f" {entry}", "$text-muted bold")
        return cast("Picker[Any]", self.screen).paint(entry, width, plain=plain or index == self.cursor)


class SearchLine(Input):
    """Takes every letter; delete at its end is about the line under the cursor."""

    def action_delete_right(self) -> None:
        """The letter at the right, else the entry."""
        if self.cursor_position < len(self.value):
            super().action_delete_right()
        else:
            cast("Picker[Any]", self.screen).delete_pressed()


class Picker(PromptDialog[Answer], Generic[Answer]):
    """The window. Whoever has one says what is found (``search``), how a line looks and what is shown beside it."""

    places: ClassVar[tuple[actions.Place, ...]] = ("pick", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("pick")
    AUTO_FOCUS = "SearchLine"
    DEFAULT_CLASSES = "place-pick"
    help_title = ""
    keys = ""
    """The line below."""
    placeholder = "type to search"
    stacked = False
    """What is shown lies below the list and not beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted = Fuzzy("")
        self.nothing = Content("")
        """Said where no entry is."""
        self._news: tuple[int, Content] | None = None

    def compose(self) -> ComposeResult:
        """Search, list, the chosen one whole, keys."""
        with Vertical(classes=f"dialog -picker {'-stacked' if self.stacked else ''}"):
            yield Static(Content(self.help_title), classes="dialog-title")
            with Horizontal(id="pick-bar"):
                yield SearchLine(placeholder=self.placeholder, compact=True)
                yield Static(id="pick-count")
            with Container(id="pick-body"):
                yield PickRows()
                with VerticalScroll(id="pick-about", can_focus=False):
                    yield Static(id="pick-word")
            yield Static(Content(self.keys), classes="dialog-keys")

    # -- for those who have one -----------------------------------------------------------------------------------

    @property
    def rows(self) -> PickRows:
        """The list."""
        return self.query_one(PickRows)

    @property
    def search(self) -> SearchLine:
        """What is typed into."""
        return self.query_one(SearchLine)

    @property
    def chosen(self) -> Any:
        """The entry under the cursor."""
        return self.rows.chosen

    def look(self, query: str) -> None:
        """Find what fits and ``show`` it."""
        raise NotImplementedError

    def paint(self, entry: Any, width: int, *, plain: bool) -> Content:
        """A line of the list."""
        raise NotImplementedError

    def about(self, entry: Any) -> Content:
        """An entry whole."""
        raise NotImplementedError

    def opened(self) -> None:
        """Enter."""
        raise NotImplementedError

    def delete_pressed(self) -> None:
        """Delete, with nothing in the search to delete."""

    def do(self, work: Awaitable[None]) -> None:
        """Do something that asks the studio; what goes wrong is said."""

        async def done() -> None:
            try:
                await work
            except StudioError as error:
                self.studio.show_error(error, title=self.help_title)

        beside(self, "picker", done)

    def show(self, entries: Sequence[Any], count: str, *, cursor: int = 0) -> None:
        """What fits, and how many those are."""
        self.query_one("#pick-count", Static).update(Content.styled(count, "$text-muted"))
        self.rows.show(entries, cursor)

    def tell(self, news: Content) -> None:
        """Say what was done, until the cursor moves."""
        self._news = self.rows.cursor, news
        self.say(news)

    def say(self, content: Content) -> None:
        """Something about the entry under the cursor."""
        self.query_one("#pick-word", Static).update(content)
        self.query_one("#pick-about").scroll_home(animate=False)

    # -- events ---------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.wanted, self._news = Fuzzy(event.value), None
        self.look(event.value)

    @on(Rows.Moved)
    def _moved(self) -> None:
        if self._news is not None and self._news[0] == self.rows.cursor:
            self.say(self._news[1])
            return
        self._news = None
        self.say(self.nothing if self.chosen is None else self.about(self.chosen))

    @on(Input.Submitted)
    @on(Rows.Opened)
    def _opened(self) -> None:
        self.opened()

    def action_step(self, by: int) -> None:
        """A line up or down."""
        self.rows.action_step(by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self.rows.action_page(by)

    def action_scroll_about(self, by: int) -> None:
        """Move what is shown whole."""
        self.query_one("#pick-about").scroll_relative(y=by, animate=False)


def marked(text: str, positions: Iterable[int], *, plain: bool = False) -> Content:
    """A text with the letters that were searched for."""
    style = "underline" if plain else "bold $text-accent"
    content = Content(text)
    for at in positions:
        content = content.stylize(style, at, at + 1)
    return content


def line(text: str, wanted: Fuzzy, width: int, *, plain: bool, dim_from: int | None = None) -> Content:
    """One line of a text, moved so that the first letter that was searched for is on it."""
    match = wanted.match(text)
    positions = match.positions if match else ()
    content = marked(text, positions, plain=plain)
    if dim_from is not None and not plain:
        content = content.stylize_before("$text-muted", dim_from, len(text))
    start = max(0, positions[0] - width // 3) if positions and positions[0] > width * 2 // 3 else 0
    if start:
        content = Content.assemble("…", content[start + 1 :])
    return content.truncate(width, ellipsis=True)
