"""The gallery's record of one picture."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from invoke_tui.domain.base import Record

PICTURE_BEGINNING: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{3,120}$"
"""How a name may begin for what begins so to be looked for."""
PICTURE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,120}\.(png|jpg|webp)")
"""What pictures of the gallery are called; how a name ends is the format of its file."""
LAST: Final = "last"
"""Stands for the newest picture where one is named."""

ImageFormat = Literal["png", "jpeg", "webp"]
FORMATS: Final[dict[str, ImageFormat]] = {".png": "png", ".jpg": "jpeg", ".webp": "webp"}
"""The formats that the gallery keeps, by how names end. Upper case is Pillow's name, ``image/`` before it the media
type."""
SUFFIXES: Final[dict[ImageFormat, str]] = {kind: suffix for suffix, kind in FORMATS.items()}

ImageOrigin = Literal["internal", "external"]
ImageCategory = Literal["general", "mask", "control", "user", "other"]
ImageView = Literal["images", "assets", "all"]
"""Pictures that were made; those that were brought, and masks; both."""
ImageOrder = Literal["newest", "oldest", "starred", "rating", "name", "size", "model"]
ORDERS: Final[dict[ImageOrder, str]] = {
    "newest": "newest first",
    "oldest": "oldest first",
    "starred": "starred first",
    "rating": "best rated first",
    "name": "by name",
    "size": "largest file first",
    "model": "by model",
}


def format_of(image_name: str) -> ImageFormat:
    """The format of a picture of the gallery."""
    return FORMATS["." + image_name.rpartition(".")[2]]


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
    rating: int = Field(default=0, ge=0, le=5)
    notes: str = ""
    file_size: int = Field(default=0, description="Bytes; 0 = not known")
    has_workflow: bool = False
    board_id: str | None = None
    item_id: int | None = None
    session_id: str | None = None
    node_id: str | None = None
    created_at: datetime
    deleted_at: datetime | None = Field(default=None, description="In the trash since")
    program: str | None = Field(default=None, description="What it says that it was made with")
    metadata: dict[str, Any] | None = Field(
        default=None, description="Not in pages, unless they are asked for it"
    )

    @property
    def seed(self) -> int | None:
        """The seed, where the metadata holds one."""
        seed = (self.metadata or {}).get("seed")
        return seed if isinstance(seed, int) else None


class Listing(Record):
    """Which pictures, and in what order."""

    board_id: str | None = Field(
        default=None, description="A board, 'none' = pictures without one; unset = all"
    )
    view: ImageView = "images"
    query: str = Field(default="", max_length=2_000, description="As in ``domain.gallery.query``")
    order: ImageOrder = "newest"
    trash: bool = False


class ImagePage(Record):
    """Some pictures of a listing: ``images[0]`` is number ``at`` of ``total``.

    ``revision`` is another number whenever anything in the gallery changed: places may have moved.
    """

    images: list[ImageRecord]
    at: int = 0
    total: int
    revision: int = 0
    problems: list[str] = Field(default_factory=list, description="What of the query was not understood")

    @property
    def next(self) -> int | None:
        """The ``at`` of the page that follows."""
        following = self.at + len(self.images)
        return following if following < self.total else None


class Thumbnail(Record):
    """A small picture, or why there is none."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    image_name: str
    data: bytes = Field(default=b"", description="A WebP")
    problem: Literal["", "missing", "unreadable"] = ""


class DateGroup(Record):
    """Pictures of one month, in a listing by age; ``at`` is the first one's place."""

    month: str = Field(description="2026-01")
    at: int
    count: int


class ImageChanges(Record):
    """What shall be different of some pictures; only fields that are given count."""

    starred: bool | None = None
    rating: int | None = Field(default=None, ge=0, le=5)
    board_id: str | None = Field(default=None, description="A board, or 'none'")
    notes: str | None = Field(default=None, max_length=20_000)
    is_intermediate: bool | None = None
    image_category: ImageCategory | None = None


class Selection(Record):
    """Pictures that something is done to: those named, and all of a listing but those left out."""

    names: list[str] = Field(default_factory=list, max_length=10_000)
    listing: Listing | None = None
    left_out: list[str] = Field(default_factory=list, max_length=10_000)


class TrashRecord(Record):
    """What lies in the trash; ``size`` in bytes."""

    count: int
    size: int
