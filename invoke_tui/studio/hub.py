"""Fans events out to the front ends. A slow reader costs nobody else anything and loses previews, never state."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from invoke_tui.domain.events import (
    EVENT,
    Event,
    ImportProgress,
    InstallProgress,
    ItemChanged,
    MemoryChanged,
    Preview,
    Progress,
)
from invoke_tui.domain.running.queue import ItemStatus

HISTORY: Final = 1000
"""State events kept for a front end that comes back after a short absence."""
BACKLOG: Final = 10_000
"""State events a reader may leave unread. Beyond, it is cut off, and starts anew from a snapshot when it returns."""


class Envelope:
    """An event, and its JSON made once for all readers."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self._text: str | None = None

    @property
    def text(self) -> str:
        """The event as it goes over the wire."""
        if self._text is None:
            self._text = EVENT.dump_json(self.event).decode()
        return self._text


class TooSlowError(Exception):
    """The reader left so much unread that it must start anew."""


class Reader:
    """What one front end has still to read, in order. A newer droppable event takes the older one's place."""

    def __init__(self) -> None:
        self._waiting: dict[object, Envelope] = {}
        self._filled = asyncio.Event()
        self._too_slow = False

    def put(self, envelope: Envelope) -> None:
        """Add an event; conflates droppable ones."""
        key = _conflation_key(envelope.event)
        self._waiting.pop(key, None)
        if len(self._waiting) >= BACKLOG:
            self._too_slow = True
        else:
            self._waiting[key] = envelope
        self._filled.set()

    async def next(self) -> Envelope:
        """Wait for the oldest unread event."""
        while not self._waiting:
            if self._too_slow:
                raise TooSlowError
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.pop(next(iter(self._waiting)))


class Hub:
    """Numbers events, remembers the latest picture of each running item, and hands everything to the readers."""

    def __init__(self) -> None:
        self.sequence = 0
        self.progress: dict[int, Progress] = {}
        self.previews: dict[int, Preview] = {}
        self._readers: set[Reader] = set()
        self._history: deque[Envelope] = deque(maxlen=HISTORY)

    @property
    def readers(self) -> int:
        """How many front ends listen."""
        return len(self._readers)

    def publish(self, event: Event) -> None:
        """Give an event its number and pass it on. Only called from the event loop's thread."""
        self.sequence += 1
        numbered = event.model_copy(update={"sequence": self.sequence})
        self._remember(numbered)
        envelope = Envelope(numbered)
        if not numbered.droppable:
            self._history.append(envelope)
        for reader in self._readers:
            reader.put(envelope)

    @contextmanager
    def subscribe(self, since: int = 0) -> Iterator[tuple[Reader, int]]:
        """A reader of everything from now on, and the sequence number its snapshot has to carry.

        With ``since``, the state events after it come again where they are still known.
        """
        reader, start = Reader(), self.sequence
        oldest = self._history[0].event.sequence if self._history else start + 1
        if since and oldest <= since + 1 <= start:
            start = since
            for envelope in self._history:
                if envelope.event.sequence > since:
                    reader.put(envelope)
        self._readers.add(reader)
        try:
            yield reader, start
        finally:
            self._readers.discard(reader)

    def forget(self, item_id: int) -> None:
        """Drop what is remembered of an item that no longer runs."""
        self.progress.pop(item_id, None)
        self.previews.pop(item_id, None)

    def _remember(self, event: Event) -> None:
        match event:
            case Progress():
                self.progress[event.item_id] = event
            case Preview():
                self.previews[event.item_id] = event
            case ItemChanged() if event.item.status is not ItemStatus.IN_PROGRESS:
                self.forget(event.item.item_id)


def _conflation_key(event: Event) -> object:
    match event:
        case Progress() | Preview():
            return event.event, event.item_id
        case MemoryChanged():
            return event.event, event.pid
        case InstallProgress():
            return event.event, event.job_id
        case ImportProgress():
            return event.event, event.job.job_id
    return event.sequence
