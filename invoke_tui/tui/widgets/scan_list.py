"""What a scan found, and the folders that are looked through again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.model_words import type_word
from invoke_tui.tui.widgets.model_rows import Rows, cell
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from invoke_tui.domain.models.scan import ScanEntry, ScanFolder, ScanStatus
    from invoke_tui.tui.scan_run import ScanRun

COLOURS: Final[dict[ScanStatus, str]] = {
    "new": "$text-success",
    "changed": "$text-accent",
    "installed": "$text-muted",
    "unknown": "$text-warning",
    "unreadable": "$text-error",
}
ROOTS: Final = {"invokeai": "InvokeAI", "comfyui": "ComfyUI", "a1111": "A1111 or Forge", "folder": "folder"}


class ScanList(Rows):
    """The finds of a scan that fit the filter, as they come."""

    help_text: ClassVar[str] = (
        "What was found. Space chooses, a chooses all new ones, i installs what is chosen; c says whether the files "
        "are used where they lie or copied. f shows one state only, e says what an unknown file is."
    )

    def __init__(self) -> None:
        super().__init__(id="scan-list")
        self._run: ScanRun | None = None
        self._only = ""
        self._rows: list[ScanEntry] = []

    @property
    def row_count(self) -> int:
        """Finds that fit the filter."""
        return len(self._rows)

    @property
    def rows(self) -> list[ScanEntry]:
        """Finds that fit the filter."""
        return self._rows

    @property
    def entry(self) -> ScanEntry | None:
        """The find under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def show(self, run: ScanRun | None, only: str) -> None:
        """The finds of ``run``, or those of one status only."""
        chosen = self.entry
        same = run is self._run and only == self._only
        self._run, self._only = run, only
        entries = run.entries if run else []
        self._rows = [entry for entry in entries if entry.status == only] if only else entries
        at = None if same else 0
        if same and chosen is not None and (self.entry is None or self.entry.path != chosen.path):
            at = next((i for i, entry in enumerate(self._rows) if entry.path == chosen.path), None)
        self.rearrange(cursor=at)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Chosen, state, name, kind, size; the reason where there is one."""
        entry, run = self._rows[index], self._run
        assert run is not None
        chosen = entry.path in run.chosen
        can = run.installable(entry)
        mark = "◉" if chosen else "○" if can else " "
        failed = run.failed.get(entry.path)
        room = max(8, width - 17)
        parts: list[Content | tuple[str, str]] = [
            (f" {mark} ", "" if plain else "$text-accent" if chosen else "$text-muted"),
            (f"{entry.status:<11} ", "" if plain else COLOURS[entry.status]),
        ]
        why = failed.message if failed else entry.reason if entry.status in ("unknown", "unreadable") else ""
        name = safe_text(entry.name or entry.path.rpartition("/")[2], limit=300)
        if why:
            short = min(len(name) + 1, room // 2)
            said = cell(safe_text(why, limit=400), room - short - 1)
            parts += [cell(name, short), " ", said if plain else said.stylize("$text-muted")]  # type: ignore[list-item]
        else:
            kind = f"{type_word(entry.type)} · {entry.base.value}"
            wide = min(26, room // 3)
            tail = [cell(kind, wide), Content(" "), cell(size(entry.file_size), 8, right=True)]
            parts.append(cell(name, room - wide - 10))
            parts += [Content(" "), *(part if plain else part.stylize("$text-muted") for part in tail)]
        return Content.assemble(*parts)


class ScanFolders(Rows):
    """The folders that are looked through again with all the others."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("folders")
    help_text: ClassVar[str] = (
        "Folders that were scanned once. Enter looks through one again, d forgets it; its models stay."
    )

    def __init__(self) -> None:
        super().__init__(id="scan-folders", classes="place-folders")
        self.folders: list[ScanFolder] = []

    @property
    def row_count(self) -> int:
        """How many folders."""
        return len(self.folders)

    @property
    def folder(self) -> ScanFolder | None:
        """The folder under the cursor."""
        return self.folders[self.cursor] if self.cursor < len(self.folders) else None

    def show(self, folders: list[ScanFolder]) -> None:
        """These are remembered."""
        self.folders = folders
        self.rearrange()

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Path, whose it is, what was found, when."""
        folder = self.folders[index]
        found = f"{folder.summary.total} files, {folder.summary.installed + folder.summary.added} installed"
        tail = f"{ROOTS[folder.kind]:<15}{found:<28}{folder.scanned_at[:16].replace('T', ' ')} "
        tail = tail if width > 90 else f"{ROOTS[folder.kind]:<15}{folder.summary.total:>6} files "
        path = cell(safe_text(folder.path, limit=600), max(8, width - len(tail) - 3))
        return Content.assemble(" ", path, "  ", (tail, "" if plain else "$text-muted"))

    class Forgotten(Message):
        """A folder is to be looked through no more."""

        def __init__(self, folder: ScanFolder) -> None:
            super().__init__()
            self.folder = folder

    def action_open(self) -> None:
        """Look through it again."""
        self.post_message(self.Opened(self))

    def action_forget(self) -> None:
        """Look through it no more."""
        if self.folder is not None:
            self.post_message(self.Forgotten(self.folder))
