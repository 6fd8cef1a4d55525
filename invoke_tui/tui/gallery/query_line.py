"""The filter: a query with its parts in colours, completion of keys and values, and what is wrong with it below."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, ClassVar

from rich.highlighter import Highlighter
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import Input

from invoke_tui.domain.gallery.query import LONGEST, TEXTS, read_query
from invoke_tui.tui.gallery.completion import Known, completions
from invoke_tui.tui.prompts.popup import CompletionPopup

if TYPE_CHECKING:
    from rich.text import Text

KEY, VALUE, PHRASE, LEFT_OUT, WRONG = (
    "prompt-name",
    "prompt-choice",
    "prompt-wildcard",
    "prompt-cool",
    "error",
)
"""The theme's names of the colours."""


class QueryColours(Highlighter):
    """Keys, values and what is left out, in the colours of the prompt editor; problems are underlined."""

    def __init__(self, line: QueryLine) -> None:
        self._line = line

    def highlight(self, text: Text) -> None:
        """Colour the parts."""
        query = read_query(text.plain, date.today())
        for part in query.asked:
            value = part.start + text.plain[part.start : part.end].find(":") + 1 if part.key else part.start
            self._paint(text, KEY, part.start, value)
            if part.negated:
                self._paint(text, LEFT_OUT, part.start, part.end)
            elif part.key and part.key not in TEXTS:
                self._paint(text, VALUE, value, part.end)
            elif text.plain.startswith('"', value):
                self._paint(text, PHRASE, value, part.end)
        for problem in query.problems:
            self._paint(text, WRONG, problem.start, problem.end)
            text.stylize("underline", problem.start, problem.end)

    def _paint(self, text: Text, colour: str, start: int, end: int) -> None:
        if style := _rich(self._line.app.theme_variables.get(colour, "")):
            text.stylize(style, start, end)


def _rich(colour: str) -> str:
    """A theme's colour as rich writes it; what rich does not know is left to the field."""
    name = colour.split()[0].removeprefix("ansi_") if colour else ""
    return name if name.startswith("#") or (name.replace("_", "").isalpha() and name != "auto") else ""


class QueryLine(Input):
    """What is typed narrows the grid; up and down choose from the list of completions while it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "leave", "Pictures", id="query.leave"),
        Binding("down", "leave", "Pictures", show=False, id="query.leave_down"),
        Binding("tab", "accept", "Complete", id="query.accept"),
        Binding("escape", "leave(True)", "Clear", id="query.clear"),
        Binding("alt+slash,ctrl+space,ctrl+@", "complete", "Complete", show=False, id="query.complete"),
    ]
    help_text: ClassVar[str] = (
        'Words are searched in prompts, names, notes and models: cat -dog "red fox". Or ask for one thing: '
        "board:portraits model:sdxl lora:detail seed:42 steps:>30 size:>=1024 rating:4..5 starred:yes before:2026-01 "
        "on:tuesday has:mask similar:PICTURE. key:a,b is either, - leaves out. tab completes, enter goes to the "
        "pictures, alt+s saves the search, esc takes it away."
    )

    class Left(Message):
        """To the pictures."""

    def __init__(self) -> None:
        super().__init__(
            placeholder="/ to find: words, -word, on:tuesday, board: model: lora: seed: has: …",
            compact=True,
            max_length=LONGEST,
            highlighter=QueryColours(self),
            id="query",
        )
        self.known = Known()
        self._popup: CompletionPopup | None = None
        self._quiet_for: str | None = None
        """The text that somebody else put in, or for which completion was sent away."""
        self._behind = False
        """What is offered is for another text still."""

    def put(self, query: str) -> None:
        """Show a query that was not typed."""
        self._quiet_for = query
        self.value = query

    def watch_value(self, value: str) -> None:
        """Offer what may stand at the cursor, once the cursor is there."""
        if self.has_focus and value != self._quiet_for:
            self._quiet_for = None
            self._behind = True
            self.call_after_refresh(self._offer)
        else:
            self._close()

    def on_blur(self) -> None:
        """Nothing is offered to another field, unless it was a click into the list."""
        self.set_timer(0.2, lambda: None if self.has_focus else self._close())

    async def _on_key(self, event: events.Key) -> None:
        """An open list has the arrows and escape; enter only once something of it was chosen."""
        if self._behind and not event.is_printable:
            self._offer()  # keys come faster than they are painted
        popup = self._popup if self._choosing else None
        if popup is not None:
            match event.key:
                case "up" | "down":
                    popup.step(1 if event.key == "down" else -1)
                case "enter" if popup.chosen:
                    self._accept()
                case "escape":
                    self._quiet_for = self.value
                    self._close()
                case _:
                    popup = None
            if popup is not None:
                event.stop()
                event.prevent_default()
                return
        await super()._on_key(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tab is the list's while there is one, else it goes to the next field."""
        return self._choosing if action == "accept" else super().check_action(action, parameters)

    @property
    def _choosing(self) -> bool:
        return self._popup is not None and self._popup.is_open

    def action_accept(self) -> None:
        """Take what is offered."""
        self._accept()

    def action_complete(self) -> None:
        """Show what may stand at the cursor."""
        self._offer()

    def action_leave(self, clear: bool = False) -> None:
        """To the pictures."""
        self._close()
        if clear:
            self.value = ""
        self.post_message(self.Left())

    def _offer(self) -> None:
        self._behind = False
        found = completions(self.value, self.cursor_position, self.known) if self.has_focus else []
        if self._popup is None and found:
            self._popup = CompletionPopup(self._accept)
            self.screen.mount(self._popup)
        if self._popup is not None:
            x, y = self.cursor_screen_offset
            begins = self.cursor_position - found[0].start if found else 0
            below_its_note = y + 1
            self._popup.show(found, Offset(x - begins, below_its_note), self.screen.size)
            self.refresh_bindings()

    def _accept(self) -> None:
        candidate = self._popup.candidate if self._popup is not None else None
        if candidate is not None:
            self._close()
            self.value = self.value[: candidate.start] + candidate.text + self.value[candidate.end :]
            self.cursor_position = candidate.start + len(candidate.text)

    def _close(self) -> None:
        if self._popup is not None:
            self._popup.close()
            self.refresh_bindings()
