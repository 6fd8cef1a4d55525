"""What can be done to the gallery's files."""

from __future__ import annotations

from typing import NamedTuple

from textual.content import Content

from invoke_tui.domain.gallery.keeping import CheckReport, SpaceReport
from invoke_tui.tui.gallery.keeping.words import backup_time, kinds
from invoke_tui.tui.widgets.model_rows import Rows, cell
from invoke_tui.tui.words import size


class Task(NamedTuple):
    """A line."""

    key: str
    label: str
    note: str = ""


class TaskRows(Rows):
    """One a line; what the last check found comes first."""

    def __init__(self) -> None:
        super().__init__(id="keeping-tasks")
        self.found: CheckReport | None = None
        self._tasks = _tasks(None, None)

    @property
    def row_count(self) -> int:
        """Lines there are."""
        return len(self._tasks)

    @property
    def chosen(self) -> Task:
        """The one under the cursor."""
        return self._tasks[self.cursor]

    def show(self, space: SpaceReport | None, found: CheckReport | None) -> None:
        """With these numbers; the cursor stays on its line."""
        key, self.found = self.chosen.key, found if found is not None and found.findings else None
        self._tasks = _tasks(space, self.found)
        at = next((at for at, task in enumerate(self._tasks) if task.key == key), 0)
        self.rearrange(cursor=at)
        self.styles.height = len(self._tasks)

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """What, and what is known about it."""
        task = self._tasks[index]
        label = cell(task.label, 30)
        note = cell(task.note, max(1, width - 34))
        return Content.assemble(" ", label, "  ", (note.plain, "" if plain else "$text-muted"), " ")


def _tasks(space: SpaceReport | None, found: CheckReport | None) -> list[Task]:
    named = space is not None and (space.template or f"InvokeAI's names, folders: {space.strategy}")
    backups = space.backups if space is not None else []
    newest = f"{len(backups)}, the newest of {backup_time(backups[0])}" if backups else "there is none"
    trash = f"{space.trash.count:,} pictures, {size(space.trash.size)}" if space is not None else ""
    return [
        *([Task("found", "What the check found", kinds(found) or "all repaired")] if found else []),
        Task("verify", "Check files and list", "missing, damaged, not listed"),
        Task("thumbnails", "Make all thumbnails anew", "those that lack come by themselves"),
        Task("rebuild", "List pictures from their files", "after the database was lost"),
        Task("arrange", "Arrange files in folders", named or ""),
        Task("move", "Move the pictures' folder", "to another place or disk"),
        Task("backup", "Back up the database", "also done by itself, once a day"),
        Task("restore", "Go back to a backup", newest),
        Task("trash", "Empty the trash", trash),
    ]
