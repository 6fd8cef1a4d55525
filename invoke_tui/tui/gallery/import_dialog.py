"""Bringing pictures: a file, a folder, or another program's root. Closing the window ends nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.client import StudioClient
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT, BoardRecord
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder, ImportStatus
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.prompts.file_line import FileInput
from invoke_tui.tui.prompts.path import PathHint
from invoke_tui.tui.widgets.fields import Field, SmallButton, Toggle
from invoke_tui.tui.widgets.picture_source import SUFFIXES
from invoke_tui.tui.words import bar

_LOOK: Final = 0.25
_SHOWN: Final = 6
"""Files that were skipped and are shown."""
_KINDS: Final = {
    "file": "",
    "folder": "",
    "invokeai": "InvokeAI: its boards and stars come along, and nothing is written there.",
    "a1111": "A1111 or Forge.",
    "comfyui": "ComfyUI.",
}


class ImportScreen(PromptDialog[str]):
    """Answers, in a sentence, what was brought. Opened while an import runs it shows that one, and after one that was
    interrupted what goes on with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+g,f5", "start", "Import", show=False, priority=True, id="import.start"),
        Binding("alt+x", "end", "End", show=False, priority=True, id="import.end"),
    ]
    AUTO_FOCUS = "FileInput"
    help_title = "Bring pictures"
    help_text = (
        "Takes in a picture, a folder with its folders, or the root of InvokeAI, A1111, Forge or ComfyUI, with what "
        "each picture was made with. The same picture is taken once, so beginning again adds only what is missing. "
        "Files are copied, or left where they lie; nothing there is ever changed. The import goes on when this window "
        "is closed, and when the terminal is."
    )

    def __init__(self, board: BoardRecord | None = None, path: str = "") -> None:
        """``board`` and ``path`` are what to begin with."""
        super().__init__()
        self._board, self._path = board, path
        self._job: ImportJob | None = None
        self._interrupted: ImportJob | None = None

    def compose(self) -> ComposeResult:
        """What, where to, how, and how far it is."""
        with Vertical(classes="dialog -form", id="import"):
            yield Static(Content("Bring pictures"), classes="dialog-title")
            path = FileInput(
                SUFFIXES,
                placeholder="a picture, a folder, or a program's root",
                help_text="What to take, on the machine that the studio runs on. Tab completes.",
            )
            path.value = self._path
            yield Field("From", path)
            yield PathHint(path)
            board = Input(
                safe_text(self._board.board_name, limit=BOARD_NAME_LIMIT) if self._board else "",
                placeholder="where new pictures go",
                compact=True,
                max_length=BOARD_NAME_LIMIT,
                id="import-board",
            )
            board.help_text = "The board to put them on, made where there is none."  # type: ignore[attr-defined]
            yield Field("Board", board)
            yield Toggle(
                "leave them where they lie",
                help_text="The gallery shows the files in place; otherwise it copies them",
                id="import-in-place",
            )
            yield Toggle(
                "a board for each folder",
                help_text="One in the other, as the folders are",
                id="import-boards",
            )
            yield Static(id="import-progress", classes="dialog-note")
            yield Static(id="import-skipped", classes="dialog-note")
            yield Static(classes="dialog-problem")
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(" Import ", help_text="Begins.", id="import-start")
                yield SmallButton(" Back ", help_text="To the gallery.", id="import-back")
            yield Static(
                Content("^g import   alt+x end it   tab complete, next   esc back   F1 help"),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        """Show the import that runs, if one does."""
        if self._path:
            self.query_one("#import-start").focus()
        beside(self, "import", self._take_up)

    @on(Input.Changed)
    @on(Toggle.Changed)
    def _changed(self) -> None:
        self.query_one(PathHint).look()
        self.query_one(".dialog-problem").remove_class("-shown")

    @on(SmallButton.Pressed, "#import-back")
    def _back(self) -> None:
        self.action_close()

    @on(Input.Submitted)
    @on(SmallButton.Pressed, "#import-start")
    def action_start(self) -> None:
        """Begin."""
        if self._job is None or self._job.status.finished:
            beside(self, "import", self._start)
        else:
            self.notify("An import runs; alt+x ends it.", timeout=3, markup=False)

    def action_end(self) -> None:
        """End the import, or forget the one that was interrupted; what it took stays."""
        if self._job is not None and not self._job.status.finished:
            beside(self, "import-end", self._end, self._job.job_id)
        elif self._interrupted is not None:
            beside(self, "import-end", self._end, self._interrupted.job_id)
            self._interrupted = None
            self.query_one("#import-progress", Static).update("")

    def action_close(self) -> None:
        """Back; an import goes on."""
        running = self._job is not None and not self._job.status.finished
        if self._job is None:
            self.dismiss()
        else:
            self.dismiss("The import goes on; I shows it." if running else summary(self._job))

    async def _start(self) -> None:
        try:
            order = self._order()
            client = await self.studio.link.client()
            await self._follow(client, await client.start_import(order))
        except StudioError as error:
            self._fail(error)

    async def _take_up(self) -> None:
        try:
            client = await self.studio.link.client()
            jobs = await client.import_jobs()
            running = next((job for job in jobs if not job.status.finished), None)
            cut_off = [job for job in jobs if job.status is ImportStatus.INTERRUPTED]
            if running is not None:
                await self._follow(client, running)
            elif cut_off and not self.query_one(FileInput).value:
                self._offer(cut_off[-1])
        except StudioError as error:
            self._fail(error)

    def _offer(self, job: ImportJob) -> None:
        """Fill in what an interrupted import was asked for."""
        self._interrupted, order = job, job.order
        self.query_one(FileInput).value = safe_text(order.path, limit=4096)
        self.query_one("#import-board", Input).value = safe_text(order.board or "", limit=BOARD_NAME_LIMIT)
        self.query_one("#import-in-place", Toggle).value = order.in_place
        self.query_one("#import-boards", Toggle).value = order.boards_from_folders
        of = f" of {job.total:,}" if job.total is not None else ""
        said = f"Interrupted at {job.done:,}{of}: the studio ended. ^g brings the rest, alt+x forgets it."
        self.query_one("#import-progress", Static).update(Content.styled(said, "$text-warning"))

    async def _end(self, job_id: str) -> None:
        try:
            await (await self.studio.link.client()).cancel_import(job_id)
        except StudioError as error:
            self._fail(error)

    async def _follow(self, client: StudioClient, job: ImportJob) -> None:
        self._show(job)
        while not job.status.finished:
            await asyncio.sleep(_LOOK)
            job = await client.import_job(job.job_id)
            self._show(job)
        if job.error is not None:
            raise job.error.as_error()

    def _order(self) -> ImportOrder:
        typed = self.query_one(FileInput).value.strip()
        if not typed:
            raise BadInputError(
                "Say what to take.", hint="A picture or a folder; tab completes.", code="no_path"
            )
        try:
            path = Path(typed).expanduser().absolute()
        except (RuntimeError, ValueError, OSError) as error:  # a home that is none, a NUL
            raise BadInputError("This is no path.", code="bad_path") from error
        board, given = self.query_one("#import-board", Input).value.strip(), self._board
        cut_off = self._interrupted
        begun = cut_off.order.model_dump() if cut_off and cut_off.order.path == str(path) else {}
        asked = {
            "path": str(path),
            "board": given.board_id if given is not None and given.board_name == board else board or None,
            "in_place": self.query_one("#import-in-place", Toggle).value,
            "boards_from_folders": self.query_one("#import-boards", Toggle).value,
        }
        return ImportOrder(**begun | asked)

    def _show(self, job: ImportJob) -> None:
        self._job, self._interrupted = job, None
        self.query_one("#import-progress", Static).update(_progress(job))
        lines = [f"{safe_text(Path(one.path).name, limit=60)}: {one.reason}" for one in job.told[:_SHOWN]]
        if (more := job.skipped - len(lines)) > 0 and lines:
            lines.append(f"and {more:,} more; 'invoke-tui gallery imports --json' names them")
        self.query_one("#import-skipped", Static).update(Content.styled("\n".join(lines), "$text-warning"))
        if job.status is ImportStatus.COMPLETED:
            self.query_one("#import-back").focus()

    def _fail(self, error: StudioError) -> None:
        self._job = None
        problem = self.query_one(".dialog-problem", Static)
        problem.update(told(error))
        problem.add_class("-shown")


def summary(job: ImportJob) -> str:
    """What came of an import."""
    if job.error is not None:
        return safe_text(job.error.message, limit=300)
    among = f" ({job.assets:,} among the assets: a)" if job.assets else ""
    parts = [f"{job.added:,} new{among}", f"{job.known:,} known"]
    parts += [f"{job.skipped:,} skipped"] if job.skipped else []
    parts += [f"{job.boards:,} new {'board' if job.boards == 1 else 'boards'}"] if job.boards else []
    ended = "Done" if job.status is ImportStatus.COMPLETED else "Ended early"
    return f"{ended}: {', '.join(parts)}."


def _progress(job: ImportJob) -> Content:
    if job.status.finished:
        return Content("") if job.error else Content.styled(summary(job), "$text-success")
    if job.total is None:
        return Content.styled("looking…", "$text-accent")
    filled, rest = bar(job.done / job.total if job.total else 0, 20)
    rate = f"  {job.rate:,.0f} a second" if job.rate else ""
    return Content.assemble(
        (filled, "$text-accent"),
        (rest, "$text-disabled"),
        f" {job.done:,} of {job.total:,}{rate}",
        (f"\n{_KINDS[job.kind]}" if _KINDS[job.kind] else "", "$text-muted"),
    )
