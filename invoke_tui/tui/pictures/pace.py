"""How much picture the line to the terminal can take.

One frame is in flight at a time. After each frame the terminal is asked for its cursor position; the answer means
that it has read everything before. Frames that come in the meantime replace each other. The time an answer takes
gives the bytes per second, and from them the quality of the next frame.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from enum import IntEnum
from typing import Final, Literal

ASK: Final = "\x1b[6n"
TIMEOUT: Final = 2.0
SLOW: Final = 0.35
"""A frame that takes longer than this makes the keyboard feel heavy: the next one is cheaper."""
FAST: Final = 0.08
PATIENCE: Final = 8
"""Fast frames in a row before the quality is raised again."""

LowBandwidth = Literal["auto", "on", "off"]


class Quality(IntEnum):
    """What a frame may cost, from everything to nothing but the finished picture."""

    FULL = 3
    FEW_COLOURS = 2
    SMALL = 1
    FINAL_ONLY = 0


class Pacer:
    """Lets one frame out at a time through ``write`` and measures the answers."""

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        answers: bool = True,
        low_bandwidth: LowBandwidth = "auto",
        clock: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT,
    ) -> None:
        self._write = write
        self._answers = answers
        self._adaptive = low_bandwidth == "auto"
        self._clock = clock
        self._timeout = timeout
        self._free = asyncio.Event()
        self._free.set()
        self._sent_at = 0.0
        self._sent_bytes = 0
        self._fast = 0
        self.quality = Quality.FEW_COLOURS if low_bandwidth == "on" else Quality.FULL
        self.round_trip: float | None = None
        """Seconds the terminal took to answer the last frame."""
        self.bandwidth: float | None = None
        """Bytes per second, smoothed."""

    @property
    def in_flight(self) -> bool:
        """A frame is on its way and not answered."""
        return not self._free.is_set()

    async def ready(self) -> None:
        """Wait until the last frame was answered, or long enough."""
        left = self._sent_at + self._timeout - self._clock()
        if self.in_flight and left > 0:
            try:
                await asyncio.wait_for(self._free.wait(), left)
            except TimeoutError:
                pass
        if self.in_flight:
            self._measured(self._timeout)
            self._free.set()

    def sent(self, size: int) -> None:
        """A frame of ``size`` bytes was written: ask the terminal to say when it is there."""
        if not self._answers:
            return
        self._sent_at = self._clock()
        self._sent_bytes = size
        self._free.clear()
        self._write(ASK)

    def answered(self) -> None:
        """The terminal reported its cursor position."""
        if self.in_flight:
            self._measured(self._clock() - self._sent_at)
            self._free.set()

    async def drain(self, timeout: float = 0.5) -> None:
        """Before leaving: let the last answer arrive here and not at the shell."""
        if self.in_flight:
            try:
                await asyncio.wait_for(self._free.wait(), timeout)
            except TimeoutError:
                pass

    def _measured(self, seconds: float) -> None:
        self.round_trip = seconds
        rate = self._sent_bytes / max(seconds, 1e-3)
        self.bandwidth = rate if self.bandwidth is None else 0.6 * self.bandwidth + 0.4 * rate
        if not self._adaptive:
            return
        if seconds > SLOW:
            self._fast = 0
            self.quality = Quality(max(0, self.quality - 1))
        elif seconds < FAST:
            self._fast += 1
            if self._fast >= PATIENCE and self.quality < Quality.FULL:
                self._fast = 0
                self.quality = Quality(self.quality + 1)
        else:
            self._fast = 0
