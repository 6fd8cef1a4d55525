"""The studio as this front end knows it: the snapshot, and every event since."""

from __future__ import annotations

from dataclasses import dataclass, field

from invoke_tui.domain.events import (
    Event,
    ItemChanged,
    LogLine,
    MemoryChanged,
    Preview,
    Progress,
    QueueChanged,
    Snapshot,
    StudioStopping,
    WorkerChanged,
)
from invoke_tui.domain.running.device import WorkerStatus
from invoke_tui.domain.running.queue import ItemStatus, QueueCounts, QueueItem
from invoke_tui.tui.history import History
from invoke_tui.tui.messages import LinkState


@dataclass
class StudioState:
    """Everything the status bar and the screens read. Changed by ``apply`` alone."""

    link: LinkState = "starting"
    detail: str = ""
    workers: dict[int, WorkerStatus] = field(default_factory=dict)
    counts: QueueCounts = field(default_factory=QueueCounts)
    paused: bool = False
    running: dict[int, QueueItem] = field(default_factory=dict)
    progress: dict[int, Progress] = field(default_factory=dict)
    previews: dict[int, Preview] = field(default_factory=dict)
    note: str = ""
    """The latest remark for people: "engine restarted, attempt 2"."""

    history: History = field(default_factory=History)
    """The last minutes, for the monitor."""

    @property
    def worker(self) -> WorkerStatus | None:
        """The worker to show where there is room for one: a busy one first."""
        workers = sorted(self.workers.values(), key=lambda worker: (worker.state != "busy", worker.pid))
        return workers[0] if workers else None

    @property
    def latest_progress(self) -> Progress | None:
        """The running item that moved last."""
        return max(self.progress.values(), key=lambda progress: progress.sequence, default=None)

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event:
            case Snapshot():
                self._start_over(event)
            case ItemChanged():
                self.counts = event.counts
                self.note = event.note
                self._item(event.item)
            case QueueChanged():
                self.counts, self.paused, self.note = event.counts, event.paused, event.note
                if event.counts.in_progress == 0:
                    for item_id in list(self.running):
                        self._forget(item_id)
            case Progress():
                self.progress[event.item_id] = event
            case Preview():
                self.previews[event.item_id] = event
            case WorkerChanged():
                self._worker(event)
            case MemoryChanged():
                if worker := self.workers.get(event.pid):
                    self.workers[event.pid] = worker.model_copy(update={"memory": event.memory})
                    self.history.memory(worker.device, event.memory)
            case LogLine():
                self.history.say(event)
            case StudioStopping():
                self.note = event.reason
            case _:
                pass

    def _start_over(self, snapshot: Snapshot) -> None:
        self.workers = {worker.pid: worker for worker in snapshot.workers if worker.state != "dead"}
        self.counts, self.paused = snapshot.counts, snapshot.paused
        self.running = {item.item_id: item for item in snapshot.running}
        self.progress = {progress.item_id: progress for progress in snapshot.progress}
        self.previews = {preview.item_id: preview for preview in snapshot.previews}

    def _worker(self, event: WorkerChanged) -> None:
        self.note = event.note
        worker = event.worker
        if event.note:
            self.history.add_line("info", f"worker {worker.device}", event.note)
        if worker.state == "dead":
            self.workers.pop(worker.pid, None)
            self.history.asleep(worker.device)
        else:
            self.workers[worker.pid] = worker

    def _item(self, item: QueueItem) -> None:
        if item.status is ItemStatus.IN_PROGRESS:
            self.running[item.item_id] = item
        else:
            self._forget(item.item_id)

    def _forget(self, item_id: int) -> None:
        self.running.pop(item_id, None)
        self.progress.pop(item_id, None)
        self.previews.pop(item_id, None)
