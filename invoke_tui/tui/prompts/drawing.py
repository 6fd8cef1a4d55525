"""A text area that draws its own rows, so that a prompt of thousands of words in one line costs a key no more.

Textual copies, colours and cuts a whole line for every row of it, and draws every row at every key. Here a row is a
slice with its own few colours, only rows that look different are drawn, and a long text is read beside the keyboard:
until the reading is there, the old colours move along with the words.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, cast

from rich.style import Style
from rich.text import Text
from textual.cache import LRUCache
from textual.document._document import Document
from textual.document._document_navigator import DocumentNavigator
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import Reactive, reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.brackets import partner
from invoke_tui.tui.prompts.colours import NAMES, Reading, read
from invoke_tui.tui.prompts.places import Location, changed, index_of, location_of
from invoke_tui.tui.prompts.quiet import Quiet
from invoke_tui.tui.prompts.wrapping import QuickWrap

if TYPE_CHECKING:
    from textual.widgets.text_area import Edit, EditResult

AT_ONCE: Final = 1_000
"""Characters up to which a prompt is read before the key is painted."""
COLOUR_LIMIT: Final = 60_000
"""Characters above which a prompt is shown without colours: nothing may cost the next key."""
QUIET: Final = 0.08
"""Seconds without a key before a long prompt is read; a very long one waits longer."""
POINTED: Final = {"selection": "text-area--selection", "bracket": "text-area--matching-bracket"}
"""Textual's own styles."""

Piece = tuple[int, int, str]
"""From and up to a column of a row, and the name of a style."""


class Look(NamedTuple):
    """All that a row on screen depends on."""

    text: str
    pieces: tuple[Piece, ...]
    width: int
    base: Style
    cursor: int = -1
    blinks: bool = False
    suggestion: str = ""


