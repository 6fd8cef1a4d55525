"""The memory of each engine and of the machine as bars, cut into what takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.memory_cut import Marks, Part, cells, ram_parts, size, total_of, vram_parts
from invoke_tui.tui.widgets.status_bar import STATES
from invoke_tui.tui.words import gigabytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invoke_tui.domain.running.device import WorkerStatus
    from invoke_tui.domain.running.machine import MachineUse

LABEL: Final = 6
VALUE: Final = 17
TALL: Final = 34
"""Lines of the terminal from which a bar has two."""
WORDS: Final = {
    "models": "models",
    "engine": "engine",
    "other": "other",
    "kept": "for work",
    "free": "free",
}
ASLEEP: Final = "The engine is asleep: it holds no model and no GPU. The next picture wakes it."


class MemoryBars(Widget):
    """One block for each engine, one for the machine. Each figure has its place, whatever its width."""

    ALLOW_SELECT: ClassVar[bool] = False
    help_text: ClassVar[str] = (
        "█ is in use now, ▓ waits in the cache, ░ is other use, ╱ is kept free for the work, · is free."
    )

    def __init__(self) -> None:
        super().__init__(id="memory-bars")
        self._workers: Sequence[WorkerStatus] = ()
        self._machine: MachineUse | None = None
        self._marks = Marks()
        self._lines = 0

    def show(self, workers: Sequence[WorkerStatus], machine: MachineUse | None, marks: Marks) -> None:
        """These figures from now on."""
        self._workers, self._machine, self._marks = workers, machine, marks
        lines = len(list(self._rows(80)))
        self.refresh(layout=lines != self._lines)
        self._lines = lines

    def get_content_height(self, *_args: object) -> int:
        """As many lines as there are figures."""
        return self._lines

    def render(self) -> Content:
        """All blocks."""
        return Content("\n").join(self._rows(self.size.width))

    def _rows(self, width: int) -> Iterator[Content]:
        for worker in self._workers:
            yield _heading(worker)
            if worker.memory.vram_total:
                parts = vram_parts(worker.memory, self._marks, f"{worker.pid}:")
                yield from self._bar("VRAM", parts, worker.memory.vram_used, worker.memory.vram_total, width)
        if not self._workers:
            yield Content.styled(" ○ " + ASLEEP, "$text-muted").truncate(max(1, width), ellipsis=True)
        memory = self._workers[0].memory if self._workers else None
        if self._machine is not None:
            used, total = self._machine.ram_used, self._machine.ram_total
        elif memory is not None and memory.ram_total:
            used, total = memory.ram_used, memory.ram_total
        else:
            return
        workers = [(worker.memory, f"{worker.pid}:") for worker in self._workers]
        yield from self._bar("RAM", ram_parts(workers, used, total, self._marks), used, total, width)

    def _bar(self, name: str, parts: list[Part], used: int, total: int, width: int) -> Iterator[Content]:
        tall = self.app.size.height >= TALL
        room = max(4, width - LABEL - VALUE)
        share = used / total if total else 0
        colour = "$text-error" if share > 0.95 else "$text-warning" if share > 0.85 else ""
        figures = f"{gigabytes(used):>5} of {gigabytes(total)} GB"
        label = f" {name:<{LABEL - 1}}"
        yield Content.assemble((label, "bold"), *_drawn(parts, room), (f" {figures:>{VALUE - 2}} ", colour))
        if tall:
            yield Content.assemble(" " * LABEL, *_drawn(parts, room, letters=False))
        yield Content.assemble(" " * LABEL, *_caption(parts, width - LABEL))


def _heading(worker: WorkerStatus) -> Content:
    word, colour = STATES.get(worker.state, (worker.state, ""))
    choice = worker.choice
    name = safe_text(choice.name if choice else worker.device, limit=60)
    details = f" · {safe_text(choice.device, limit=20)} · {choice.precision}" if choice else ""
    again = f" · started again {worker.restarts}×" if worker.restarts else ""
    return Content.assemble(
        (" ● ", colour),
        (name, "bold"),
        (details, "$text-muted"),
        (f" · {word}", colour),
        (again, "$text-warning"),
    )


def _drawn(parts: list[Part], width: int, *, letters: bool = True) -> Iterator[tuple[str, str]]:
    for part, count in zip(parts, cells([part.count for part in parts], width), strict=True):
        if not count:
            continue
        if part.letter and letters:
            yield part.letter, f"bold reverse {part.colour}"
            count -= 1
        yield part.fill * count, part.colour


def _caption(parts: list[Part], room: int) -> Iterator[tuple[str, str]]:
    """What the bar shows, in figures, as far as there is room."""
    for what, word in WORDS.items():
        count = total_of(parts, what)
        if not count and what not in ("models", "free"):
            continue
        fill = "" if what == "models" else next(part.fill for part in parts if part.what == what) + " "
        text = f"{fill}{word} {size(count):<7}  "
        if len(text.rstrip()) > room:
            return
        room -= len(text)
        yield text, "$text-muted"
