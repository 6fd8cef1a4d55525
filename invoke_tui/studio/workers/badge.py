"""What a seat shows of its worker to the world."""

from __future__ import annotations

from typing import Final

from invoke_tui.domain.events import MemoryChanged, WorkerChanged
from invoke_tui.domain.running.device import DeviceChoice, MemoryUse, WorkerState, WorkerStatus
from invoke_tui.studio.hub import Hub

_NOTICEABLE: Final = 2**24
"""Bytes by which an idle worker's memory has to change to be worth an event."""


class Badge:
    """The status of one seat's worker, published whenever it changes. It survives the worker, to count restarts."""

    def __init__(self, hub: Hub, device: str) -> None:
        self.status: WorkerStatus | None = None
        self._hub = hub
        self._device = device

    @property
    def ready(self) -> bool:
        """Whether the worker has said which device it chose."""
        return self.status is not None and self.status.choice is not None

    def started(self, pid: int) -> None:
        """A new worker was born."""
        restarts = self.status.restarts + 1 if self.status else 0
        self.status = WorkerStatus(pid=pid, device=self._device, state="starting", restarts=restarts)
        self.say("starting")

    def say(
        self,
        state: WorkerState,
        *,
        note: str = "",
        item_id: int | None = None,
        choice: DeviceChoice | None = None,
    ) -> None:
        """Publish the worker's new state."""
        if self.status is None:
            return
        known = None if state == "dead" else choice or self.status.choice
        self.status = self.status.model_copy(update={"state": state, "item_id": item_id, "choice": known})
        self._hub.publish(WorkerChanged(worker=self.status, note=note))

    def beat(self, memory: MemoryUse) -> None:
        """Take a heart-beat in."""
        if self.status is None:
            return
        if self.status.state == "starting":
            self.say("warming")
        before = self.status.memory
        self.status = self.status.model_copy(update={"memory": memory})
        moved = abs(memory.process_rss - before.process_rss) + abs(memory.vram_used - before.vram_used)
        if self.status.state == "busy" or moved > _NOTICEABLE or _cut(memory) != _cut(before):
            self._hub.publish(MemoryChanged(pid=self.status.pid, memory=memory))


def _cut(memory: MemoryUse) -> tuple[object, ...]:
    """What of an idle worker's memory people would miss: who is where, and within which limits."""
    where = tuple(
        (part.key, part.resident_bytes, part.streamed_layers, part.locked) for part in memory.components
    )
    return memory.ram_limit, memory.vram_limit, where
