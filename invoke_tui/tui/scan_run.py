"""A scan as this front end follows it: it goes on whoever looks, until the program is left."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from invoke_tui.client.models import ScanBegun
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.scan import ScanEntry, ScanRoot, ScanStatus, ScanSummary

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from invoke_tui.client import StudioClient

STATUSES: Final[tuple[ScanStatus, ...]] = ("new", "changed", "installed", "unknown", "unreadable")
AT_ONCE: Final = 100
"""Models registered with one request; copies go one by one, so that there is something to tell."""


class ScanRun:
    """What was found so far, what is chosen of it, and what became of that. ``changes`` grows with every change."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = tuple(paths)
        self.entries: list[ScanEntry] = []
        self.counts: Counter[str] = Counter()
        self.roots: tuple[ScanRoot, ...] = ()
        self.summary: ScanSummary | None = None
        self.error: StudioError | None = None
        self.running = True
        self.chosen: set[str] = set()
        self.installing: tuple[int, int] | None = None
        """How many of how many are installed, while that goes on."""
        self.failed: dict[str, StudioError] = {}
        """Why a path could not be installed."""
        self.changes = 0
        self._at: dict[str, int] = {}
        self._scan_id = ""

    @property
    def busy(self) -> bool:
        """Whether something goes on."""
        return self.running or self.installing is not None

    async def run(self, client: StudioClient) -> None:
        """Follow the scan to its end; an error is kept in ``error``."""
        try:
            async with aclosing(client.scan_models(self.paths)) as told:
                async for said in told:
                    self._take(said)
        except StudioError as error:
            self.error = error
        finally:
            self.running = False
            self.changes += 1

    def _take(self, said: ScanBegun | ScanEntry | ScanSummary) -> None:
        match said:
            case ScanBegun():
                self._scan_id, self.roots = said.scan_id, said.roots
            case ScanSummary():
                self.summary = said
            case ScanEntry():
                self._put(said)
        self.changes += 1

    def _put(self, entry: ScanEntry) -> None:
        at = self._at.get(entry.path)
        if at is None:
            self._at[entry.path] = len(self.entries)
            self.entries.append(entry)
        else:
            self.counts[self.entries[at].status] -= 1
            self.entries[at] = entry
        self.counts[entry.status] += 1

    async def cancel(self, client: StudioClient) -> None:
        """End it; what was found stays."""
        if self.running and self._scan_id:
            await client.cancel_scan(self._scan_id)

    # -- choosing -------------------------------------------------------------------------------------------------

    @staticmethod
    def installable(entry: ScanEntry) -> bool:
        """Whether it can be put on the list as it is."""
        return entry.status in ("new", "changed") and _can_be_sent(entry.path)

    def toggle(self, entry: ScanEntry) -> None:
        """Choose it, or let it go."""
        if entry.path in self.chosen:
            self.chosen.discard(entry.path)
        elif self.installable(entry):
            self.chosen.add(entry.path)
        self.changes += 1

    def choose(self, entries: Iterable[ScanEntry]) -> None:
        """Choose all of these that can be installed."""
        self.chosen.update(entry.path for entry in entries if self.installable(entry))
        self.changes += 1

    def choose_none(self) -> None:
        """Let everything go."""
        self.chosen.clear()
        self.changes += 1

    # -- installing -----------------------------------------------------------------------------------------------

    async def install(self, client: StudioClient, *, copy_files: bool) -> int:
        """Put what is chosen on the list; how many. What cannot be is in ``failed``, and the rest goes on."""
        paths = [entry.path for entry in self.entries if entry.path in self.chosen]
        self.installing, done = (0, len(paths)), 0
        self.failed = {}
        size = 1 if copy_files else AT_ONCE
        try:
            for start in range(0, len(paths), size):
                done += await self._install(client, paths[start : start + size], copy_files)
                self.installing = (min(start + size, len(paths)), len(paths))
                self.changes += 1
        finally:
            self.installing = None
            self.changes += 1
        return done

    async def _install(self, client: StudioClient, paths: list[str], copy_files: bool) -> int:
        try:
            await client.install_models(paths, copy_files=copy_files)
        except StudioError as error:
            if len(paths) == 1:
                self.failed[paths[0]] = error
                return 0
            return sum([await self._install(client, [path], copy_files) for path in paths])
        for path in paths:
            self.mark_installed(path)
        return len(paths)

    def mark_installed(self, path: str) -> None:
        """It is on the list now."""
        self.chosen.discard(path)
        self.failed.pop(path, None)
        if (at := self._at.get(path)) is not None:
            self._put(self.entries[at].model_copy(update={"status": "installed", "reason": ""}))
        self.changes += 1


def _can_be_sent(path: str) -> bool:
    """A name that is no Unicode on the disk cannot be named to the studio."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
