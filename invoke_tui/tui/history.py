"""The last minutes of the machine and the end of the log: bounded, and kept whatever screen is shown."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from invoke_tui.domain.events import LogLine
    from invoke_tui.domain.running.device import CacheLimits, MemoryUse
    from invoke_tui.domain.running.machine import MachineUse

SPAN: Final = 300.0
"""Seconds that are shown."""
SAMPLES: Final = 700
LINES: Final = 500


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of the log and when it came."""

    moment: datetime
    level: str
    source: str
    message: str


class History:
    """Samples by the name of what was measured: ``vram cuda:0``, ``ram``, ``cpu``, ``load 0``, ``power 0``."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._series: dict[str, deque[tuple[float, float | None]]] = {}
        self.log: deque[Logged] = deque(maxlen=LINES)
        self.logged = 0
        """Lines that ever came; more than ``log`` holds once it is full."""
        self.machine: MachineUse | None = None
        """The latest look at the machine."""
        self.limits: CacheLimits | None = None
        """The limits this front end set last."""

    def note(self, name: str, value: float | None) -> None:
        """A sample; None says that there is nothing to measure from now on."""
        series = self._series.setdefault(name, deque(maxlen=SAMPLES))
        series.append((self._clock(), value))

    def memory(self, device: str, use: MemoryUse) -> None:
        """A worker's heart-beat."""
        if use.vram_total:
            self.note(f"vram {device}", use.vram_used)
        if use.ram_total:
            self.note("ram", use.ram_used)

    def asleep(self, device: str) -> None:
        """The device's worker has gone."""
        if f"vram {device}" in self._series:
            self.note(f"vram {device}", None)

    def look(self, machine: MachineUse) -> None:
        """A look at the machine."""
        self.machine = machine
        self.note("ram", machine.ram_used)
        self.note("cpu", machine.cpu)
        for gpu in machine.gpus:
            for name, value in (("load", gpu.load), ("temperature", gpu.temperature), ("power", gpu.power)):
                if value is not None:
                    self.note(f"{name} {gpu.index}", value)

    def say(self, line: LogLine) -> None:
        """A line of the log."""
        self.add_line(line.level, line.source, line.message)

    def add_line(self, level: str, source: str, message: str) -> None:
        """Keep a line."""
        self.log.append(Logged(datetime.now(), level, source, message))
        self.logged += 1

    def columns(self, name: str, width: int) -> list[float | None]:
        """The last ``SPAN`` seconds in ``width`` columns, old to new: the highest value of each.

        A column without a sample shows the one before. Columns lie on fixed moments, so that what was drawn moves
        but does not change.
        """
        series = self._series.get(name)
        if not series or width < 1:
            return [None] * max(0, width)
        step = SPAN / width
        last = int(self._clock() // step)
        found: list[float | None] = [None] * width
        held: float | None = None
        ends: dict[int, float | None] = {}
        for moment, value in series:
            at = int(moment // step) - last + width - 1
            if at < 0:
                held = value
                continue
            at = min(at, width - 1)
            if value is not None:
                found[at] = max(value, found[at] or 0.0)
            ends[at] = value
        for at in range(width):
            if at in ends:
                held = ends[at]
            elif found[at] is None:
                found[at] = held
        return found
