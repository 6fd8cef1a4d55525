"""Giving pictures away: as a folder, a zip, a sheet, a page, or to the machine in front of the person."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Select, Static

from invoke_tui.client.export.makers import ExportForm, Wishes
from invoke_tui.client.export.run import export, file_of, names_of
from invoke_tui.domain.errors import BadInputError, CanceledError, StudioError
from invoke_tui.domain.gallery.names import FIELDS, wrong_template
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.copying import hand_over_from
from invoke_tui.tui.form_spec import FieldSpec
from invoke_tui.tui.pictures.handover import File
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.prompts.file_line import FileInput
from invoke_tui.tui.prompts.path import PathHint
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Field, SmallButton, Toggle
from invoke_tui.tui.words import at_home, size

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import Selection

HERE: Final = "here"
SUFFIXES: Final = {"folder": "", "zip": ".zip", "sheet": ".png", "html": ".html"}
MOST_SENT: Final = 100
"""Files that are handed to a terminal at once: they are held in memory."""
TOLD_EVERY: Final = 0.2
"""Seconds between two words about how far it is."""
FORMS: Final = FieldSpec(
    "form",
    "As",
    "choice",
    "What they become",
    choices=(
        ("a zip", "zip"),
        ("one sheet with all of them", "sheet"),
        ("a page for a browser", "html"),
        ("files on the machine in front of you", HERE),
    ),
    fallback="a folder",
)
_HERE_MEANS: Final = (
    "kitty asks whether it may, and puts them into your home folder there; iTerm2 downloads them. Another terminal, "
    "and any behind tmux, takes one picture into its clipboard, smaller where there is no room, as text for a browser."
)


class ExportScreen(PromptDialog[str]):
    """Answers, in a sentence, what was done. Going back while it works stops it and leaves nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+g,f5", "start", "Export", show=False, priority=True, id="export.start"),
    ]
    AUTO_FOCUS = "Choice"
    help_title = "Export"
    help_text = (
        "A folder or zip holds the files as they are, or without metadata: then not a pixel changes. Names may be made "
        f"of {', '.join(f'{{{name}}}' for name in FIELDS[:10])} and more; {{prompt:40}} is cut, a slash makes folders. "
        "A sheet is one PNG, a page one HTML file that needs no other and runs nothing. Nothing that is there is "
        f"written over unless you say so. {_HERE_MEANS}"
    )

    def __init__(self, selection: Selection, count: int) -> None:
        super().__init__()
        self._selection, self._count = selection, count
        self._busy = False
        self._told = 0.0

    def compose(self) -> ComposeResult:
        """What, where, how, and how far it is."""
        several = f"{self._count:,} pictures" if self._count > 1 else "the picture"
        with Vertical(classes="dialog -form", id="export"):
            yield Static(Content(f"Give away {several}"), classes="dialog-title")
            yield Field(FORMS.label, Choice(FORMS))
            where = FileInput(
                tuple(filter(None, SUFFIXES.values())),
                placeholder="a path",
                help_text="Where to; ~ is your home on the machine that the studio runs on. Tab completes.",
            )
            where.value = f"~/pictures-{date.today():%Y-%m-%d}"
            yield Field("Where", where, id="export-where")
            yield PathHint(where)
            names = Input(placeholder="as in the gallery", compact=True, id="export-template")
            names.help_text = "What files are called, e.g. {date}/{model}/{seed}-{prompt:40}."  # type: ignore[attr-defined]
            yield Field("Names", names, id="export-names")
            with Horizontal(id="edit-switches", classes="form-pair"):
                yield Toggle(
                    "without metadata",
                    help_text="Prompts, settings and all else are taken out; not a pixel changes",
                    id="export-strip",
                )
                yield Toggle(
                    ".json beside each",
                    help_text="What the gallery knows of it as a file of its own",
                    id="export-sidecar",
                )
            yield Static(Content.styled(_HERE_MEANS, "$text-muted"), id="export-here", classes="dialog-note")
            yield Static(classes="dialog-problem")
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(" Export ", help_text="Begins; esc stops it.", id="export-start")
            yield Static(id="export-progress")
            yield Static(
                Content("^g export   tab complete, next   esc back   F1 help"), classes="dialog-keys"
            )

    def on_mount(self) -> None:
        """Begin with a folder."""
        self._fit()
        self._tell("")

    @property
    def _form(self) -> str:
        return self.query_one(Choice).chosen or "folder"

    @property
    def _where(self) -> FileInput:
        return self.query_one(FileInput)

    @on(Select.Changed)
    def _fit(self) -> None:
        """Show what this form needs, and give the path its ending."""
        form = self._form
        files = form in ("folder", "zip")
        self.query_one("#export-where").display = self.query_one(PathHint).display = form != HERE
        self.query_one("#export-names").display = files
        self.query_one("#export-sidecar").display = files
        self.query_one("#export-here").display = form == HERE
        if form != HERE and (typed := self._where.value.strip()):
            path = PurePosixPath(typed)
            known = path.suffix.lower() in SUFFIXES.values() and path.suffix
            self._where.value = str(path.with_suffix("") if known else path) + SUFFIXES[form]

    @on(Input.Changed)
    @on(Toggle.Changed)
    def _changed(self) -> None:
        self.query_one(PathHint).look()
        self.query_one(".dialog-problem").remove_class("-shown")

    @on(Input.Submitted)
    @on(SmallButton.Pressed, "#export-start")
    def action_start(self) -> None:
        """Do it."""
        if self._busy:
            return
        self._busy = True
        beside(self, "export", self._start)

    async def _start(self) -> None:
        try:
            client = await self.studio.link.client()
            self.dismiss(await (self._hand_over(client) if self._form == HERE else self._export(client)))
        except StudioError as error:
            problem = self.query_one(".dialog-problem", Static)
            problem.update(told(error))
            problem.add_class("-shown")
        finally:
            self._busy = False
            self._tell("")

    # -- to a file ------------------------------------------------------------------------------------------------

    async def _export(self, client: StudioClient, *, force: bool = False) -> str:
        wishes, place = self._wishes(force=force), self._place()
        try:
            done = await export(client, self._selection, place, wishes, self._count_up)
        except StudioError as error:
            if error.code != "exists" or force:
                raise
            question = f"{safe_text(error.message.partition(' is there')[0], limit=200)} is there already. Replace it?"
            if not await self.app.push_screen_wait(ConfirmScreen(question, "Replace it")):
                raise CanceledError("Nothing was written.") from error
            return await self._export(client, force=True)
        left = f", {len(done.skipped)} left out: their files are gone or damaged" if done.skipped else ""
        number = len(done.names)
        what = f"{number:,} {'picture' if number == 1 else 'pictures'}, {size(done.size)}"
        return f"{what}, in {safe_text(at_home(str(done.path)), limit=300)}{left}."

    def _wishes(self, *, force: bool) -> Wishes:
        template = self.query_one("#export-template", Input).value.strip()
        if template and (wrong := wrong_template(template)):
            raise BadInputError(f"The names cannot be used: {wrong}.", code="bad_template")
        return Wishes(
            form=ExportForm(self._form),
            strip=self.query_one("#export-strip", Toggle).value,
            sidecar=self.query_one("#export-sidecar", Toggle).value,
            force=force,
            names=template,
        )

    def _place(self) -> Path:
        typed = self._where.value.strip()
        if not typed:
            raise BadInputError("Say where to.", code="bad_output")
        try:
            return Path(typed).expanduser().absolute()
        except (RuntimeError, ValueError, OSError) as error:  # a home that is none, a NUL
            raise BadInputError("This is no path.", code="bad_output") from error

    def _count_up(self, done: int, total: int) -> None:
        """Say how far it is, not so often that saying it takes the time."""
        if (now := time.monotonic()) - self._told < TOLD_EVERY:
            return
        self._told = now
        self._tell(f"{done:,} of {total:,}; esc stops and leaves nothing")

    def _tell(self, text: str) -> None:
        if self.is_mounted:
            line = self.query_one("#export-progress", Static)
            line.update(Content.styled(text, "$text-accent"))
            line.display = bool(text)

    # -- to the machine in front of the person --------------------------------------------------------------------

    async def _hand_over(self, client: StudioClient) -> str:
        names = await names_of(client, self._selection)
        if len(names) > MOST_SENT:
            raise BadInputError(f"{MOST_SENT} pictures are the most at once.", code="too_many")
        strip = self.query_one("#export-strip", Toggle).value
        files: list[File] = []
        for name in names:
            self._count_up(len(files), len(names))
            files.append(File(name, await file_of(client, name, strip=strip)))
        return hand_over_from(self.studio, files)
