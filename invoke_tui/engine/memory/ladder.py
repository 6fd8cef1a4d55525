"""What is given up, and in which order, when memory runs out. Every rung is told."""

from __future__ import annotations

import gc
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from invoke_tui.engine.errors import OutOfMemoryError, device_errors
from invoke_tui.engine.hooks import Log
from invoke_tui.engine.memory.backend import DeviceBackend
from invoke_tui.engine.memory.cache import ComponentCache
from invoke_tui.engine.memory.plan import MIB

T = TypeVar("T")
SMALLER: Final = ((0.5, "half of the model on the device"), (0.0, "the model streamed layer by layer"))


@dataclass(frozen=True)
class Effort:
    """How an operation is to be done. None: there is no such way; False: not yet; True: that way."""

    tiled: bool | None = None
    sequential: bool | None = None


class Ladder:
    """Runs operations of one device again, with less and less, until one fits."""

    def __init__(self, cache: ComponentCache, backend: DeviceBackend, log: Log) -> None:
        self.rungs = 0
        self.last = ""
        self._cache = cache
        self._backend = backend
        self._log = log

    def climb(
        self, doing: str, attempt: Callable[[Effort], T], effort: Effort = Effort(), *, needed: int = 0
    ) -> T:
        """``attempt``'s result, tried again from its start on every rung after it ran out of memory.

        The rungs: empty torch's cache; move other models off the device; decode in tiles; keep fewer layers
        resident; one prompt at a time. ``doing`` completes "Out of memory while ...", ``needed`` is the estimate in
        bytes. Raises ``OutOfMemoryError`` with the figures when the last rung did not suffice. The next operation
        starts at the bottom again.
        """
        started = self._cache.clock
        try:
            result, error = self._try(doing, attempt, effort, needed)
            for what, changed in self._rungs(effort, started):
                if error is None:
                    break
                effort = changed
                self._tell(what, error)
                result, error = self._try(doing, attempt, effort, needed)
        finally:
            self._cache.squeeze = 1.0
        if error is not None:
            raise error
        return result[0]

    def _rungs(self, effort: Effort, started: int) -> Iterator[tuple[str, Effort]]:
        """What is given up next, and the effort after it. What was used since ``started`` is needed again."""
        self._backend.empty_cache()
        yield "the cache emptied", effort
        let_go = self._cache.offload_unused if self._backend.separate_memory else self._cache.clear
        freed = let_go(before=started)
        if freed:
            yield f"{freed / MIB:.0f} MiB of models moved away", effort
        if effort.tiled is False:
            effort = replace(effort, tiled=True)
            yield "in tiles", effort
        for squeeze, what in SMALLER if self._cache.can_stream else ():
            self._cache.squeeze = squeeze
            yield what, effort
        if effort.sequential is False:
            yield "one prompt at a time", replace(effort, sequential=True)

    def _try(
        self, doing: str, attempt: Callable[[Effort], T], effort: Effort, needed: int
    ) -> tuple[list[T], OutOfMemoryError | None]:
        """The result in a list, or the error without the frames that hold its tensors."""
        try:
            with device_errors(doing, self._backend, needed=needed):
                return [attempt(effort)], None
        except OutOfMemoryError as error:
            failed = error
        chained: BaseException | None = failed
        while chained is not None:
            traceback.clear_frames(chained.__traceback__)
            chained.__traceback__ = None
            chained = chained.__cause__ or chained.__context__
        gc.collect()
        return [], failed

    def _tell(self, what: str, error: OutOfMemoryError) -> None:
        self.rungs += 1
        self.last = what
        self._log("warning", f"{error.message} Trying again: {what}.")
