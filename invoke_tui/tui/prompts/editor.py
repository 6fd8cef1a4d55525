"""The prompt's editor: shows what the model will hear while you type."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.binding import BindingType
from textual.widgets.text_area import Selection

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.prompts.drawing import ColouredArea
from invoke_tui.tui.prompts.places import Location, changed, index_of

if TYPE_CHECKING:
    from textual.widgets.text_area import Edit, EditResult

    from invoke_tui.prompt.problems import Problem

LENGTH_LIMIT: Final = 200_000
"""Characters the editor takes: what a request holds (``domain.parameters.PROMPT_LIMIT``)."""


class PromptEditor(ColouredArea):
    """A text area that understands the prompt language. Text comes in clean: no escape ever reaches the document."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("prompt")
    help_text: ClassVar[str] = (
        "Words and what should be seen. A plus behind a word or a group in parentheses makes it count more, a minus "
        "less: fox++ (deep snow)1.3 blur--. Warm colours count more than the rest, cool colours less. "
        "[ignored words] are left out. <name> is an embedding, <lora:name:0.75> adds a LoRA. "
        '("a fox", "a wolf").blend(0.7, 0.3) mixes. {red|blue} and __colour__ stand for several prompts. '
        "A backslash before ( ) [ ] { } | means the character itself. What cannot be read is underlined, drawn as it "
        "stands, and explained below."
    )

    def __init__(self, *, placeholder: str, id: str, help_text: str = "") -> None:
        super().__init__(placeholder=placeholder, id=id)
        if help_text:
            self.help_text = help_text  # type: ignore[misc]

    # -- text comes in --------------------------------------------------------------------------------------------

    def edit(self, edit: Edit) -> EditResult:
        """Every change goes through here: typing, pasting, replacing."""
        if edit.text:
            taken = len(self.get_text_range(edit.from_location, edit.to_location))
            edit.text = self._cut_to(edit.text, LENGTH_LIMIT - len(self.text) + taken)
        return super().edit(edit)

    def load_text(self, text: str) -> None:
        """Replace everything, and forget what could be undone."""
        super().load_text(self._cut_to(text, LENGTH_LIMIT))

    def _cut_to(self, text: str, room: int) -> str:
        """``text`` as it may stand in a prompt; what has no room is left out, which is said."""
        text = clean(text)
        if len(text) <= room:
            return text
        if self.is_mounted:
            self.notify(
                f"A prompt has at most {LENGTH_LIMIT:,} characters; the rest was left out.",
                severity="warning",
                markup=False,
            )
        return text[: max(0, room)]

    def rewrite(self, text: str) -> None:
        """Put ``text`` in the place of everything: one step to undo, and the cursor stays where its words stay."""
        old, new = self.text, clean(text)[:LENGTH_LIMIT]
        start, end, stop = changed(old, new)
        cursor = self.cursor_index
        if cursor >= end:
            cursor += stop - end
        elif cursor > start:
            cursor = stop
        self._replace_at_once(new[start:stop], self.at(start), self.at(end))
        self.move_cursor(self.at(cursor))

    def put(self, text: str) -> None:
        """Put ``text`` at the cursor, in the place of what is selected: one step to undo."""
        self._replace_at_once(text, *sorted(self.selection))

    def _replace_at_once(self, text: str, start: Location, end: Location) -> None:
        self.history.checkpoint()
        self.replace(text, start, end, maintain_selection_offset=False)
        self.history.checkpoint()

    # -- what is said of it ---------------------------------------------------------------------------------------

    def problem_text(self, problem: Problem, more: int) -> str:
        """The problem's message, and that there are others."""
        message = safe_text(problem.message, limit=200)
        return f"{message} · and {more} more" if more else message

    # -- actions --------------------------------------------------------------------------------------------------

    def action_weigh(self, step: Literal["increment", "decrement"]) -> None:
        """Raise or lower the weight of what is selected, or of the word or group at the cursor."""
        from invoke_tui.prompt.attention import adjust

        start, end = (index_of(self.document.lines, place) for place in sorted(self.selection))
        weighed = adjust(self.text, start, end, step)
        if weighed.text == self.text:
            return
        self.rewrite(weighed.text)
        if start == end:
            self.move_cursor(self.at(min(max(self.cursor_index, weighed.start), weighed.end)))
        else:
            self.selection = Selection(self.at(weighed.start), self.at(weighed.end))


def clean(text: str) -> str:
    """Outside text as it may stand in a prompt."""
    return safe_text(text, limit=LENGTH_LIMIT + 1, multiline=True)
