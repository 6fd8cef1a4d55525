"""The queue's records: items with a lease, the batches they came from, and counts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import Field, model_validator

from invoke_tui.domain.base import Document, Record
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.request.parameters import ResolvedRequest

MAX_ATTEMPTS = 3
"""An item that was interrupted this often is failed as poisoned."""


class ItemStatus(StrEnum):
    """InvokeAI's session queue states."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def finished(self) -> bool:
        """Nothing more will happen to the item unless it is retried."""
        return self in (ItemStatus.COMPLETED, ItemStatus.FAILED, ItemStatus.CANCELED)


class BatchDatum(Record):
    """Values for one node field; lists in the same group are zipped, groups are multiplied."""

    node_path: str
    field_name: str
    items: list[Any] = Field(default_factory=list)


class Batch(Document):
    """A graph and the values to run it with, as InvokeAI enqueues it."""

    batch_id: str = ""
    origin: str | None = None
    destination: str | None = None
    graph: Graph
    workflow: dict[str, Any] | None = None
    data: list[list[BatchDatum]] | None = None
    runs: int = Field(default=1, ge=1)


class QueueItem(Record):
    """One picture to be made (or one run of a workflow), with all that has happened to it."""

    item_id: int
    batch_id: str
    session_id: str
    status: ItemStatus
    priority: int = 0
    position: float = Field(default=0, description="Order among pending items of one priority; smaller first")
    attempts: int = Field(default=0, description="How often a worker has taken it")
    prompt: str = Field(default="", description="For lists; the graph has the truth")
    request: ResolvedRequest | None = Field(default=None, description="None for workflows")
    origin: str | None = None
    destination: str | None = None
    device: str | None = None
    error_type: str | None = None
    error: str | None = Field(default=None, description="What happened, for a person")
    hint: str | None = Field(default=None, description="What to do next")
    retried_from_item_id: int | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    images: tuple[str, ...] = ()

    @property
    def seed(self) -> int | None:
        """The seed of the picture, where the item is one picture."""
        return self.request.seed if self.request else None


class QueueCounts(Record):
    """How many items are in each state."""

    pending: int = 0
    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    canceled: int = 0

    @property
    def total(self) -> int:
        """All items."""
        return self.pending + self.in_progress + self.completed + self.failed + self.canceled


class QueuePage(Record):
    """A page of items, newest first unless asked otherwise, with the counts of the whole queue."""

    items: list[QueueItem]
    counts: QueueCounts
    paused: bool = False
    next: int | None = Field(default=None, description="Pass as ``before`` to get the next page")


class EnqueueResult(Record):
    """What an enqueue did; ``requested`` > ``len(item_ids)`` never happens silently: it is an error."""

    batch_id: str
    item_ids: list[int]
    seeds: list[int] = Field(default_factory=list)
    per_request: list[int] = Field(
        default_factory=list, description="How many of the items each request became, in order"
    )
    warnings: list[str] = Field(
        default_factory=list, description="What of dynamic prompts is drawn as it stands, and why"
    )

    @model_validator(mode="after")
    def _seeds_match(self) -> Self:
        if self.seeds and len(self.seeds) != len(self.item_ids):
            raise ValueError("seeds and item_ids differ in length")
        return self
