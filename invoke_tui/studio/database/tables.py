"""The tables, for SQLAlchemy Core. Column names are InvokeAI's where it has one.

SQLAlchemy Core spells the statements (typed, composable, no string building from input); its ORM and session have
nothing to add for records that are read and written whole.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, Table, Text, UniqueConstraint, text

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

images: Final = Table(
    "images",
    metadata,
    Column("image_name", Text, primary_key=True),
    Column("image_origin", Text, nullable=False),
    Column("image_category", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("item_id", Integer),
    Column("session_id", Text),
    Column("node_id", Text),
    Column("metadata", Text),
    Column("is_intermediate", Boolean, nullable=False, server_default="0"),
    Column("starred", Boolean, nullable=False, server_default="0"),
    Column("has_workflow", Boolean, nullable=False, server_default="0"),
    Column("image_subfolder", Text, nullable=False, server_default=""),
    Column("board_id", Text),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
)
Index("idx_images_newest", images.c.is_intermediate, images.c.created_at, images.c.image_name)
Index("idx_images_item_id", images.c.item_id)
Index("idx_images_session_id", images.c.session_id)

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


def now() -> str:
    """The present as the tables hold it: UTC, sortable as text, InvokeAI's spelling."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def moment(value: str | None) -> datetime | None:
    """Read a time back."""
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if value else None
