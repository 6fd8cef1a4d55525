"""The prompt's editor: weights in colour, what cannot be read underlined, its message below."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Final

from rich.text import Text
from textual.message import Message
from textual.widgets import TextArea

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.prompts.places import Location, changed, index_of, location_of

if TYPE_CHECKING:
    from textual.widgets.text_area import Edit, EditResult

    from invoke_tui.prompt.highlight import Highlight, HighlightToken

COLOUR_LIMIT: Final = 8_000
"""Characters above which a prompt is shown without colours: nothing may cost the next key."""
LENGTH_LIMIT: Final = 20_000
"""Characters the editor takes: far more than any text encoder reads, and little enough to stay quick."""
STRONG: Final = 1.3


@lru_cache(maxsize=4)
def _highlighted(text: str) -> Highlight:
    from invoke_tui.prompt.highlight import highlight

    return highlight(text)


class PromptEditor(TextArea):
    """A text area that understands the prompt language. Text comes in clean: no escape ever reaches the document."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "prompt--up",
        "prompt--up-strong",
        "prompt--down",
        "prompt--down-strong",
        "prompt--mark",
        "prompt--name",
        "prompt--problem",
    }
    help_text: ClassVar[str] = (
        "Words and what should be seen. A plus behind a word or a group in parentheses makes it count more, a minus "
        "less: fox++ (deep snow)1.3 blur--. Warm colours count more than the rest, cool colours less."
    )

    class ProblemChanged(Message):
        """What is wrong where, or nothing."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, placeholder: str, id: str, help_text: str = "") -> None:
        super().__init__(
            placeholder=placeholder,
            id=id,
            compact=True,
            soft_wrap=True,
            highlight_cursor_line=False,
            tab_behavior="focus",
        )
        if help_text:
            self.help_text = help_text  # type: ignore[misc]
        self._parsed: Highlight | None = None
        self._starts: list[int] = []
        self._lines: dict[int, Text] = {}
        self._problem = ""

    # -- text comes in --------------------------------------------------------------------------------------------

    def edit(self, edit: Edit) -> EditResult:
        """Every change goes through here: typing, pasting, replacing."""
        if edit.text:
            room = (
                LENGTH_LIMIT - len(self.text) + len(self.get_text_range(edit.from_location, edit.to_location))
            )
            if len(edit.text) > room:
                edit.text = edit.text[: max(0, room)]
                self._say_cut()
            edit.text = clean(edit.text)
        return super().edit(edit)

    def load_text(self, text: str) -> None:
        """Replace everything."""
        if len(text) > LENGTH_LIMIT:
            text = text[:LENGTH_LIMIT]
            self._say_cut()
        super().load_text(clean(text))
        self._reread()

    def rewrite(self, text: str) -> None:
        """Put ``text`` in the place of everything: one step to undo, and the cursor stays where its words stay."""
        old, new = self.text, clean(text[:LENGTH_LIMIT])
        start, end, stop = changed(old, new)
        cursor = index_of(self.document.lines, self.cursor_location)
        if cursor >= end:
            cursor += stop - end
        elif cursor > start:
            cursor = stop
        lines = self.document.lines
        self._replace_at_once(new[start:stop], location_of(lines, start), location_of(lines, end))
        self.move_cursor(location_of(self.document.lines, cursor))

    def put(self, text: str) -> None:
        """Put ``text`` at the cursor, in the place of what is selected: one step to undo."""
        self._replace_at_once(text, *sorted(self.selection))

    def _replace_at_once(self, text: str, start: Location, end: Location) -> None:
        self.history.checkpoint()
        self.replace(text, start, end, maintain_selection_offset=False)
        self.history.checkpoint()

    def _say_cut(self) -> None:
        if self.is_mounted:
            self.notify(
                f"A prompt here has at most {LENGTH_LIMIT:,} characters; the rest was left out.",
                severity="warning",
                markup=False,
            )

    # -- colours --------------------------------------------------------------------------------------------------

    def _build_highlight_map(self) -> None:
        super()._build_highlight_map()
        self._reread()

    def _reread(self) -> None:
        if not hasattr(self, "_starts"):  # called once by the base class before we are set up
            return
        self._lines.clear()
        text = self.text
        self._parsed = _highlighted(text) if 0 < len(text) <= COLOUR_LIMIT else None
        self._starts = [0]
        for line in text.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        problems = self._parsed.problems if self._parsed else []
        message = safe_text(problems[0].message, limit=200) if problems else ""
        if message != self._problem:
            self._problem = message
            if self.is_mounted:
                self.post_message(self.ProblemChanged(message))

    def notify_style_update(self) -> None:
        """A new theme: the colours are to be looked up again."""
        if hasattr(self, "_lines"):
            self._lines.clear()
        super().notify_style_update()

    def get_line(self, line_index: int) -> Text:
        """The line with its colours, from the cache while the text stands."""
        if (cached := self._lines.get(line_index)) is not None:
            return cached.copy()
        line = super().get_line(line_index)
        if self._parsed is not None and line_index + 1 < len(self._starts):
            self._colour(line, self._starts[line_index], self._parsed)
        self._lines[line_index] = line
        return line.copy()

    def _colour(self, line: Text, offset: int, parsed: Highlight) -> None:
        end = offset + len(line)
        for token in parsed.tokens:
            if token.end <= offset or token.start >= end:
                continue
            if name := _style_of(token):
                style = self.get_component_rich_style(name, partial=True)
                line.stylize(style, token.start - offset if token.start > offset else 0, token.end - offset)
        for problem in parsed.problems:
            if problem.end > offset and problem.start < end:
                style = self.get_component_rich_style("prompt--problem", partial=True)
                line.stylize(
                    style, max(0, problem.start - offset), max(problem.start + 1, problem.end) - offset
                )


def clean(text: str) -> str:
    """Outside text as it may stand in a prompt."""
    return safe_text(text, limit=LENGTH_LIMIT, multiline=True)


def _style_of(token: HighlightToken) -> str:
    match token.kind.value:
        case "space":
            return ""
        case "bracket" | "quote" | "operator" | "weight" | "separator" | "argument":
            return "prompt--mark"
        case "embedding":
            return "prompt--name"
        case _:
            pass
    if token.weight > 1.0:
        return "prompt--up-strong" if token.weight >= STRONG else "prompt--up"
    if token.weight < 1.0:
        return "prompt--down-strong" if token.weight <= 1 / STRONG else "prompt--down"
    return ""
