"""What an import takes: pictures, their boards, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from invoke_tui.domain.gallery.importing import ImportKind, SkippedFile


@dataclass(frozen=True)
class Board:
    """A board of another program."""

    board_id: str
    name: str
    archived: bool = False
    cover_image_name: str | None = None
    created_at: str | None = None


@dataclass(frozen=True)
class Wanted:
    """A picture to take. ``folders`` or ``board_id`` say on which board; ``values`` are columns that are known."""

    path: Path
    folders: tuple[str, ...] = ()
    board_id: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    metadata: str | None = None

    def without_name(self) -> Wanted:
        """The same, to be called by its content."""
        return replace(
            self, values={name: value for name, value in self.values.items() if name != "image_name"}
        )


@dataclass(frozen=True)
class Source:
    """All there is to take. ``skipped`` is complete when ``wanted`` has come to its end."""

    kind: ImportKind
    total: int
    wanted: Iterator[Wanted | SkippedFile]
    boards: tuple[Board, ...] = ()
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None
