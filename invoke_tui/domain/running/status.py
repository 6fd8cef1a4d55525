"""What ``studio status`` says."""

from __future__ import annotations

from pydantic import Field

from invoke_tui.domain.base import Record
from invoke_tui.domain.running.device import WorkerStatus
from invoke_tui.domain.running.queue import QueueCounts


class StudioStatus(Record):
    """The daemon at a glance."""

    running: bool
    pid: int | None = None
    socket: str = ""
    version: str = ""
    root: str = ""
    uptime: float = Field(default=0, description="seconds")
    workers: list[WorkerStatus] = Field(default_factory=list)
    counts: QueueCounts = QueueCounts()
    paused: bool = False
    pause_reason: str = Field(
        default="", description="Why, when the studio paused itself: the disk is full, …"
    )
