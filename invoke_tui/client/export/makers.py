"""What an export becomes, picture by picture: a folder, a zip, a contact sheet, a page."""

from __future__ import annotations

import json
import math
import zipfile
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar, Final

from invoke_tui.client.export.page import FOOT, figure, head
from invoke_tui.client.export.places import WholeFile, WholeFolder
from invoke_tui.client.export.sheet import Cell, contact_sheet

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord

MOST_ON_SHEET: Final = 1_000
_MINE: Final = frozenset({"path", "item_id", "session_id", "node_id", "board_id"})
"""Of this studio only: of no use elsewhere, and nobody else's business."""


class ExportForm(StrEnum):
    """What an export becomes."""

    FOLDER = "folder"
    ZIP = "zip"
    SHEET = "sheet"
    HTML = "html"


@dataclass(frozen=True)
class Wishes:
    """How pictures are given away."""

    form: ExportForm
    strip: bool = False
    """Without metadata; the pixels stay what they are."""
    sidecar: bool = False
    """What is known of each picture as JSON beside it, in a folder or zip."""
    force: bool = False
    """What is there is replaced."""
    names: str = ""
    """A template of the files' names; empty: as in the gallery."""
    title: str = ""
    """Stands above a page."""


@dataclass(frozen=True)
class Entry:
    """A picture: its bytes are the whole file's, or those of its thumbnail."""

    record: ImageRecord
    name: str
    data: bytes


class Maker(ABC):
    """Something that pictures are added to. Raises ``OSError`` where the disk does."""

    small: ClassVar[bool] = False
    """Thumbnails are wanted, not files."""

    def __init__(self, place: Path, wishes: Wishes) -> None:
        self._wishes = wishes

    @abstractmethod
    def add(self, entry: Entry) -> None:
        """One more."""

    @abstractmethod
    def finish(self) -> Path:
        """Have it whole in its place."""

    @abstractmethod
    def abandon(self) -> None:
        """Leave nothing of it."""


class Folder(Maker):
    """A file for each, with its sidecar."""

    def __init__(self, place: Path, wishes: Wishes) -> None:
        super().__init__(place, wishes)
        self._folder = WholeFolder(place, force=wishes.force)

    def add(self, entry: Entry) -> None:
        """One more."""
        self._folder.add(entry.name, entry.data)
        if self._wishes.sidecar:
            self._folder.add(_beside(entry.name), _about(entry.record))

    def finish(self) -> Path:
        """Have it whole in its place."""
        return self._folder.finish()

    def abandon(self) -> None:
        """Leave nothing of it."""
        self._folder.abandon()


class OneFile(Maker):
    """What becomes a single file."""

    def __init__(self, place: Path, wishes: Wishes) -> None:
        super().__init__(place, wishes)
        self._file = WholeFile(place, force=wishes.force)

    def finish(self) -> Path:
        """Have it whole in its place."""
        return self._file.finish()

    def abandon(self) -> None:
        """Leave nothing of it."""
        self._file.abandon()


class Archive(OneFile):
    """A zip. Pictures are packed already, so they are only stored."""

    def __init__(self, place: Path, wishes: Wishes) -> None:
        super().__init__(place, wishes)
        self._zip = zipfile.ZipFile(self._file.stream, "w")

    def add(self, entry: Entry) -> None:
        """One more."""
        self._put(entry, entry.name, entry.data, zipfile.ZIP_STORED)
        if self._wishes.sidecar:
            self._put(entry, _beside(entry.name), _about(entry.record), zipfile.ZIP_DEFLATED)

    def _put(self, entry: Entry, name: str, data: bytes, packing: int) -> None:
        made = entry.record.created_at.astimezone()
        year = min(max(made.year, 1980), 2107)  # those that a zip knows
        info = zipfile.ZipInfo(name, (year, made.month, made.day, made.hour, made.minute, made.second))
        info.external_attr = 0o644 << 16
        info.compress_type = packing
        self._zip.writestr(info, data)

    def finish(self) -> Path:
        """Have it whole in its place."""
        self._zip.close()
        return super().finish()

    def abandon(self) -> None:
        """Leave nothing of it, the list at the zip's end least of all: there may be no room for that."""
        self._zip.fp = None
        super().abandon()


class Sheet(OneFile):
    """A PNG with all of them on it."""

    small = True

    def __init__(self, place: Path, wishes: Wishes) -> None:
        super().__init__(place, wishes)
        self._cells: list[Cell] = []

    def add(self, entry: Entry) -> None:
        """One more."""
        self._cells.append(Cell(entry.data, () if self._wishes.strip else _label(entry.record)))

    def finish(self) -> Path:
        """Draw it."""
        self._file.stream.write(contact_sheet(self._cells, math.ceil(math.sqrt(len(self._cells)))))
        return super().finish()


class Page(OneFile):
    """One HTML file that needs no other, and runs nothing."""

    small = True

    def __init__(self, place: Path, wishes: Wishes) -> None:
        super().__init__(place, wishes)
        self._file.stream.write(head(wishes.title or "Pictures"))

    def add(self, entry: Entry) -> None:
        """One more."""
        self._file.stream.write(figure(entry.record, entry.data, settled=not self._wishes.strip))

    def finish(self) -> Path:
        """Have it whole in its place."""
        self._file.stream.write(FOOT)
        return super().finish()


MAKERS: Final[dict[ExportForm, type[Maker]]] = {
    ExportForm.FOLDER: Folder,
    ExportForm.ZIP: Archive,
    ExportForm.SHEET: Sheet,
    ExportForm.HTML: Page,
}


def form_of(place: str) -> ExportForm:
    """What a place's name asks for."""
    ends = {
        ".zip": ExportForm.ZIP,
        ".html": ExportForm.HTML,
        ".htm": ExportForm.HTML,
        ".png": ExportForm.SHEET,
    }
    return ends.get(PurePosixPath(place).suffix.lower(), ExportForm.FOLDER)


def _beside(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(".json"))


def _about(record: ImageRecord) -> bytes:
    told: dict[str, Any] = record.model_dump(mode="json", exclude=set(_MINE))
    return json.dumps(told, ensure_ascii=False, indent=1).encode(errors="replace")


def _label(record: ImageRecord) -> tuple[str, ...]:
    found = record.metadata or {}
    model = found.get("model")
    named = model.get("name") if isinstance(model, dict) else None
    seed = None if record.seed is None else f"seed {record.seed}"
    lines = (str(found.get("positive_prompt") or record.image_name), str(named or ""), seed or "")
    return tuple(filter(None, lines))
