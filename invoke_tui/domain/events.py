"""What the daemon tells its front ends. Every event has a sequence number; those of an item name item and attempt.

``Preview``, ``Progress``, ``InstallProgress``, ``ImportProgress`` and ``MemoryChanged`` may be dropped for a slow
reader (``droppable``); all others are state and always arrive.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, TypeAdapter

from invoke_tui.domain.base import Record
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.gallery.importing import ImportJob
from invoke_tui.domain.gallery.keeping import KeepingVerb, Step
from invoke_tui.domain.models.installs import InstallJob
from invoke_tui.domain.running.device import MemoryUse, WorkerStatus
from invoke_tui.domain.running.queue import QueueCounts, QueueItem


class _Event(Record):
    droppable: ClassVar[bool] = False
    sequence: int = 0


class _ItemEvent(_Event):
    item_id: int
    attempt: int


class ItemChanged(_Event):
    """An item was enqueued, started, finished, retried, moved or re-queued."""

    event: Literal["item_changed"] = "item_changed"
    item: QueueItem
    counts: QueueCounts
    note: str = Field(default="", description='For people: "engine restarted, attempt 2"')


class QueueChanged(_Event):
    """Many items changed at once (clear, prune, a large batch), or the queue was paused or resumed."""

    event: Literal["queue_changed"] = "queue_changed"
    counts: QueueCounts
    paused: bool
    note: str = ""


class Progress(_ItemEvent):
    """Step ``step`` of ``total`` of a node; ``rate`` in steps per second, ``eta`` in seconds."""

    droppable: ClassVar[bool] = True
    event: Literal["progress"] = "progress"
    node_id: str
    node_type: str
    message: str
    step: int = 0
    total: int = 0
    rate: float | None = None
    eta: float | None = None


class Preview(_ItemEvent):
    """The picture forming, as a small encoded image in base64; it fills a ``width`` x ``height`` picture."""

    droppable: ClassVar[bool] = True
    event: Literal["preview"] = "preview"
    step: int
    total: int
    width: int
    height: int
    mime: Literal["image/png", "image/jpeg", "image/webp"] = "image/png"
    data: str


class ImageAdded(_Event):
    """A picture is in the gallery."""

    event: Literal["image_added"] = "image_added"
    image: ImageRecord


class GalleryChanged(_Event):
    """Pictures or boards are not what they were: other stars, another board, in the trash and back, taken in."""

    event: Literal["gallery_changed"] = "gallery_changed"
    names: list[str] = Field(default_factory=list, description="The pictures, where they are few")


class WorkerChanged(_Event):
    """A worker started, became ready, took work, died or was replaced."""

    event: Literal["worker_changed"] = "worker_changed"
    worker: WorkerStatus
    note: str = ""


class MemoryChanged(_Event):
    """Memory of the engine's machine, about once a second while working."""

    droppable: ClassVar[bool] = True
    event: Literal["memory_changed"] = "memory_changed"
    pid: int
    memory: MemoryUse


class LogLine(_Event):
    """A line of the daemon's or a worker's log that people should see."""

    event: Literal["log"] = "log"
    level: Literal["debug", "info", "warning", "error"]
    source: str
    message: str
    item_id: int | None = None


class ModelsChanged(_Event):
    """The list of installed models changed."""

    event: Literal["models_changed"] = "models_changed"


class InstallProgress(_Event):
    """How far a job is: bytes, bytes per second, seconds left; ``file`` is what arrived last."""

    droppable: ClassVar[bool] = True
    event: Literal["install_progress"] = "install_progress"
    job_id: str
    bytes_done: int
    bytes_total: int | None = None
    rate: float | None = None
    eta: float | None = None
    file: str = ""


class InstallChanged(_Event):
    """A job of the installer began, waits, goes on or ended; with ``removed`` it is off the list."""

    event: Literal["install_changed"] = "install_changed"
    job: InstallJob
    removed: bool = False


class ImportProgress(_Event):
    """How far an import is; its skipped files are told at the end."""

    droppable: ClassVar[bool] = True
    event: Literal["import_progress"] = "import_progress"
    job: ImportJob


class ImportChanged(_Event):
    """An import began or ended."""

    event: Literal["import_changed"] = "import_changed"
    job: ImportJob


class KeepingChanged(_Event):
    """How far a work on the gallery's files is; without a step it has ended."""

    event: Literal["keeping_changed"] = "keeping_changed"
    verb: KeepingVerb
    step: Step | None = None


class StudioStopping(_Event):
    """The daemon is going away; the queue stays on disk."""

    event: Literal["studio_stopping"] = "studio_stopping"
    reason: str = ""


class Snapshot(_Event):
    """The first thing a front end gets: everything as it is now. Events that follow have a higher sequence."""

    event: Literal["snapshot"] = "snapshot"
    counts: QueueCounts
    paused: bool
    pause_reason: str = ""
    running: list[QueueItem]
    workers: list[WorkerStatus]
    progress: list[Progress] = Field(default_factory=list, description="Latest of each running item")
    previews: list[Preview] = Field(default_factory=list, description="Latest of each running item")


Event = Annotated[
    Snapshot
    | ItemChanged
    | QueueChanged
    | Progress
    | Preview
    | ImageAdded
    | GalleryChanged
    | WorkerChanged
    | MemoryChanged
    | LogLine
    | ModelsChanged
    | InstallProgress
    | InstallChanged
    | ImportProgress
    | ImportChanged
    | KeepingChanged
    | StudioStopping,
    Field(discriminator="event"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""``EVENT.validate_json(text)`` and ``EVENT.dump_json(event)``."""
