"""The last minutes of the machine as lines of blocks, its disks and what waits for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.words import at_home, gigabytes, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invoke_tui.domain.running.device import WorkerStatus
    from invoke_tui.domain.running.machine import GpuUse, MachineUse
    from invoke_tui.tui.history import History

BLOCKS: Final = "▁▂▃▄▅▆▇█"
LABEL: Final = 9
VALUE: Final = 15
HIGH: Final = 3
TALL: Final = 50
"""Lines of the terminal from which a curve is ``HIGH`` lines high."""
LITTLE: Final = 5 * 10**9
"""Free bytes of a disk below which it is worth a warning."""
HOT: Final = 85.0
"""Degrees Celsius."""


def spark(values: Sequence[float | None], top: float, lines: int = 1) -> list[str]:
    """A column for each value, from nothing to ``top``, ``lines`` high; a blank where nothing was measured.

    The highest leaves an eighth of its line free, so that curves below each other stay apart.
    """
    steps = len(BLOCKS)
    most = lines * steps - 1
    heights = [
        0 if value is None or top <= 0 else max(1, min(most, round(value / top * most))) for value in values
    ]
    return [
        "".join((" " + BLOCKS)[max(0, min(steps, height - line * steps))] for height in heights)
        for line in reversed(range(lines))
    ]


class MonitorMachine(Widget):
    """One line for everything that is measured here; what is not has none."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(id="monitor-machine")
        self._workers: Sequence[WorkerStatus] = ()
        self._history: History | None = None
        self._lines = 1

    def show(self, workers: Sequence[WorkerStatus], history: History) -> None:
        """These figures from now on."""
        self._workers, self._history = workers, history
        lines = len(list(self._rows(60)))
        self.refresh(layout=lines != self._lines)
        self._lines = lines

    def get_content_height(self, *_args: object) -> int:
        """As many lines as there are figures."""
        return self._lines

    def render(self) -> Content:
        """All lines."""
        return Content("\n").join(self._rows(self.size.width))

    def _rows(self, width: int) -> Iterator[Content]:
        yield Content.styled(" The last 5 minutes", "$text-muted")
        if self._history is None:
            return
        for worker in self._workers:
            memory, device = worker.memory, worker.device
            if memory.vram_total:
                used = f"{gigabytes(memory.vram_used)} GB"
                yield from self._spark("VRAM", f"vram {device}", memory.vram_total, used, "$secondary", width)
        machine = self._history.machine
        if machine is None:
            return
        yield from self._spark(
            "RAM", "ram", machine.ram_total, f"{gigabytes(machine.ram_used)} GB", "$secondary", width
        )
        yield from self._spark("CPU", "cpu", 100, f"{machine.cpu:.0f} % of {machine.cores}", "$accent", width)
        for gpu in machine.gpus:
            yield from self._gpu(gpu, "" if len(machine.gpus) == 1 else f" {gpu.index}", width)
        yield from _places(machine, width)

    def _gpu(self, gpu: GpuUse, number: str, width: int) -> Iterator[Content]:
        if gpu.load is not None:
            yield from self._spark(
                f"GPU{number}", f"load {gpu.index}", 100, f"{gpu.load:.0f} %", "$accent", width
            )
        if gpu.temperature is not None:
            colour = "$text-error" if gpu.temperature >= HOT else "$accent"
            yield from self._spark(
                f"Heat{number}", f"temperature {gpu.index}", 100, f"{gpu.temperature:.0f} °C", colour, width
            )
        if gpu.power is not None:
            limit = f" of {gpu.power_limit:.0f}" if gpu.power_limit else ""
            top = gpu.power_limit or max(gpu.power, 300)
            yield from self._spark(
                f"Power{number}", f"power {gpu.index}", top, f"{gpu.power:.0f}{limit} W", "$accent", width
            )

    def _spark(
        self, label: str, name: str, top: float, value: str, colour: str, width: int
    ) -> Iterator[Content]:
        assert self._history is not None
        lines = HIGH if self.app.size.height >= TALL else 1
        *above, last = spark(self._history.columns(name, max(1, width - LABEL - VALUE - 1)), top, lines)
        for line in above:
            yield Content.assemble(" " * LABEL, (line, colour))
        yield Content.assemble((f" {label:<{LABEL - 1}}", ""), (last, colour), (f"{value:>{VALUE}} ", ""))


def _places(machine: MachineUse, width: int) -> Iterator[Content]:
    for disk in machine.disks:
        few = disk.free < LITTLE
        label = safe_text(disk.label, limit=LABEL - 2)
        text = Content.assemble(
            (f" {label.capitalize():<{LABEL - 1}}", ""),
            (f"{size(disk.free)} free", "bold $text-warning" if few else ""),
            (f" of {size(disk.total)}", "$text-muted"),
            (f"  {at_home(safe_text(disk.path, limit=200))}", "$text-disabled"),
        )
        yield text.truncate(max(1, width - 1), ellipsis=True)
    if machine.swap_total and machine.swap_used > machine.swap_total // 100:
        yield Content.assemble(
            f" {'Swap':<{LABEL - 1}}",
            f"{gigabytes(machine.swap_used)} of {gigabytes(machine.swap_total)} GB used",
        )
    if machine.pressure is not None:
        waits = machine.pressure
        stalls = (("CPU", waits.cpu), ("memory", waits.memory), ("disk", waits.io))
        told = [(name, value) for name, value in stalls if value is not None]
        yield Content.assemble(
            (f" {'Waiting':<{LABEL - 1}}", ""),
            *(
                (f"{name} {value:>2.0f} %  ", "bold $text-warning" if value >= 20 else "$text-muted")
                for name, value in told
            ),
        ).truncate(max(1, width - 1), ellipsis=True)
