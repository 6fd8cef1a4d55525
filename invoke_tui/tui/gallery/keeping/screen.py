"""Housekeeping: what the gallery takes, and everything that looks after its files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.client.keeping import offline
from invoke_tui.domain.errors import BadInputError, CanceledError, NotFoundError, StudioError
from invoke_tui.domain.gallery.keeping import (
    ArrangeOrder,
    CheckReport,
    FindingKind,
    KeepingVerb,
    MoveReport,
    SpaceReport,
    Step,
)
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.gallery.choose import Choice, ChooseScreen, Chosen
from invoke_tui.tui.gallery.keeping import words
from invoke_tui.tui.gallery.keeping.arrange import ArrangeScreen
from invoke_tui.tui.gallery.keeping.findings import FindingsScreen
from invoke_tui.tui.gallery.keeping.tasks import TaskRows
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.prompts.path import PathScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.widgets.model_rows import Rows
from invoke_tui.tui.words import at_home, size

PURGE: Final = "purge"
_LOOK: Final = 0.1
_REBUILD: Final = (
    "List every picture of the folder that is not listed? Stars, boards and ratings come from the newest backup, the "
    "rest from the files. Pictures that are listed stay as they are."
)
_MOVE: Final = (
    "The pictures go into the folder images in it. Files are copied, the setting outputs_dir is written, then the old "
    "files are removed. The queue must be at rest; the studio starts anew afterwards."
)


class FolderScreen(PathScreen):
    """Answers the folder that is to have the pictures; what is wrong with it the studio says."""

    help_title = "Move the pictures' folder"
    help_text = f"{_MOVE} A move that is cut short is undone or ended at the next start."

    def __init__(self) -> None:
        super().__init__("Move the pictures' folder to", "move there", (), "~/", lambda _path: None)


class HousekeepingScreen(PromptDialog[str]):
    """Answers ``purge`` where the trash is to be emptied. What runs goes on when it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", "Do it", show=False, id="keeping.begin"),
        Binding("alt+x", "end", "End", show=False, id="keeping.end"),
    ]
    AUTO_FOCUS = "TaskRows"
    help_title = "Housekeeping"
    help_text = (
        "Checking reads every picture and changes nothing; what it finds is shown, and mended where you say so. One "
        "work is done at a time. It goes on when this window, or the terminal, is closed; alt+x ends it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._rows = TaskRows()
        self._space: SpaceReport | None = None
        self._running = False

    def compose(self) -> ComposeResult:
        """What is taken, what can be done, and how far it is."""
        with Vertical(classes="dialog -form", id="keeping"):
            yield Static(Content("Housekeeping"), classes="dialog-title")
            yield Static(Content("…\n"), id="keeping-space")
            yield self._rows
            yield Static(id="keeping-progress")
            yield Static(classes="dialog-problem")
            yield Static(
                Content("↑ ↓ choose   enter do it   alt+x end what runs   esc back   F1 help"),
                classes="dialog-keys",
            )

    def on_mount(self) -> None:
        """Measure, and show what runs or how the last one ended."""
        beside(self, "space", self._measure)
        beside(self, "work", self._follow)

    @on(Rows.Opened)
    def action_begin(self) -> None:
        """Do what the cursor is on."""
        if self._running:
            self.notify("One at a time; alt+x ends what runs.", timeout=3, markup=False)
        else:
            beside(self, "work", self._do, self._rows.chosen.key)

    def action_end(self) -> None:
        """End what runs."""
        if self._running:
            beside(self, "end", self._end)

    # -- what is done ---------------------------------------------------------------------------------------------

    async def _do(self, task: str) -> None:
        self._say(Content(""))
        try:
            match task:
                case "found" if self._rows.found is not None:
                    await self._mend(self._rows.found)
                case "verify" | "thumbnails":
                    await self._work(task, {})
                case "rebuild":
                    if await self.app.push_screen_wait(ConfirmScreen(_REBUILD, "List them")):
                        await self._work("rebuild", {})
                case "arrange" if self._space is not None:
                    order: ArrangeOrder | None = await self.app.push_screen_wait(ArrangeScreen(self._space))
                    if order is not None:
                        await self._work("arrange", order.model_dump(mode="json"))
                case "move":
                    await self._move()
                case "backup":
                    done = await (await self.studio.link.client()).back_up_database()
                    self._done(f"{at_home(done.path)}: {size(done.size)}, {done.pictures:,} pictures.")
                case "restore" if self._space is not None:
                    await self._restore(self._space)
                case "trash":
                    self.dismiss(PURGE)
                case _:
                    pass
        except StudioError as error:
            self._fail(error)
        beside(self, "space", self._measure)

    async def _move(self) -> None:
        folder: Path | None = await self.app.push_screen_wait(FolderScreen())
        if folder is None:
            return
        question = f"Move the pictures to {safe_text(folder, limit=300)}?\n\n{_MOVE}"
        if await self.app.push_screen_wait(ConfirmScreen(question, "Move them")):
            await self._work("move", {"outputs_dir": str(folder)})

    async def _restore(self, space: SpaceReport) -> None:
        choices = [
            Choice(one.path, words.backup_time(one) or safe_text(one.path, limit=80), size(one.size))
            for one in space.backups
        ]
        help_text = "Backups of the studio, newest first; or type the path of another one."
        chosen: Chosen | None = await self.app.push_screen_wait(
            ChooseScreen("Go back to which backup?", choices, own="the file {}", help_text=help_text)
        )
        if chosen is None:
            return
        file = await asyncio.to_thread(_file, chosen.key or chosen.typed)
        question = (
            "Put the backup in the database's place? Boards, stars, queue and models are as they were then; pictures "
            "that were made since are taken in again. The present database is kept among the backups."
        )
        if await self.app.push_screen_wait(ConfirmScreen(question, "Go back to it")):
            self._say(Content.styled("the studio is stopped, the backup checked…", "$text-accent"))
            # of the app, for it has to come to its end when this window is closed
            alongside(self.app, "restore", self._put_back, file)

    async def _put_back(self, file: str) -> None:
        self._running = True
        try:
            async with self.studio.link.without_studio():
                done = await offline(self.studio.paths, "restore", file)
        except StudioError as error:
            self.studio.show_error(error, title="Backup")
            self._say(Content(""))
        else:
            kept = f" The one before: {at_home(str(done['kept']))}." if done["kept"] else ""
            self.studio.notify(f"The database is as the backup had it.{kept}", timeout=8, markup=False)
            self._done("The database is as the backup had it.")
        finally:
            self._running = False

    # -- work that goes on ------------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        try:
            client = await self.studio.link.client()
            report = await client.keep_following(self._step)
        except NotFoundError:
            return
        except StudioError as error:
            if self._running or not isinstance(error, CanceledError):  # what was ended before is no news
                self._fail(error)
        else:
            self._rows.show(self._space, report if isinstance(report, CheckReport) else None)
            self._done(words.ended(report))
        finally:
            self._running = False

    async def _work(self, verb: KeepingVerb, body: dict[str, Any]) -> None:
        """Do one of the works, and say what came of it; what a check finds is shown."""
        self._running = True
        try:
            report = await (await self.studio.link.client()).keep(verb, body, self._step)
        finally:
            self._running = False
        if isinstance(report, MoveReport):
            self._say(Content.styled("the studio starts anew…", "$text-accent"))
            while self.studio.link.connected:  # the old one, which knows the old folder, is about to go
                await asyncio.sleep(_LOOK)
        self._rows.show(self._space, report if isinstance(report, CheckReport) else None)
        self._done(words.ended(report))
        if isinstance(report, CheckReport) and report.findings:
            await self._mend(report)

    async def _mend(self, report: CheckReport) -> None:
        kinds: list[FindingKind] | None = await self.app.push_screen_wait(FindingsScreen(report))
        if kinds:
            await self._work("verify", {"repair": True, "kinds": kinds})

    async def _end(self) -> None:
        try:
            await (await self.studio.link.client()).end_keeping()
        except StudioError as error:
            self._fail(error)

    async def _measure(self) -> None:
        try:
            self._space = await (await self.studio.link.client()).gallery_space()
        except StudioError as error:
            self._fail(error)
            return
        self.query_one("#keeping-space", Static).update(words.space(self._space))
        self._rows.show(self._space, self._rows.found)

    # -- what is said -----------------------------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        self._running = True
        self._say(words.progress(step))

    def _done(self, text: str) -> None:
        self._say(Content.styled(safe_text(text, limit=600), "$text-success"))

    def _say(self, text: Content) -> None:
        if self.is_attached:
            self.query_one(".dialog-problem").remove_class("-shown")
            self.query_one("#keeping-progress", Static).update(text)

    def _fail(self, error: StudioError) -> None:
        if self.is_attached:
            self._say(Content(""))
            problem = self.query_one(".dialog-problem", Static)
            problem.update(told(error))
            problem.add_class("-shown")


def _file(typed: str) -> str:
    """A file that is there. Raises ``BadInputError``. For a thread."""
    try:
        path = Path(typed).expanduser().absolute()
        if path.is_file():
            return str(path)
    except (RuntimeError, ValueError, OSError):  # a home that is none, a NUL
        pass
    raise BadInputError(f"There is no file {typed}.", code="no_file")
