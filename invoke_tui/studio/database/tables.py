"""The tables, for SQLAlchemy Core. Column names are InvokeAI's where it has one.

SQLAlchemy Core spells the statements (typed, composable, no string building from input); its ORM and session have
nothing to add for records that are read and written whole.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData()

queue_items: Final = Table(
    "queue_items",
    metadata,
    Column("item_id", Integer, primary_key=True, autoincrement=True),
    Column("batch_id", Text, nullable=False),
    Column("session_id", Text, nullable=False, unique=True),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("position", Float, nullable=False, server_default="0"),
    # how often a worker has taken the item, and how many of those times the worker died of it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("crashes", Integer, nullable=False, server_default="0"),
    Column("prompt", Text, nullable=False, server_default=""),
    Column("request", Text),
    Column("session", Text),
    Column("workflow", Text),
    Column("origin", Text),
    Column("destination", Text),
    Column("device", Text),
    Column("worker", Text),
    Column("lease_until", Float),
    Column("error_type", Text),
    Column("error_message", Text),
    Column("error_hint", Text),
    Column("error_traceback", Text),
    Column("retried_from_item_id", Integer),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("started_at", Text),
    Column("completed_at", Text),
    sqlite_autoincrement=True,
)
Index("idx_queue_items_order", queue_items.c.status, text("priority DESC"), queue_items.c.position)
Index("idx_queue_items_batch_id", queue_items.c.batch_id)

SHELVES: Final = {"images": 0, "assets": 1, "trash": -1, "intermediate": -2}
"""Where a picture is listed; every one is on one shelf, where triggers put it."""

images: Final = Table(  # narrow: what is looked through, sorted and filtered by
    "images",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("image_name", Text, nullable=False, unique=True),
    Column("file", Text, nullable=False),  # below the pictures' folder; absolute where it lies elsewhere
    Column("image_origin", Text, nullable=False),
    Column("image_category", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("file_size", Integer, nullable=False, server_default="0"),
    Column("is_intermediate", Boolean, nullable=False, server_default="0"),
    Column("starred", Boolean, nullable=False, server_default="0"),
    Column("rating", Integer, nullable=False, server_default="0"),
    Column("has_workflow", Boolean, nullable=False, server_default="0"),
    Column("board_id", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("deleted_at", Text),  # in the trash since
    Column("shelf", Integer, nullable=False, server_default="0"),
    Column("item_id", Integer),
    Column("session_id", Text),
    Column("node_id", Text),
    # what the metadata says, read by ``studio.gallery.reading`` of this version
    Column("read_version", Integer, nullable=False, server_default="0"),
    Column("name", Text, nullable=False, server_default=""),
    Column("seed", Integer),
    Column("steps", Integer),
    Column("cfg_scale", Float),
    Column("scheduler", Text),
    Column("model_name", Text),
    Column("model_base", Text),
    Column("loras", Text),  # a line each
    Column("features", Text),  # ",init,mask,"
    Column("program", Text),
    sqlite_autoincrement=True,
)
# each is all that a list of that order reads: the ids are in every index
Index("idx_images_newest", images.c.shelf, images.c.created_at)
Index("idx_images_board", images.c.board_id, images.c.shelf, images.c.created_at)
Index("idx_images_starred", images.c.shelf, images.c.starred, images.c.created_at)
Index("idx_images_rating", images.c.shelf, images.c.rating, images.c.created_at)
Index("idx_images_name", images.c.shelf, images.c.name.collate("NOCASE"), images.c.created_at)
Index("idx_images_size", images.c.shelf, images.c.file_size, images.c.created_at)
Index("idx_images_model", images.c.shelf, images.c.model_name, images.c.created_at)
Index("idx_images_seed", images.c.seed)
Index("idx_images_unread", images.c.read_version)
Index("idx_images_file", images.c.file)
Index("idx_images_item_id", images.c.item_id)
Index("idx_images_session_id", images.c.session_id)

image_texts: Final = Table(  # wide: what a picture says, read for one picture at a time and searched by FTS5
    "image_texts",
    metadata,
    Column("id", Integer, ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("positive_prompt", Text, nullable=False, server_default=""),
    Column("negative_prompt", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default=""),
    Column("models", Text, nullable=False, server_default=""),
    Column("metadata", Text),
)
SEARCHED: Final = ("positive_prompt", "negative_prompt", "name", "notes", "models")
"""The columns of ``image_texts`` that ``image_search``, an FTS5 table kept by triggers, indexes."""

boards: Final = Table(
    "boards",
    metadata,
    Column("board_id", Text, primary_key=True),
    Column("board_name", Text, nullable=False),
    Column("parent_id", Text, ForeignKey("boards.board_id", ondelete="SET NULL")),
    Column("cover_image_name", Text),
    Column("archived", Boolean, nullable=False, server_default="0"),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
)

searches: Final = Table(  # saved: boards that fill themselves
    "searches",
    metadata,
    Column("search_id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("query", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

models: Final = Table(
    "models",
    metadata,
    Column("key", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("base", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("path", Text, nullable=False, unique=True),
    Column("config", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    # size and times of what lay there when it was last read
    Column("stamp", Text, nullable=False, server_default=""),
)

models_ignored: Final = Table(  # in the models folder, but removed from the list
    "models_ignored",
    metadata,
    Column("path", Text, primary_key=True),
)

scan_folders: Final = Table(
    "scan_folders",
    metadata,
    Column("path", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("scanned_at", Text, nullable=False),
    Column("summary", Text, nullable=False),
)

scan_cache: Final = Table(
    "scan_cache",
    metadata,
    Column("path", Text, primary_key=True),
    Column("stamp", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("file_size", Integer, nullable=False),
    Column("entry", Text, nullable=False),  # JSON without the status
)

step_times: Final = Table(  # the mean of the runs, weighted towards the newest
    "step_times",
    metadata,
    Column("device", Text, primary_key=True),
    Column("model_key", Text, primary_key=True),
    Column("base", Text, nullable=False),
    Column("pixels", Integer, primary_key=True),
    Column("batch", Integer, primary_key=True),
    Column("streamed", Integer, primary_key=True),  # percent
    Column("seconds", Float, nullable=False),
    Column("runs", Integer, nullable=False),
)

component_sizes: Final = Table(  # as they were in memory
    "component_sizes",
    metadata,
    Column("model_key", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("bytes", Integer, nullable=False),
)

library: Final = Table(  # templates and presets: what a person names and keeps
    "library",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),  # JSON
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    UniqueConstraint("kind", "name"),
)

prompt_history: Final = Table(  # as typed, before templates and dynamic prompts
    "prompt_history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("positive_prompt", Text, nullable=False),
    Column("negative_prompt", Text, nullable=False),
    Column("used_at", Text, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("pinned", Boolean, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
Index("idx_prompt_history_newest", prompt_history.c.pinned, prompt_history.c.used_at)

state: Final = Table(
    "state",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)


def stamp(at: datetime) -> str:
    """A time as the tables hold it: UTC, sortable as text, InvokeAI's spelling."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def now() -> str:
    """The present."""
    return stamp(datetime.now(UTC))


def moment(value: str | None) -> datetime | None:
    """Read a time back."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if value else None
