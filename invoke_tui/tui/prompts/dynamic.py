"""The dynamic prompt: how many prompts it stands for, which, and how they are made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.dynamic.varying import fixed, varying
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.form_spec import spec
from invoke_tui.tui.prompts.dialog import TYPED, Either, PromptDialog, labelled, told
from invoke_tui.tui.prompts.options import PromptOptions
from invoke_tui.tui.prompts.preview_line import how_many
from invoke_tui.tui.widgets.fields import NumberField, SmallButton, Toggle
from invoke_tui.tui.widgets.model_rows import Rows

if TYPE_CHECKING:
    from invoke_tui.domain.request.parameters import GenerationRequest
    from invoke_tui.domain.request.wildcards import PromptPreview
    from invoke_tui.tui.screens.desk import Desk

LEAD = 12
"""Characters shown before the first that differ, in a prompt that is too long for its row."""


async def use(desk: Desk) -> None:
    """Show it; keep what was chosen, and make the pictures if that is wished."""
    request = desk.prompt_request().model_copy(update={"count": desk.form.count})
    answer = await desk.screen.app.push_screen_wait(DynamicScreen(request, desk.options))
    if answer is not None:
        desk.options, make = answer
        if make:
            desk.generate()


class PromptRows(Rows):
    """The prompts, one a row, with what differs among them in colour."""

    help_text: ClassVar[str] = "The prompts that are made. What differs among them is in colour."

    def __init__(self) -> None:
        super().__init__(id="dynamic-rows", classes="tool-rows")
        self._prompts: list[str] = []
        self._pieces: tuple[str, ...] = ()

    @property
    def row_count(self) -> int:
        """How many prompts are here."""
        return len(self._prompts)

    @property
    def prompt(self) -> str:
        """The prompt under the cursor."""
        return self._prompts[self.cursor] if self.cursor < len(self._prompts) else ""

    def show(self, seen: PromptPreview) -> None:
        """These prompts."""
        self._prompts = seen.prompts
        self._pieces = fixed(seen.text) if seen.dynamic and not seen.refused else (seen.text,)
        self.rearrange()

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Number and prompt, from where it begins to differ when it is long."""
        digits = max(3, len(str(len(self._prompts))))
        prompt = self._prompts[index]
        spans = varying(prompt, self._pieces)
        begin = spans[0][0] - LEAD if spans and len(prompt) > width - digits - 4 else 0
        begin = prompt.rfind(" ", 0, begin) + 1 if begin > 0 else 0
        number = (f" {index + 1:>{digits}}  ", "" if plain else "$text-muted")
        return Content.assemble(number, *coloured(prompt, spans, begin, begin + width, plain=plain)).truncate(
            width, ellipsis=True
        )


def coloured(
    prompt: str, spans: list[tuple[int, int]], begin: int, end: int, *, plain: bool
) -> list[tuple[str, str]]:
    """The characters ``begin`` to ``end`` of a prompt, those in ``spans`` in colour."""
    parts = [("…", "")] if begin else []
    at = begin
    for start, stop in [*spans, (end, end)]:
        if at < start:
            parts.append((_line(prompt[at : min(start, end)]), ""))
        parts.append((_line(prompt[max(at, start) : min(stop, end)]), "bold" if plain else "$text-accent"))
        at = max(at, stop)
    return [part for part in parts if part[0]]


def _line(text: str) -> str:
    return safe_text(text, limit=2_000)


