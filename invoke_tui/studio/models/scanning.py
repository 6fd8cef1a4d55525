"""One scan: walk, remember, read and compare at once, and say each thing as soon as it is known."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.models.scan import ScanOrder, ScanStatus, ScanSummary
from invoke_tui.studio.database import Database
from invoke_tui.studio.models.cache import Seen, recall, remember, seen
from invoke_tui.studio.models.comparing import Comparison, Contents
from invoke_tui.studio.models.readers import COUNT, Reader
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.roots import Recognised
from invoke_tui.studio.models.scan import unreadable
from invoke_tui.studio.models.walk import Found, walk

_BATCH: Final = 256
_BATCH_SECONDS: Final = 0.05
_CHUNK: Final = 16
_AHEAD: Final = 16
_KEPT_AT_ONCE: Final = 512


class Scan:
    """Looks through recognised roots. Iterate ``lines`` once; leave it early, or ``cancel``, and all of it ends."""

    def __init__(
        self,
        database: Database,
        models: Models,
        found: Sequence[Recognised],
        contents: Contents,
        order: ScanOrder,
    ) -> None:
        self.canceled = False
        self.summary = ScanSummary(roots=tuple(one.root for one in found))
        self._database = database
        self._folders = [Path(folder) for one in found for folder in one.root.folders]
        self._records: dict[str, dict[str, Any]] = {}
        for one in found:
            self._records |= one.records
        self._comparison = Comparison(models, self._records, contents, order)
        self._counts: Counter[str] = Counter()
        self._bytes = self._read_count = 0
        self._to_read: asyncio.Queue[list[Found] | None] = asyncio.Queue(_AHEAD)
        self._out: asyncio.Queue[str | None] = asyncio.Queue(_AHEAD)
        self._fresh: list[Seen] = []
        self._work: asyncio.Task[None] | None = None

    async def lines(self) -> AsyncGenerator[str]:
        """Text of one or more whole lines, each a ``ScanEntry``. Afterwards ``summary`` is complete."""
        started = time.monotonic()
        self._work = asyncio.create_task(self._run())
        try:
            while (text := await self._out.get()) is not None:
                yield text
            await asyncio.wait({self._work})
            if not self._work.cancelled():
                self._work.result()
        finally:
            self._work.cancel()
            self._comparison.stop()
            await asyncio.wait({self._work})
            self.summary = self._summed_up(time.monotonic() - started)

    def cancel(self) -> None:
        """End it; what was found is said, and is remembered for the next scan."""
        self.canceled = True
        self._comparison.stop()
        if self._work is not None:
            self._work.cancel()

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._walk())
                for _ in range(COUNT):
                    group.create_task(self._read())
            await self._say(await asyncio.to_thread(self._comparison.missing_records))
            await self._comparison.finish()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            await remember(self._database, self._fresh)
            await self._out.put(None)

    async def _walk(self) -> None:
        finds = walk(*self._folders)
        while batch := await asyncio.to_thread(_take, finds):
            await self._say([seen(unreadable(one.path, one.problem), "") for one in batch if one.problem])
            sound = [one for one in batch if not one.problem]
            known = await recall(self._database, sound)
            await self._say(list(known.values()))
            rest = [one for one in sound if one.path not in known]
            for start in range(0, len(rest), _CHUNK):
                await self._to_read.put(rest[start : start + _CHUNK])
        for _ in range(COUNT):
            await self._to_read.put(None)

    async def _read(self) -> None:
        reader = Reader()
        try:
            while (finds := await self._to_read.get()) is not None:
                entries = await reader.read([one.path for one in finds])
                looks = [seen(entry, one.stamp) for entry, one in zip(entries, finds, strict=True)]
                self._read_count += len(looks)
                self._fresh += looks
                if len(self._fresh) >= _KEPT_AT_ONCE:
                    keep, self._fresh = self._fresh, []
                    await remember(self._database, keep)
                await self._say(looks)
        finally:
            await reader.close()

    async def _say(self, looks: Sequence[Seen]) -> None:
        if not looks:
            return
        lines = []
        for look, status, line in await self._comparison.compare(looks):
            self._counts[status] += 1
            self._bytes += look.file_size
            lines.append(line)
        await self._out.put("\n".join(lines) + "\n")

    def _summed_up(self, seconds: float) -> ScanSummary:
        statuses: tuple[ScanStatus, ...] = ("new", "installed", "changed", "unreadable", "unknown")
        return self.summary.model_copy(
            update={
                **{status: self._counts[status] for status in statuses},
                "total": self._counts.total(),
                "added": self._comparison.added,
                "read": self._read_count,
                "file_size": self._bytes,
                "seconds": round(seconds, 3),
                "canceled": self.canceled,
            }
        )


def _take(finds: Iterator[Found]) -> list[Found]:
    """The next finds, as many as come in a moment. For a thread."""
    until = time.monotonic() + _BATCH_SECONDS
    taken: list[Found] = []
    for one in islice(finds, _BATCH):
        taken.append(one)
        if time.monotonic() > until:
            break
    return taken
