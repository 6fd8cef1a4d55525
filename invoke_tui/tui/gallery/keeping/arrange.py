"""Arranging files by a template, with what that would do shown first."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.keeping import ArrangeOrder, ArrangePlan, SpaceReport
from invoke_tui.domain.gallery.names import FIELDS, wrong_template
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import TYPED, PromptDialog, told
from invoke_tui.tui.widgets.fields import Field

_SHOWN: Final = 6
"""Moves of the plan that are shown."""


class ArrangeScreen(PromptDialog[ArrangeOrder]):
    """Answers what to do, once the plan was seen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+g,f5", "start", "Move", show=False, priority=True, id="arrange.start"),
    ]
    AUTO_FOCUS = "Input"
    help_title = "Arrange files"
    help_text = (
        "Moves the files of pictures that were made here within their folder. Those that were brought stay. "
        f"A template is made of {', '.join(f'{{{name}}}' for name in FIELDS)}; {{prompt:40}} is cut, a slash makes "
        "folders. Empty: InvokeAI's names, in folders as image_subfolder_strategy says. New pictures go where the "
        "settings say: image_name_template."
    )

    def __init__(self, space: SpaceReport) -> None:
        super().__init__()
        self._space = space
        self._planned: ArrangeOrder | None = None

    def compose(self) -> ComposeResult:
        """The template, and what it would do."""
        with Vertical(classes="dialog -form", id="keeping-arrange"):
            yield Static(Content("Arrange files"), classes="dialog-title")
            empty = f"InvokeAI's names, folders: {self._space.strategy}"
            template = Input(self._space.template, placeholder=empty, max_length=400, compact=True)
            template.help_text = "E.g. {date}/{model}/{seed}-{prompt:40}; F1 lists the fields."  # type: ignore[attr-defined]
            yield Field("Template", template)
            yield Static(id="arrange-plan")
            yield Static(classes="dialog-problem")
            yield Static(Content("^g move them   esc back   F1 help"), classes="dialog-keys")

    def on_mount(self) -> None:
        """Plan what the settings say."""
        beside(self, "plan", self._plan, 0)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._planned = None
        beside(self, "plan", self._plan, TYPED)

    @on(Input.Submitted)
    def action_start(self) -> None:
        """Do what was planned."""
        if self._planned is not None:
            self.dismiss(self._planned)

    async def _plan(self, after: float) -> None:
        await asyncio.sleep(after)
        problem = self.query_one(".dialog-problem", Static)
        template = self.query_one(Input).value.strip()
        order = ArrangeOrder.model_validate({"strategy": self._space.strategy, "template": template})
        try:
            if template and (wrong := wrong_template(template)):
                raise BadInputError(f"It cannot be used: {wrong}.", code="bad_template")
            plan = await (await self.studio.link.client()).plan_arranging(order)
        except StudioError as error:
            self.query_one("#arrange-plan", Static).update("")
            problem.update(told(error))
            problem.add_class("-shown")
            return
        problem.remove_class("-shown")
        self._planned = order
        self.query_one("#arrange-plan", Static).update(_told(plan))


def _told(plan: ArrangePlan) -> Content:
    lines = [
        f"\n{safe_text(move.old, limit=160)}\n  → {safe_text(move.new, limit=160)}"
        for move in plan.first[:_SHOWN]
    ]
    moves = f"{plan.moves:,} would be moved" if plan.moves else "Nothing is to be moved"
    return Content.assemble(f"{moves}; {plan.in_place:,} lie right.", ("".join(lines), "$text-muted"))