class DynamicScreen(PromptDialog[tuple[PromptOptions, bool]]):
    """Answers the options, and whether the pictures are to be made now."""

    place: ClassVar[actions.Place] = "dynamic"
    places: ClassVar[tuple[actions.Place, ...]] = ("dynamic", "list", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("dynamic")]
    help_title = "Dynamic prompts"
    help_text = (
        "One prompt that stands for many: {red|blue} is one of them, {2$$a|b|c} two of them, __colour__ a line of a "
        "wildcard file, ${x={a|b}} a variable. Here is what yours expands to."
    )

    def __init__(self, request: GenerationRequest, options: PromptOptions) -> None:
        super().__init__()
        self._request, self._options = request, options

    def compose(self) -> ComposeResult:
        """How they are made, how many, which."""
        options = self._options
        with Vertical(classes="dialog -tool", id="dynamic"):
            yield Static(Content("Dynamic prompts"), classes="dialog-title")
            yield labelled(
                "Prompt",
                Either(
                    "expanded",
                    "drawn as it stands",
                    value=options.dynamic_prompts,
                    help_text="Whether choices and wildcards are expanded at all",
                    id="dynamic-on",
                ),
            )
            yield labelled(
                "Made of it",
                Either(
                    "every combination",
                    "random draws",
                    value=options.combinatorial,
                    help_text="All combinations in order up to the limit, or as many draws as the limit says",
                    id="dynamic-combinatorial",
                ),
            )
            yield labelled(
                "Seeds",
                Either(
                    "all prompts share one",
                    "each prompt has its own",
                    value=options.seed_behaviour == "PER_ITERATION",
                    help_text=(
                        "With one seed for all, pictures differ by their words alone (PER_ITERATION); else by "
                        "their noise, too (PER_PROMPT)"
                    ),
                    id="dynamic-seeds",
                ),
            )
            yield labelled(
                "At most", NumberField(spec("max_prompts")), Static(Content(" prompts"), id="dynamic-unit")
            )
            yield Static(id="dynamic-count", classes="tool-count")
            yield PromptRows()
            yield Static(id="dynamic-word", classes="tool-word")
            with Horizontal(classes="tool-foot"):
                yield SmallButton(" Keep ", help_text="Keeps how the prompt is expanded.", id="dynamic-keep")
                yield SmallButton(
                    " Make them ", help_text="Keeps it, and makes these pictures.", id="dynamic-make"
                )
            keys = "enter keep   ^g make them   tab next   space change   esc leave   F1 help"
            yield Static(Content(keys), classes="dialog-keys")

    def on_mount(self) -> None:
        """Ask at once."""
        self._field.value = str(self._options.max_prompts)
        self.set_focus(self.query_one(PromptRows))
        self._ask(0)

    @property
    def _field(self) -> NumberField:
        return self.query_one(NumberField)

    def _either(self, name: str) -> bool:
        return self.query_one(f"#dynamic-{name}", Either).value

    @property
    def options(self) -> PromptOptions:
        """What is chosen now; a limit that cannot be is left as it was."""
        limit = self._field.value.strip()
        usable = limit if limit and not self._field.spec.check(limit) else str(self._options.max_prompts)
        return self._options.model_copy(
            update={
                "dynamic_prompts": self._either("on"),
                "combinatorial": self._either("combinatorial"),
                "seed_behaviour": "PER_ITERATION" if self._either("seeds") else "PER_PROMPT",
                "max_prompts": int(usable),
            }
        )

    @on(Toggle.Changed)
    def _chosen(self) -> None:
        self._ask(0)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._ask(TYPED)

    def _ask(self, quiet: float) -> None:
        request = self._request.model_copy(update=self.options.asked())
        beside(self, "dynamic", self._preview, request, quiet)

    async def _preview(self, request: GenerationRequest, quiet: float) -> None:
        await asyncio.sleep(quiet)
        try:
            client = await self.studio.link.client()
            seen = await client.preview_prompts(request, limit=request.max_prompts)
        except StudioError as error:
            self.query_one("#dynamic-count", Static).update(told(error))
            return
        self.query_one(PromptRows).show(seen)
        self.query_one("#dynamic-count", Static).update(_counted(seen, request))
        problem = seen.problems[0].message if seen.problems else ""
        self._problem = safe_text(problem, limit=400)
        self._tell()

    _problem = ""

    @on(Rows.Moved)
    def _tell(self) -> None:
        """What is wrong, and the whole of a prompt that is too long for its row."""
        rows = self.query_one(PromptRows)
        whole = safe_text(rows.prompt, limit=2_000)
        if len(whole) < rows.size.width - 10:
            whole = ""
        problem = (f"! {self._problem}\n", "$text-warning") if self._problem else ""
        self.query_one("#dynamic-word", Static).update(Content.assemble(problem, (whole, "$text-muted")))

    @on(Input.Submitted)
    @on(SmallButton.Pressed, "#dynamic-keep")
    def action_keep(self) -> None:
        """Answer what is chosen."""
        self.dismiss((self.options, False))

    @on(SmallButton.Pressed, "#dynamic-make")
    def action_make(self) -> None:
        """Answer what is chosen, and that the pictures are to be made."""
        self.dismiss((self.options, True))


def _counted(seen: PromptPreview, request: GenerationRequest) -> Content:
    """``12 prompts × 2 each = 24 pictures``, and what goes for the draws."""
    if not request.dynamic_prompts:
        return Content.styled(
            "The prompt is drawn as it stands; choices and wildcards are text.", "$text-muted"
        )
    if not seen.dynamic:
        return Content.styled(
            "Nothing to expand: write {red|blue} for a choice, __name__ for a wildcard.", "$text-muted"
        )
    if seen.refused:
        return Content.styled("One prompt, drawn as it stands:", "$text-warning")
    each = f" × {request.count} each" if request.count > 1 else ""
    total = seen.made * request.count
    drawn = "" if request.combinatorial or request.seed is not None else " · drawn anew with every seed"
    return Content.assemble(
        (f"{how_many(seen, combinatorial=request.combinatorial)}{each}", "$text-accent"),
        (f" = {total:,} {'picture' if total == 1 else 'pictures'}", "bold"),
        (drawn, "$text-muted"),
    )
