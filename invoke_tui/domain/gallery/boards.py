"""Boards, as InvokeAI has them, and searches that are kept like boards."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pydantic import Field

from invoke_tui.domain.base import Record

UNCATEGORIZED: Final = "none"
"""Stands for no board where one is named."""
BOARD_NAME_LIMIT: Final = 300


class BoardRecord(Record):
    """A board with what is on it, the trash and intermediate pictures not counted."""

    board_id: str
    board_name: str
    parent_id: str | None = None
    archived: bool = False
    cover_image_name: str | None = Field(default=None, description="As chosen, else the newest picture")
    image_count: int = 0
    asset_count: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


class BoardList(Record):
    """Every board by name; pictures without one are counted in ``uncategorized``."""

    boards: list[BoardRecord]
    uncategorized: BoardRecord
    auto_add_board_id: str | None = Field(
        default=None, description="Where new pictures go; none = uncategorized"
    )


class BoardText(Record):
    """A new board."""

    board_name: str = Field(min_length=1, max_length=BOARD_NAME_LIMIT)
    parent_id: str | None = None


class BoardChanges(Record):
    """What shall be different; only fields that are given count."""

    board_name: str | None = Field(default=None, min_length=1, max_length=BOARD_NAME_LIMIT)
    parent_id: str | None = None
    cover_image_name: str | None = None
    archived: bool | None = None


class SavedSearch(Record):
    """A query under a name."""

    search_id: str
    name: str = Field(min_length=1, max_length=BOARD_NAME_LIMIT)
    query: str = Field(min_length=1, max_length=2_000)
