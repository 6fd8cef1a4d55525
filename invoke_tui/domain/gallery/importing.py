"""Taking pictures in: what is asked for, and the job that does it."""

from __future__ import annotations

import shlex
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import ExitCode
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT
from invoke_tui.domain.gallery.images import ImageCategory
from invoke_tui.domain.models.installs import InstallError as JobError
from invoke_tui.domain.text import safe_text

MOST_TOLD: Final = 200
"""Files that a job names with a reason; of more it tells the number."""

ImportKind = Literal["file", "folder", "invokeai", "a1111", "comfyui"]
"""Whose pictures they are: of a program's folder the pictures' own folder is read, of InvokeAI its records too."""


class ImportStatus(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The studio ended while it was at work."""

    @property
    def finished(self) -> bool:
        """Whether nothing happens any more."""
        return self is not ImportStatus.RUNNING


class ImportOrder(Record):
    """What to take in. ``path`` is a file or folder on the daemon's machine."""

    path: str = Field(min_length=1, max_length=4096)
    board: str | None = Field(
        default=None,
        min_length=1,
        max_length=BOARD_NAME_LIMIT,
        description="A board by id or name, made where there is none; unset = where new pictures go",
    )
    in_place: bool = Field(
        default=False, description="Leave PNG, JPEG and WebP where they lie; never touch them"
    )
    boards_from_folders: bool = Field(default=False, description="A board for each folder, one in the other")
    recursive: bool = True
    category: ImageCategory | None = Field(
        default=None, description="Unset = general where a picture says what it was made with, else user"
    )
    intermediates: bool = Field(
        default=True,
        description="Of an InvokeAI root also what its runs made on their way, which no list shows",
    )

    @property
    def command(self) -> str:
        """What asks for the same in a shell."""
        words = ["invoke-tui", "gallery", "import", self.path]
        words += ["--board", self.board] if self.board is not None else []
        words += ["--in-place"] if self.in_place else []
        words += ["--boards-from-folders"] if self.boards_from_folders else []
        words += [] if self.recursive else ["--no-recursive"]
        words += ["--category", self.category] if self.category is not None else []
        words += [] if self.intermediates else ["--no-intermediates"]
        return shlex.join(words)


class SkippedFile(Record):
    """A file that was not taken, and why. Both are safe to show."""

    path: str
    reason: str


class ImportJob(Record):
    """Pictures on their way in. ``rate`` in files per second; texts are safe to show.

    ``done`` counts every file that was looked at: those ``added``, those ``known`` already by content, and ``skipped``.
    """

    job_id: str
    order: ImportOrder
    kind: ImportKind = "folder"
    status: ImportStatus = ImportStatus.RUNNING
    total: int | None = Field(default=None, description="None until all files are counted")
    added: int = 0
    assets: int = Field(
        default=0, description="Of those added: not among the images, which say what made them"
    )
    known: int = 0
    skipped: int = 0
    boards: int = Field(default=0, description="Boards that were made")
    rate: float | None = None
    told: tuple[SkippedFile, ...] = Field(default=(), description="The first files that were skipped")
    notes: tuple[str, ...] = ()
    error: JobError | None = None
    created_at: datetime

    @property
    def hint(self) -> str:
        """How to go on after an early end."""
        command = safe_text(self.order.command, limit=1_000)
        return f"What it took is there; begin it again for the rest: {command}"

    def interrupted(self) -> ImportJob:
        """The same, cut off by the end of the studio."""
        error = JobError(
            code="interrupted", message="The studio ended while this import was at work.", hint=self.hint
        )
        return self.model_copy(update={"status": ImportStatus.INTERRUPTED, "error": error, "rate": None})

    @property
    def done(self) -> int:
        """How many files were looked at."""
        return self.added + self.known + self.skipped

    @property
    def exit_code(self) -> ExitCode:
        """What a verb ends with that waited for it."""
        if self.error is not None:
            return ExitCode(self.error.exit_code)
        if self.status is ImportStatus.CANCELLED:
            return ExitCode.CANCELED
        return ExitCode.DONE


class RawText(Record):
    """A text as it stands in a picture's file: ``keyword`` names the chunk, ``length`` all its characters."""

    keyword: str
    text: str = Field(description="Safe to show, and cut")
    length: int


class FileTexts(Record):
    """What a picture's file says, with the files beside it: who wrote it, what was left out and why, and all of it."""

    program: str | None = None
    notes: list[str] = Field(default_factory=list, description="Safe to show")
    texts: list[RawText] = Field(default_factory=list)
