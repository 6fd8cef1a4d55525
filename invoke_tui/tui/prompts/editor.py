"""The prompt's editor: shows what the model will hear while you type."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Literal, cast

from textual.binding import BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets.text_area import Selection

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.prompts.drawing import ColouredArea
from invoke_tui.tui.prompts.places import Location, changed, index_of

if TYPE_CHECKING:
    from textual.widgets.text_area import Edit, EditResult

    from invoke_tui.prompt.problems import Problem
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.prompts.completion import Sources
    from invoke_tui.tui.prompts.popup import CompletionPopup

LENGTH_LIMIT: Final = 200_000
"""Characters the editor takes: what a request holds (``domain.request.parameters.PROMPT_LIMIT``)."""


class PromptEditor(ColouredArea):
    """A text area that understands the prompt language. Text comes in clean: no escape ever reaches the document."""

    places: ClassVar[tuple[actions.Place, ...]] = ("prompt",)
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("prompt")
    help_text: ClassVar[str] = (
        "Words and what should be seen. A plus behind a word or a group in parentheses makes it count more, a minus "
        "less: fox++ (deep snow)1.3 blur--. Warm colours count more than the rest, cool colours less. "
        "[ignored words] are left out. <name> is an embedding, <lora:name:0.75> adds a LoRA. "
        '("a fox", "a wolf").blend(0.7, 0.3) mixes. {red|blue} and __colour__ stand for several prompts. '
        "A backslash before ( ) [ ] { } | means the character itself. What cannot be read is underlined, drawn as it "
        "stands, and explained below."
    )

    class TemplateChosen(Message):
        """A template was chosen from what was offered."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, placeholder: str, id: str, help_text: str = "") -> None:
        self.sources: Sources | None = None
        """What may be offered; None while nothing is known."""
        self._popup: CompletionPopup | None = None
        self._by_hand = False
        self._dismissed = -1
        super().__init__(placeholder=placeholder, id=id)
        self.add_class("place-prompt")
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

    # -- what is offered ------------------------------------------------------------------------------------------

    @property
    def popup(self) -> CompletionPopup | None:
        """The open list at the cursor."""
        return self._popup if self._popup is not None and self._popup.is_open else None

    def update_suggestion(self) -> None:
        """The text has changed: offer what fits now."""
        if self.sources is None or not self.has_focus:
            self._close()
            return
        from invoke_tui.tui.prompts.completion import suggest

        self._offer()
        text, cursor = self.text, self.cursor_index
        self.suggestion = "" if self.popup else suggest(text, cursor, self.sources)

    def _offer(self) -> None:
        from invoke_tui.tui.prompts.completion import complete

        found = (
            complete(self.text, self.cursor_index, self.sources, asked=self._by_hand) if self.sources else []
        )
        if not found:
            self._close()
        elif self._by_hand or found[0].start != self._dismissed:
            self._open().show(found, self.cursor_screen_offset, self.screen.size)

    def _open(self) -> CompletionPopup:
        from invoke_tui.tui.prompts.popup import CompletionPopup

        if self._popup is None:
            self._popup = CompletionPopup(self._accept)
            self.screen.mount(self._popup)
        return self._popup

    def _close(self) -> None:
        self._by_hand, self._dismissed = False, -1
        if self._popup is not None:
            self._popup.close()

    def _accept(self) -> None:
        """Write the candidate, or choose the template."""
        candidate = self.popup.candidate if self.popup else None
        self._close()
        if candidate is None:
            return
        self._replace_at_once(candidate.text, self.at(candidate.start), self.at(candidate.end))
        if candidate.kind == "template":
            self.post_message(self.TemplateChosen(candidate.name))
        self.focus()

    def _cursor_moved(self) -> None:
        self.suggestion = ""
        self._close()

    def on_blur(self) -> None:
        """Another field: nothing is offered here, unless it was a click into the list."""
        self.suggestion = ""
        self.set_timer(0.2, lambda: None if self.has_focus else self._close())

    async def _on_key(self, event: Key) -> None:
        """An open list has the arrows, enter, tab and escape; nothing else ever loses a key to it."""
        if (popup := self.popup) is None:
            return
        match event.key:
            case "up" | "down":
                popup.step(1 if event.key == "down" else -1)
            case "enter" | "tab":
                self._accept()
            case "escape":
                dismissed = popup.candidate.start if popup.candidate else -1
                self._close()
                self._dismissed = dismissed
            case _:
                return
        event.stop()
        event.prevent_default()

    # -- what is said of it ---------------------------------------------------------------------------------------

    def problem_text(self, problem: Problem, more: int) -> str:
        """The problem's message, and that there are others."""
        message = safe_text(problem.message, limit=200)
        if problem.fix is not None:
            key = cast("StudioApp", self.app).key_of("prompt.fix")
            message += f" · {key} {'rewrites it' if problem.fix.text else 'takes it out'}"
        return f"{message} · and {more} more" if more else message

    # -- actions --------------------------------------------------------------------------------------------------

    def action_complete(self) -> None:
        """Show what may stand at the cursor."""
        self._by_hand = True
        self._offer()
        if self.popup is None:
            self.notify("Nothing to offer here.", timeout=1.5, markup=False)
        else:
            self.suggestion = ""

    def action_accept(self) -> None:
        """Take what is suggested, or go a word to the right."""
        if self.suggestion:
            self.insert(self.suggestion)
        else:
            self.action_cursor_word_right()

    def action_fix(self) -> None:
        """Rewrite what is told of below, where that can be done for the person."""
        shown = self.reading.message(self.cursor_index)
        if shown is None or (fix := shown[0].fix) is None:
            self.notify("Nothing here can be rewritten.", timeout=1.5, markup=False)
        else:
            self.rewrite(self.text[: fix.start] + fix.text + self.text[fix.end :])

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
