"""Pictures of the prompts in a file, as one batch with the form's settings."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.dynamic.scan import is_dynamic
from invoke_tui.prompt.lines import PromptLine, PromptLines, read_prompt_lines
from invoke_tui.tui import actions
from invoke_tui.tui.beside import beside
from invoke_tui.tui.form_spec import FieldSpec
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.prompts.file_line import FileLine
from invoke_tui.tui.widgets.fields import Field, NumberField, SmallButton
from invoke_tui.tui.widgets.model_rows import Rows, cell

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk

SUFFIXES: Final = (".txt", ".csv", ".md", ".prompts", ".prompt", ".lst")
START: Final = FieldSpec(
    "start_line", "From line", "integer", "The line of the file to begin with", minimum=1, fallback="1"
)
MOST: Final = FieldSpec(
    "most_lines", "At most", "integer", "How many prompts to take", minimum=1, fallback="all"
)


async def use(desk: Desk) -> None:
    """Ask for a file and queue its prompts."""
    limit = desk.screen.studio.studio.settings.max_queue_size
    asked = ImportScreen(desk.form.count, limit, dynamic=desk.options.dynamic_prompts)
    prompts = await desk.screen.app.push_screen_wait(asked)
    if not prompts:
        return
    request = desk.request()
    if request is None:
        desk.screen.show_pane(picture=False)
        return
    desk.enqueue(*(request.model_copy(update={"positive_prompt": prompt}) for prompt in prompts))


class LineRows(Rows):
    """The prompts that would be made, with the numbers of their lines."""

    help_text: ClassVar[str] = "The prompts that will be made, with the lines they stand on."

    def __init__(self) -> None:
        super().__init__(id="import-rows", classes="tool-rows")
        self.lines: tuple[PromptLine, ...] = ()

    @property
    def row_count(self) -> int:
        """How many prompts."""
        return len(self.lines)

    def show(self, lines: tuple[PromptLine, ...]) -> None:
        """These prompts."""
        self.lines = lines
        self.rearrange()

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Line number and prompt."""
        line = self.lines[index]
        text = cell(safe_text(line.text, limit=1_000), width - 9)
        return Content.assemble((f"{line.number:>7}  ", "" if plain else "$text-muted"), text)


class ImportScreen(PromptDialog[list[str]]):
    """Answers the prompts to make."""

    place: ClassVar[actions.Place] = "import"
    places: ClassVar[tuple[actions.Place, ...]] = ("import", "list", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("import")]
    help_title = "Prompts from a file"
    help_text = (
        "A text file with one prompt a line; empty lines and lines that begin with # are skipped. All of them become "
        "one batch with the negative prompt and the settings of the form."
    )

    def __init__(self, count: int, limit: int, *, dynamic: bool = True) -> None:
        """``count`` pictures of each prompt; the queue takes ``limit`` at once."""
        super().__init__()
        self._count, self._limit, self._dynamic = count, limit, dynamic
        self._found: PromptLines | None = None

    def compose(self) -> ComposeResult:
        """The file, which part of it, how many pictures, which."""
        with Vertical(classes="dialog -tool", id="import"):
            yield Static(Content("Prompts from a file"), classes="dialog-title")
            yield FileLine(
                "File",
                SUFFIXES,
                placeholder="a text file with one prompt a line",
                help_text="A file of the machine you sit at. Tab completes, ↓ goes to its prompts.",
            )
            with Horizontal(classes="tool-pair"):
                yield Field(START.label, NumberField(START))
                yield Field(MOST.label, NumberField(MOST))
            yield Static(id="import-count", classes="tool-count")
            yield LineRows()
            with Horizontal(classes="tool-foot"):
                yield SmallButton(
                    " Make them ", help_text="Puts all of them into the queue.", id="import-queue"
                )
            yield Static(
                Content("tab complete   ↓ prompts   ^g make them   esc leave   F1 help"),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        """Begin with the file."""
        self._say(_how())
        self.set_focus(self.query_one(FileLine).input)

    def _say(self, content: Content) -> None:
        self.query_one("#import-count", Static).update(content)

    @on(FileLine.Chosen)
    def _chosen(self, event: FileLine.Chosen) -> None:
        beside(self, "import", self._read, event.path)

    async def _read(self, path: Path | None) -> None:
        self._found = None
        if path is None:
            typed = self.query_one(FileLine).input.value
            self._say(Content.styled("no file yet", "$text-muted") if typed else _how())
        else:
            try:
                self._found = await asyncio.to_thread(read_prompt_lines, path)
            except StudioError as error:
                self._say(told(error))
        self._part()

    @on(Input.Changed)
    def _part(self) -> None:
        """The part of the file that is asked for, and what will become of it."""
        found = self._found
        lines = found.part(self._number(START, 1), self._number(MOST, 0)) if found is not None else ()
        self.query_one(LineRows).show(lines)
        if found is not None:
            self._say(self._counted(lines, found.skipped))

    def _number(self, spec: FieldSpec, otherwise: int) -> int:
        raw = self.query_one(f"#field-{spec.name}", NumberField).value.strip()
        return int(raw) if raw and not spec.check(raw) else otherwise

    def _counted(self, lines: tuple[PromptLine, ...], skipped: int) -> Content:
        pictures = len(lines) * self._count
        if pictures > self._limit:
            said = f"{pictures:,} pictures; the queue takes {self._limit:,}. Take fewer lines, or a smaller count."
            return Content.styled(f"✗ {said}", "$text-error")
        each = f" × {self._count} each" if self._count > 1 else ""
        more = "at least " if self._dynamic and any(is_dynamic(line.text) for line in lines) else ""
        left_out = f" · {skipped:,} empty lines and comments are left out" if skipped else ""
        return Content.assemble(
            (f"{len(lines):,} {'prompt' if len(lines) == 1 else 'prompts'}{each}", "$text-accent"),
            (f" = {more}{pictures:,} {'picture' if pictures == 1 else 'pictures'}", "bold"),
            (left_out, "$text-muted"),
        )

    @on(Input.Submitted)
    def action_list(self) -> None:
        """To the prompts."""
        self.set_focus(self.query_one(LineRows))

    @on(SmallButton.Pressed, "#import-queue")
    def action_queue(self) -> None:
        """Answer the prompts."""
        lines = self.query_one(LineRows).lines
        if not lines or len(lines) * self._count > self._limit:
            self.notify("There is nothing to make of it as it is.", timeout=3, markup=False)
            return
        self.dismiss([line.text for line in lines])


def _how() -> Content:
    return Content.styled(
        "One prompt a line; empty lines and lines that begin with # are left out.", "$text-muted"
    )
