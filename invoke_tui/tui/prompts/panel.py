"""Prompt and negative prompt with what is said about them: part of the first frame."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Label, Static

from invoke_tui.tui.prompts.editor import PromptEditor

PATIENCE: Final = 0.5
"""Seconds before a problem is told: who is just writing a parenthesis is going to close it."""


class PromptBox(Vertical):
    """One of the two editors, its heading with the count of its tokens, and below it its problem and notes."""

    def __init__(self, title: str, editor: PromptEditor) -> None:
        super().__init__(id=f"{editor.id}-box", classes="prompt-box")
        self._title = title
        self.editor = editor
        self._waiting: Timer | None = None

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        with Horizontal(classes="prompt-heading"):
            yield Label(self._title, classes="heading")
            yield Static(id=f"{self.editor.id}-count", classes="count")
        yield self.editor
        yield Static(id=f"{self.editor.id}-problem", classes="problem")
        yield Vertical(id=f"{self.editor.id}-notes", classes="notes")

    def say_count(self, count: Content) -> None:
        """How many tokens the text is, at the right of the heading."""
        shown = self.query_one(".count", Static)
        if shown.content != count:
            shown.update(count, layout=False)

    @on(PromptEditor.ProblemChanged)
    def _problem(self, event: PromptEditor.ProblemChanged) -> None:
        event.stop()
        if self._waiting is not None:
            self._waiting.stop()
        if self.has_class("-problem") or not event.text:
            self._say(event.text)
        else:
            self._waiting = self.set_timer(PATIENCE, lambda: self._say(event.text))

    def _say(self, problem: str) -> None:
        below = self.query_one(".problem", Static)
        below.update(Content(problem))
        below.set_class(bool(problem), "-shown")
        self.set_class(bool(problem), "-problem")


class PromptPanel(Vertical):
    """Both editors. Tools read and write the prompts through it; what comes late goes into ``#prompt-notes``."""

    NEGATIVE_HELP: ClassVar[str] = (
        "What the picture must not show. The same language works here, and the same keys."
    )

    def __init__(self) -> None:
        super().__init__(id="prompts")
        self._current = "#prompt"

    def compose(self) -> ComposeResult:
        """The prompt, and below it the negative one."""
        yield PromptBox("Prompt", PromptEditor(placeholder="a red fox in deep snow, soft light", id="prompt"))
        yield PromptBox(
            "Negative prompt",
            PromptEditor(placeholder="what it must not show", id="negative", help_text=self.NEGATIVE_HELP),
        )

    @property
    def boxes(self) -> list[PromptBox]:
        """Both, the prompt's first."""
        return list(self.query(PromptBox))

    @property
    def positive(self) -> PromptEditor:
        """What the picture shows."""
        return self.query_one("#prompt", PromptEditor)

    @property
    def negative(self) -> PromptEditor:
        """What it must not show."""
        return self.query_one("#negative", PromptEditor)

    @property
    def current(self) -> PromptEditor:
        """The editor that has, or last had, the focus."""
        return self.query_one(self._current, PromptEditor)

    def on_descendant_focus(self) -> None:
        """Note which editor is worked in."""
        focused = self.screen.focused
        if isinstance(focused, PromptEditor) and focused.id:
            self._current = f"#{focused.id}"