class ColouredArea(TextArea):
    """The drawing half of the prompt editor."""

    selection: Reactive[Selection] = reactive(Selection(), init=False, always_update=True, repaint=False)
    suggestion: Reactive[str] = reactive("", repaint=False)

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"prompt--{name}" for name in NAMES), "prompt--problem", "prompt--unheard", "prompt--chunk",
    }  # fmt: skip

    class ProblemChanged(Message):
        """What is wrong where, or nothing."""

        def __init__(self, editor: ColouredArea, text: str) -> None:
            super().__init__()
            self.editor = editor
            self.text = text

        @property
        def control(self) -> ColouredArea:
            """The editor it is about."""
            return self.editor

    def __init__(self, **keywords: Any) -> None:
        self._known = ""
        self._line_starts = [0]
        self._reading = Reading()
        self._chunks: list[int] = []
        self._cut: int | None = None
        self._brackets: tuple[int, int] | None = None
        self._styles: dict[str, Style] = {}
        self._strips: LRUCache[Look, Strip] = LRUCache(512)
        self._drawn: dict[int, Look] = {}
        self._editing = False
        self._problem = ""
        self._reader = Quiet(self, QUIET, self.read_beside)
        super().__init__(
            compact=True, soft_wrap=True, highlight_cursor_line=False, tab_behavior="focus", **keywords
        )
        self.set_reactive(TextArea.indent_width, 1)

    def on_mount(self) -> None:
        """Read what was loaded before there was anything to wait with."""
        if len(self._known) > AT_ONCE:
            self._read_soon()

    @property
    def reading(self) -> Reading:
        """What is known of the text; of a long one that has just changed, what was known before."""
        return self._reading

    @property
    def cursor_index(self) -> int:
        """Characters before the cursor."""
        return index_of(self.document.lines, self.cursor_location)

    def at(self, index: int) -> Location:
        """The location before which ``index`` characters stand."""
        return location_of(self.document.lines, index)

    def edit(self, edit: Edit) -> EditResult:
        """A change of the text: what it makes look different is drawn once it is done."""
        self._editing = True
        try:
            return super().edit(edit)
        finally:
            self._editing = False
            self._draw_changes()

    def _rewrap_and_refresh_virtual_size(self) -> None:
        """Another width: every row is another one."""
        super()._rewrap_and_refresh_virtual_size()
        self.refresh()

    def _refresh_size(self) -> None:
        """More or fewer rows: lay the screen out anew only where that gives the editor another height."""
        height = self.wrapped_document.height
        if height != self.virtual_size.height:
            self.set_reactive(Widget.virtual_size, Size(0, height))
            self._scroll_update(self.virtual_size)
            if self._allowed(height) != self.size.height:
                self.refresh(layout=True)
        self._refresh_scrollbars()

    def _allowed(self, height: int) -> int:
        least, most = self.styles.min_height, self.styles.max_height
        height = min(height, int(most.value)) if most is not None and most.is_cells else height
        return max(height, int(least.value)) if least is not None and least.is_cells else height

    # -- the text -------------------------------------------------------------------------------------------------

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = Document(text)
        self.wrapped_document = QuickWrap(self.document)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self._build_highlight_map()
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def _build_highlight_map(self) -> None:
        """Textual calls this after every change of the text, whatever made it."""
        text = self.document.text
        start, end, stop = changed(self._known, text)
        self._known = text
        self._line_starts = list(accumulate((len(line) + 1 for line in self.document.lines), initial=0))
        self._chunks = [_moved(at, start, end, stop) for at in self._chunks]
        self._cut = self._cut and _moved(self._cut, start, end, stop)
        if len(text) <= AT_ONCE:
            self._take(read(text))
        elif len(text) <= COLOUR_LIMIT:
            self._reading.move(start, end, stop)
            self._read_soon()
        else:
            self._take(Reading())
        if self.is_mounted and not self._editing:
            self._draw_changes()

    def _read_soon(self) -> None:
        self._reader.pause = QUIET + len(self._known) / 100_000
        self._reader.stir()

    def read_beside(self) -> None:
        """Read the text in a thread; what was read of a text that has changed meanwhile is left."""
        beside(self, "read", self._read_now)

    async def _read_now(self) -> None:
        text = self._known
        if len(text) > COLOUR_LIMIT:
            return
        reading = await asyncio.to_thread(read, text)
        if text == self._known:
            self._take(reading)
            self._draw_changes()

    def _take(self, reading: Reading) -> None:
        self._reading = reading
        self._say_problem()

    def show_count(self, chunks: list[int], cut: int | None) -> None:
        """Mark where the text encoder begins anew, and what it does not hear."""
        if (chunks, cut) != (self._chunks, self._cut):
            self._chunks, self._cut = chunks, cut
            self._draw_changes()

    # -- the cursor -----------------------------------------------------------------------------------------------

    def _watch_selection(self, previous_selection: Selection, selection: Selection) -> None:
        super()._watch_selection(previous_selection, selection)
        if self.is_mounted and not self._editing:
            if previous_selection != selection:
                self._cursor_moved()
            self._say_problem()
            self._draw_changes()

    def _cursor_moved(self) -> None:
        """The cursor went elsewhere, and the text is as it was."""

    def _watch_suggestion(self) -> None:
        if self.is_mounted and not self._editing:
            self._draw_changes()

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """The partner of the bracket at the cursor, or before it."""
        text, cursor = self.document.text, index_of(self.document.lines, search_from)
        self._brackets = None
        for at in (cursor, cursor - 1):
            if at >= 0 and (other := partner(text, at)) is not None:
                self._brackets = at, other
                return self.at(other)
        return None

    def _say_problem(self) -> None:
        found = self._reading.message(self.cursor_index) if self._reading.problems else None
        message = self.problem_text(*found) if found else ""
        if message != self._problem:
            self._problem = message
            self.post_message(self.ProblemChanged(self, message))

    def problem_text(self, problem: Any, more: int) -> str:
        """What is said of a problem."""
        raise NotImplementedError

    # -- drawing --------------------------------------------------------------------------------------------------

    def notify_style_update(self) -> None:
        """A new theme: the colours are to be looked up again."""
        self._styles.clear()
        self._strips.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """A row, from the cache while it looks the same."""
        if not self._known and self.placeholder:
            self._drawn.pop(y, None)
            return super().render_line(y)
        look = self._look(y)
        self._drawn[y] = look
        strip = self._strips.get(look)
        if strip is None:
            strip = self._strips[look] = self._strip(look)
        return strip

    def _draw_changes(self) -> None:
        """Have the rows drawn that look different from what is on screen."""
        width, drawn = self.size.width, self._drawn
        if not self._known or not drawn:
            self.refresh()
        elif rows := [y for y in range(self.size.height) if drawn.get(y) != self._look(y)]:
            self.refresh(*(Region(0, y, width, 1) for y in rows))

    def _look(self, y: int) -> Look:
        """All that a row on screen depends on."""
        wrapped = cast("QuickWrap", self.wrapped_document)
        width, base = self.scrollable_content_region.width, self._theme.base_style or self.rich_style
        y += self.scroll_offset.y
        if y >= len(wrapped._offset_to_line_info):
            return Look("", (), width, base)
        row, first, after = wrapped.section(y)
        line = self.document.get_line(row)
        text = line[first:after].replace("\t", " ")
        last = after == len(line)
        if last:
            text += " "  # where the cursor stands behind the last character
        start = self._line_starts[row] + first
        pieces = [*self._coloured(start, start + len(text)), *self._pointed(row, first, len(text), last=last)]
        cursor_row, cursor = self.cursor_location
        if row != cursor_row or not 0 <= cursor - first < len(text):
            return Look(text, tuple(pieces), width, base)
        shown = self.suggestion if self.has_focus or not self.hide_suggestion_on_blur else ""
        return Look(text, tuple(pieces), width, base, cursor - first, self._draw_cursor, shown)

    def _coloured(self, start: int, end: int) -> Iterator[Piece]:
        """What the words look like: weights, where a chunk begins, what is not heard, what is wrong."""
        for first, after, name in self._reading.runs(start, end):
            yield first - start, after - start, name
        for at in self._chunks:
            if start <= at < end:
                yield at - start, at - start + 1, "chunk"
        if self._cut is not None and self._cut < end:
            yield max(0, self._cut - start), end - start, "unheard"
        for first, after in self._reading.wrong(start, end):
            yield first - start, after - start, "problem"

    def _pointed(self, row: int, first: int, size: int, *, last: bool) -> Iterator[Piece]:
        """Selection and brackets, as far as they are in the row."""
        (top_row, top), (bottom_row, bottom) = sorted(self.selection)
        if (top_row, top) != (bottom_row, bottom):
            if top_row <= row <= bottom_row:
                start = max(0, top - first) if row == top_row else 0
                end = min(size, bottom - first) if row == bottom_row else size
                if start < end:
                    yield start, end, "selection"
        elif self._brackets:
            for at in self._brackets:
                if 0 <= (here := at - self._line_starts[row] - first) < size - last:
                    yield here, here + 1, "bracket"

    def _strip(self, look: Look) -> Strip:
        text = Text(look.text, end="", no_wrap=True)
        for start, end, name in look.pieces:
            text.stylize(self._style(name), start, end)
        at = look.cursor
        if look.suggestion:
            style = self.get_component_rich_style("text-area--suggestion")
            text = Text.assemble(text[:at], (look.suggestion, style), text[at:], end="", no_wrap=True)
        if look.blinks and self._theme.cursor_style:
            text.stylize(self._theme.cursor_style, at, at + 1)
        strip = Strip(text.render(self.app.console)).adjust_cell_length(look.width, look.base)
        return strip.apply_style(look.base)

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            component = POINTED.get(name, f"prompt--{name}")
            self._styles[name] = self.get_component_rich_style(component, partial=name not in POINTED)
        return self._styles[name]


def _moved(at: int, start: int, end: int, stop: int) -> int:
    """Where a place is after ``text[start:end]`` became ``text[start:stop]``."""
    return at + stop - end if at >= end else min(at, stop)
