"""How a prompt is read: its tree, the weight of every word, what is left out, and what could not be read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.explain import explain
from invoke_tui.prompt.parse import parse
from invoke_tui.tui import actions
from invoke_tui.tui.prompts.dialog import PromptDialog
from invoke_tui.tui.prompts.explain_lines import Line, lines_of
from invoke_tui.tui.widgets.model_rows import Rows, cell

if TYPE_CHECKING:
    from invoke_tui.prompt.problems import Problem
    from invoke_tui.tui.screens.desk import Desk

BAR = 12
"""Cells of the longest bar, which is a weight of 2."""
HEAT = ((1.45, "$prompt-hot"), (1.2, "$prompt-warmer"), (1.0, "$prompt-warm"))
COOL = ((1 / 1.45, "$prompt-cold"), (1 / 1.2, "$prompt-cooler"), (1.0, "$prompt-cool"))


async def use(desk: Desk) -> None:
    """Explain the selection of the editor that was worked in, else its whole prompt."""
    editor = desk.screen.prompts.current
    text = editor.selected_text or editor.text
    if not text.strip():
        desk.screen.notify("There is no prompt to explain.", timeout=2, markup=False)
        return
    parsed = await asyncio.to_thread(parse, text)
    lines = await asyncio.to_thread(lambda: list(lines_of(explain(text), text)))
    tokens = await desk.aids.counted(text)
    await desk.screen.app.push_screen_wait(ExplainScreen(lines, list(parsed.problems), tokens))


class ExplainRows(Rows):
    """The tree: words, their weight as a number and a bar, and a note."""

    help_text: ClassVar[str] = (
        "Each line is a run of words with the weight that all the groups around it give it. Dim words are left out."
    )

    def __init__(self, lines: list[Line]) -> None:
        super().__init__(id="explain-rows", classes="tool-rows")
        self._lines = lines

    @property
    def row_count(self) -> int:
        """How many lines."""
        return len(self._lines)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Words, weight, bar, note."""
        line = self._lines[index]
        side = min(44, width // 2)
        words = cell(" " + "  " * min(line.depth, 20) + safe_text(line.text, limit=400), width - side)
        style = "$text-muted" if line.heading else heat(line.weight) if line.drawn else "$prompt-ignored"
        number = "" if line.weight is None else f"×{line.weight:.4g}"
        bar = (
            "" if line.weight is None or line.heading else "━" * max(1, round(min(2, line.weight) / 2 * BAR))
        )
        room = max(0, side - 9 - BAR - 1)
        tail = [
            (f" {number:<7} ", "" if plain else style),
            (bar.ljust(BAR), "" if plain else style),
            (cell(f" {line.note}", room).plain, "" if plain else "$text-muted"),
        ]
        return Content.assemble(words if plain else words.stylize(style), *tail)


def heat(weight: float | None) -> str:
    """The editor's colour of a weight."""
    if weight is None or weight == 1:
        return ""
    if weight > 1:
        return next(colour for least, colour in HEAT if weight > least)
    return next(colour for most, colour in COOL if weight < most)


class ExplainScreen(PromptDialog[None]):
    """Answers nothing."""

    places: ClassVar[tuple[actions.Place, ...]] = ("list", "dialog")
    help_title = "How the prompt is read"
    help_text = (
        "Weights multiply from the outside in. What stands in [brackets] is left out, <lora:name> adds a LoRA, and "
        "what could not be read is drawn as it stands and named below."
    )

    def __init__(self, lines: list[Line], problems: list[Problem], tokens: Content) -> None:
        super().__init__()
        self._lines, self._problems, self._tokens = lines, problems, tokens

    def compose(self) -> ComposeResult:
        """The tree, tokens and problems."""
        with Vertical(classes="dialog -tool", id="explain"):
            yield Static(Content("How the prompt is read"), classes="dialog-title")
            yield Static(self._counted(), id="explain-count")
            yield ExplainRows(self._lines)
            if self._problems:
                said = "\n".join(f"! {safe_text(one.message, limit=300)}" for one in self._problems[:5])
                yield Static(Content.styled(said, "$text-warning"), id="explain-problems")
            yield Static(Content("↑ ↓ scroll   esc back   F1 help"), classes="dialog-keys")

    def on_mount(self) -> None:
        """Arrows scroll."""
        rows = self.query_one(ExplainRows)
        rows.rearrange()
        self.set_focus(rows)

    def _counted(self) -> Content:
        weighed = sum(1 for line in self._lines if line.weight not in (None, 1) and not line.heading)
        left = sum(1 for line in self._lines if not line.drawn and not line.heading)
        said = [f"{weighed} weighed" if weighed else "nothing weighed"]
        said += [f"{left} left out"] if left else []
        said += ["1 problem" if len(self._problems) == 1 else f"{len(self._problems)} problems"] * bool(
            self._problems
        )
        tokens = Content.assemble(" · tokens ", self._tokens) if self._tokens.plain else Content("")
        return Content.assemble((" · ".join(said), "$text-muted"), tokens)
