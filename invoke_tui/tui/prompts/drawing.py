"""A text area that draws its own rows, so that a prompt of thousands of words in one line costs a key no more.

Textual copies, colours and cuts a whole line for every row of it. Here a row is a slice with its own few colours, and a
long text is read beside the keyboard: until the reading is there, the old colours move along with the words.
"""

from __future__ import annotations

import asyncio
from itertools import accumulate
from typing import Any, ClassVar, Final, cast

from rich.style import Style
from rich.text import Text
from textual.document._document import Document
from textual.document._document_navigator import DocumentNavigator
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea
from textual.widgets.text_area import Selection

from invoke_tui.tui.prompts.brackets import partner
from invoke_tui.tui.prompts.colours import NAMES, Reading, read
from invoke_tui.tui.prompts.places import Location, changed, index_of, location_of
from invoke_tui.tui.prompts.quiet import Quiet
from invoke_tui.tui.prompts.wrapping import QuickWrap

AT_ONCE: Final = 1_000
"""Characters up to which a prompt is read before the key is painted."""
COLOUR_LIMIT: Final = 60_000
"""Characters above which a prompt is shown without colours: nothing may cost the next key."""
QUIET: Final = 0.08
"""Seconds without a key before a long prompt is read; a very long one waits longer."""


class ColouredArea(TextArea):
    """The drawing half of the prompt editor."""

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
        self._problem = ""
        self._reader = Quiet(self, QUIET, self._read_beside)
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
        self._line_cache.clear()
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

    def _read_soon(self) -> None:
        self._reader.pause = QUIET + len(self._known) / 100_000
        self._reader.stir()

    def _read_beside(self) -> None:
        self.run_worker(self._read_in_a_thread(), group="read", exclusive=True)

    async def _read_in_a_thread(self) -> None:
        text = self._known
        reading = await asyncio.to_thread(read, text)
        if text == self._known:
            self._take(reading)
            self.refresh()

    def _take(self, reading: Reading) -> None:
        self._reading = reading
        self._line_cache.clear()
        self._say_problem()

    def show_count(self, chunks: list[int], cut: int | None) -> None:
        """Mark where the text encoder begins anew, and what it does not hear."""
        if (chunks, cut) != (self._chunks, self._cut):
            self._chunks, self._cut = chunks, cut
            self._line_cache.clear()
            self.refresh()

    # -- the cursor -----------------------------------------------------------------------------------------------

    def _watch_selection(self, previous_selection: Selection, selection: Selection) -> None:
        super()._watch_selection(previous_selection, selection)
        if self.is_mounted:
            self._say_problem()

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
        super().notify_style_update()

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            self._styles[name] = self.get_component_rich_style(f"prompt--{name}", partial=True)
        return self._styles[name]

    def _render_line(self, y: int) -> Strip:
        wrapped = cast("QuickWrap", self.wrapped_document)
        base = self._theme.base_style or self.rich_style
        y += self.scroll_offset.y
        if y >= len(wrapped._offset_to_line_info):
            return Strip.blank(self.size.width, base)
        row, start, end = wrapped.section(y)
        line = self.document.get_line(row)
        text = Text(line[start:end].replace("\t", " "), end="", no_wrap=True)
        self._colour(text, self._line_starts[row] + start)
        if end == len(line):
            text.append(" ")  # where the cursor stands behind the last character
        text = self._point(text, row, start, last=end == len(line))
        width = self.scrollable_content_region.size.width
        return Strip(text.render(self.app.console)).adjust_cell_length(width, base).apply_style(base)

    def _colour(self, text: Text, start: int) -> None:
        end = start + len(text)
        for first, after, name in self._reading.runs(start, end):
            text.stylize(self._style(name), first - start, after - start)
        for at in self._chunks:
            if start <= at < end:
                text.stylize(self._style("chunk"), at - start, at - start + 1)
        if self._cut is not None and self._cut < end:
            text.stylize(self._style("unheard"), max(0, self._cut - start))
        for first, after in self._reading.wrong(start, end):
            text.stylize(self._style("problem"), first - start, after - start)

    def _point(self, text: Text, row: int, start: int, *, last: bool) -> Text:
        """Selection, brackets, suggestion and cursor, as far as they are in the row."""
        theme, size = self._theme, len(text)
        (top_row, top), (bottom_row, bottom) = sorted(self.selection)
        if (top_row, top) != (bottom_row, bottom):
            if top_row <= row <= bottom_row and theme.selection_style:
                first = top - start if row == top_row else 0
                after = bottom - start if row == bottom_row else size
                if after > 0 and first < size:
                    text.stylize(theme.selection_style, max(0, first), after)
        elif self._brackets and theme.bracket_matching_style:
            for at in self._brackets:
                if 0 <= (here := at - self._line_starts[row] - start) < size - last:
                    text.stylize(theme.bracket_matching_style, here, here + 1)
        cursor_row, cursor = self.cursor_location
        cursor -= start
        if row != cursor_row or not 0 <= cursor < size:
            return text
        if self.suggestion and (self.has_focus or not self.hide_suggestion_on_blur):
            style = self.get_component_rich_style("text-area--suggestion")
            text = Text.assemble(text[:cursor], (self.suggestion, style), text[cursor:], end="", no_wrap=True)
        if self._draw_cursor and theme.cursor_style:
            text.stylize(theme.cursor_style, cursor, cursor + 1)
        return text


def _moved(at: int, start: int, end: int, stop: int) -> int:
    """Where a place is after ``text[start:end]`` became ``text[start:stop]``."""
    return at + stop - end if at >= end else min(at, stop)
