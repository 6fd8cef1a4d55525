"""A field for a file of this machine: tab completes, the line below shows what there is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from invoke_tui.tui import complete
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import TYPED, labelled
from invoke_tui.tui.prompts.path import PathField

OFFERED: Final = 40


class FileInput(PathField):
    """The text; tab goes as far as it is clear, and to the next field where nothing can be added."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "List", show=False, id="file.down"),
    ]

    def __init__(self, suffixes: tuple[str, ...], *, placeholder: str, help_text: str) -> None:
        super().__init__("", suffixes)
        self.placeholder, self.help_text = placeholder, help_text

    async def action_complete(self) -> None:
        """As far as it is clear."""
        before = self.value
        await super().action_complete()
        if self.value == before:
            self.app.action_focus_next()


class FileLine(Vertical):
    """Label, text, and below what it may go on with."""

    class Chosen(Message):
        """A path was typed, and nothing more for a moment; ``path`` is None where it is no file."""

        def __init__(self, path: Path | None) -> None:
            super().__init__()
            self.path = path

    def __init__(self, label: str, suffixes: tuple[str, ...], *, placeholder: str, help_text: str) -> None:
        super().__init__(id="file-line")
        self._label, self._suffixes = label, suffixes
        self._input = FileInput(suffixes, placeholder=placeholder, help_text=help_text)

    def compose(self) -> ComposeResult:
        """Label and text in a line, the offers below."""
        yield labelled(self._label, self._input)
        yield Static(id="file-offers")

    @property
    def input(self) -> FileInput:
        """Where it is typed."""
        return self._input

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        beside(self, "file", self._look, event.value)

    async def _look(self, typed: str) -> None:
        await asyncio.sleep(TYPED)
        path, names = await asyncio.to_thread(_looked, typed, self._suffixes)
        shown = "" if path is not None else "  ".join(names[:OFFERED])
        self.query_one("#file-offers", Static).update(Content.styled(shown, "$text-muted"))
        self.post_message(self.Chosen(path))


def _looked(typed: str, suffixes: tuple[str, ...]) -> tuple[Path | None, list[str]]:
    if not typed.strip():
        return None, []
    try:
        path = Path(typed.strip()).expanduser()
        found = path if path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, a home that is none, a NUL
        return None, []
    return found, complete.paths(typed, suffixes)
