"""Prompt and negative prompt with what is said about them: part of the first frame."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label, Static

from invoke_tui.tui.prompts.editor import PromptEditor


class PromptPanel(Vertical):
    """Both editors. Tools read and write the prompts through it."""

    def __init__(self) -> None:
        super().__init__(id="prompts")
        self._current = "#prompt"

    def compose(self) -> ComposeResult:
        """The prompt, and below it the negative one."""
        yield Label("Prompt", classes="heading")
        yield PromptEditor(placeholder="a red fox in deep snow, soft light", id="prompt")
        yield Static(id="prompt-problem", classes="problem")
        yield Label("Negative prompt", classes="heading")
        yield PromptEditor(
            placeholder="what it must not show",
            id="negative",
            help_text="What the picture must not show. The same weights work here.",
        )

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

    @on(PromptEditor.ProblemChanged)
    def _problem(self, event: PromptEditor.ProblemChanged) -> None:
        below = self.query_one("#prompt-problem", Static)
        below.update(Content(event.text))
        below.set_class(bool(event.text), "-shown")
