"""A1111's weights into InvokeAI's and back, shown before they are taken."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.convert.a1111 import from_a1111, to_a1111
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import Either, PromptDialog
from invoke_tui.tui.prompts.diff import compared
from invoke_tui.tui.widgets.fields import SmallButton, Toggle

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk

_A1111 = re.compile(r":\s*[\d.]+\s*\)|(?<!\\)\[|\)(?![\d+\-.])")


async def use(desk: Desk) -> None:
    """Convert the selection of the editor that was worked in, else its whole prompt."""
    editor = desk.screen.prompts.current
    part = editor.selected_text
    if not (part or editor.text).strip():
        desk.screen.notify("There is no prompt to convert.", timeout=2, markup=False)
        return
    text = await desk.screen.app.push_screen_wait(ConvertScreen(part or editor.text, part=bool(part)))
    if text is not None:
        if part:
            editor.put(text)
        else:
            editor.rewrite(text)


def looks_like_a1111(text: str) -> bool:
    """Whether weights in it are A1111's: a colon before the number, brackets, parentheses without a weight."""
    return bool(_A1111.search(text))


class ConvertScreen(PromptDialog[str]):
    """Answers the converted text."""

    place: ClassVar[actions.Place] = "convert"
    places: ClassVar[tuple[actions.Place, ...]] = ("convert", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("convert")]
    help_title = "Convert weights"
    help_text = (
        "A1111 writes (words:1.3), (words) and [words]; InvokeAI writes (words)1.3, words+ and words-. What only one "
        "of the two can say stays as it is, and is named below."
    )

    def __init__(self, text: str, *, part: bool = False) -> None:
        super().__init__()
        self._text, self._part = text, part
        self._made = text

    def compose(self) -> ComposeResult:
        """The way, the text before and after, what could not be said."""
        with Vertical(classes="dialog -tool", id="convert"):
            title = "Convert the selection" if self._part else "Convert the prompt"
            yield Static(Content(title), classes="dialog-title")
            yield Either(
                "A1111 to InvokeAI",
                "InvokeAI to A1111",
                value=looks_like_a1111(self._text),
                help_text="Whose weights become whose",
                id="convert-way",
            )
            yield Static(id="convert-from", classes="heading")
            with VerticalScroll(classes="convert-text"):
                yield Static(id="convert-before")
            yield Static(id="convert-to", classes="heading")
            with VerticalScroll(classes="convert-text"):
                yield Static(id="convert-after")
            yield Static(id="convert-word", classes="tool-word")
            with Horizontal(classes="tool-foot"):
                yield SmallButton(" Apply ", help_text="Puts it into the prompt.", id="convert-apply")
            yield Static(
                Content("enter apply   space the other way   esc leave   F1 help"), classes="dialog-keys"
            )

    def on_mount(self) -> None:
        """Convert as it is likely meant."""
        self.set_focus(self.query_one(Either))
        self._convert()

    @on(Toggle.Changed)
    def _convert(self) -> None:
        beside(self, "convert", self._work, self.query_one(Either).value)

    async def _work(self, from_there: bool) -> None:
        made = await asyncio.to_thread(from_a1111 if from_there else to_a1111, self._text)
        self._made = made.text
        before, after = await asyncio.to_thread(compared, self._text, made.text)
        names = ("A1111", "InvokeAI") if from_there else ("InvokeAI", "A1111")
        for where, name in zip(("from", "to"), names, strict=True):
            self.query_one(f"#convert-{where}", Static).update(Content(name))
        self.query_one("#convert-before", Static).update(before)
        self.query_one("#convert-after", Static).update(after)
        said = [f"! {safe_text(problem.message, limit=200)}" for problem in made.problems[:3]]
        if not said and made.text == self._text:
            said = ["Both write it the same way."]
        style = "$text-warning" if made.problems else "$text-muted"
        self.query_one("#convert-word", Static).update(Content.styled("\n".join(said), style))

    def action_turn(self) -> None:
        """The other way."""
        self.query_one(Either).action_flip()

    @on(SmallButton.Pressed, "#convert-apply")
    def action_apply(self) -> None:
        """Answer the converted text."""
        self.dismiss(self._made)
