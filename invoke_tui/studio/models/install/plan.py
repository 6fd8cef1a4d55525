"""What a source turned out to be: the files to get, and what is known about the model."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.models.records import SourceType


class Wanted(Record):
    """One file. ``path`` is safe and relative to the model's folder; ``size`` may be a site's rounded figure, which
    ``exact`` tells."""

    url: str
    path: str
    size: int | None = None
    exact: bool = False
    sha256: str = ""
    blake3: str = ""
    local: str = Field(default="", description="Where the same file lies on this machine already")


class Plan(Record):
    """Everything needed to install one model, without any secret: it is kept on disk."""

    source: str
    source_type: SourceType
    files: tuple[Wanted, ...]
    name: str = ""
    description: str = ""
    whole_folder: bool = False
    """Whether the folder is the model; otherwise its one weights file is."""
    card: dict[str, Any] | None = Field(default=None, description="Civitai's words, laid beside the model")
    preview: str = Field(default="", description="Address of a picture")
    note: str = ""

    @property
    def known_bytes(self) -> int | None:
        """The size of everything, when every file's is known."""
        sizes = [wanted.size for wanted in self.files]
        return None if None in sizes else sum(size for size in sizes if size)
