"""The gallery's record of one picture."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import Field

from invoke_tui.domain.base import Record

PICTURE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,120}\.png")
"""What pictures of the gallery are called."""
LAST: Final = "last"
"""Stands for the newest picture where one is named."""

ImageOrigin = Literal["internal", "external"]
ImageCategory = Literal["general", "mask", "control", "user", "other"]


class ImageRecord(Record):
    """One picture on disk. ``path`` is absolute; the file itself carries metadata and graph."""

    image_name: str
    path: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    image_origin: ImageOrigin = "internal"
    image_category: ImageCategory = "general"
    is_intermediate: bool = False
    starred: bool = False
    has_workflow: bool = False
    board_id: str | None = None
    item_id: int | None = None
    session_id: str | None = None
    node_id: str | None = None
    created_at: datetime
    metadata: dict[str, Any] | None = None

    @property
    def seed(self) -> int | None:
        """The seed, where the metadata holds one."""
        seed = (self.metadata or {}).get("seed")
        return seed if isinstance(seed, int) else None


class ImagePage(Record):
    """A keyset page of pictures, newest first."""

    images: list[ImageRecord]
    total: int
    next: str | None = Field(default=None, description="Pass as ``after`` to get the next page")
