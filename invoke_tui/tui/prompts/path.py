"""Where a file lies, or is to be written: typed, with tab completing it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Final

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from invoke_tui.config.atomic import write_private
from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import complete
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import PromptDialog, told
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.widgets.fields import Field

TYPED: Final = 0.1
_SHOWN: Final = 40


class PathField(Input):
    """A path. Tab goes as far as it is clear."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="path_field.complete"),
    ]

    def __init__(self, value: str, suffixes: tuple[str, ...]) -> None:
        super().__init__(value, placeholder="a path", compact=True, select_on_focus=False)
        self.suffixes = suffixes
        self.help_text = "A path; ~ is your home. Tab completes it, enter takes it."

    async def action_complete(self) -> None:
        """Look, and go on as far as all that fits goes on."""
        typed = self.value
        names = await asyncio.to_thread(complete.paths, typed, self.suffixes)
        if self.value == typed and names:
            self.value = complete.joined(typed, names)
            self.cursor_position = len(self.value)


class PathHint(Static):
    """What there is that a path may go on with."""

    def __init__(self, field: PathField) -> None:
        super().__init__(classes="path-hint")
        self._field = field

    def look(self) -> None:
        """The path may be another one."""
        beside(self, "path-hint", self._look, self._field.value)

    async def _look(self, typed: str) -> None:
        await asyncio.sleep(TYPED)
        found = await asyncio.to_thread(complete.paths, typed, self._field.suffixes) if "/" in typed else []
        self.update(Content("  ".join(found[:_SHOWN])))


class PathScreen(PromptDialog[Path]):
    """Answers a path. ``check`` says what is wrong with it by raising; it runs in a thread."""

    help_title = "A file"
    AUTO_FOCUS = "PathField"

    def __init__(
        self, title: str, word: str, suffixes: tuple[str, ...], value: str, check: Callable[[Path], None]
    ) -> None:
        super().__init__()
        self._title, self._word, self._suffixes = title, word, suffixes
        self._value, self._check = value, check

    def compose(self) -> ComposeResult:
        """The path, what it may become, what is wrong with it."""
        with Vertical(classes="dialog -form"):
            yield Static(Content(self._title), classes="dialog-title")
            path = PathField(self._value, self._suffixes)
            yield Field("File", path)
            yield PathHint(path)
            yield Static(classes="dialog-problem")
            keys = f"enter {self._word}   tab complete   esc back"
            yield Static(Content(keys), classes="dialog-keys")

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one(".dialog-problem").remove_class("-shown")
        self.query_one(PathHint).look()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if typed:
            beside(self, "path", self._answer, Path(typed).expanduser().absolute())

    async def _answer(self, path: Path) -> None:
        try:
            await asyncio.to_thread(self._check, path)
        except StudioError as error:
            problem = self.query_one(".dialog-problem", Static)
            problem.update(told(error))
            problem.add_class("-shown")
        else:
            self.dismiss(path)


async def read_file(
    app: App[Any], title: str, suffixes: tuple[str, ...], most: int
) -> tuple[Path, bytes] | None:
    """A file and its bytes, one more than ``most`` at the most; None when the person went back."""
    path: Path | None = await app.push_screen_wait(PathScreen(title, "read it", suffixes, "~/", _readable))
    return (path, await asyncio.to_thread(_read, path, most)) if path is not None else None


async def write_file(
    app: App[Any], title: str, suffixes: tuple[str, ...], value: str, written: Callable[[str], str]
) -> Path | None:
    """Write what ``written`` makes for a suffix to a file, after asking about one that is there; where it lies now."""

    def writable(path: Path) -> None:
        if path.suffix.lower() not in suffixes:
            raise BadInputError(f"{path.name} does not end in {' or '.join(suffixes)}.", code="bad_output")
        if not path.parent.is_dir():
            raise BadInputError(f"There is no folder {path.parent}.", code="bad_output")

    path: Path | None = await app.push_screen_wait(PathScreen(title, "write it", suffixes, value, writable))
    if path is None:
        return None
    if await asyncio.to_thread(path.exists):
        question = f"{safe_text(path.name, limit=100)} is there already. Write over it?"
        if not await app.push_screen_wait(ConfirmScreen(question, "Write over it")):
            return None
    try:
        await asyncio.to_thread(write_private, path, written(path.suffix.lower()))
    except OSError as error:
        raise BadInputError(f"{path} cannot be written: {error.strerror}.", code="cannot_write") from error
    return path


def _readable(path: Path) -> None:
    if not path.is_file():
        raise BadInputError(f"There is no file {path}.", code="no_file")


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}.", code="cannot_read") from error
