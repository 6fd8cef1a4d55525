"""What the engine does now, how its model cache fares, and how long its nodes took."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.memory_cut import size
from invoke_tui.tui.widgets.model_rows import cell
from invoke_tui.tui.words import bar, duration, gigabytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invoke_tui.domain.running.device import MemoryUse, WorkerStatus
    from invoke_tui.domain.running.machine import NodeTime
    from invoke_tui.tui.state import StudioState

FIGURE: Final = 9
GAUGE: Final = 12


class MonitorEngine(Widget):
    """The running node, the cache's counts, the table of nodes."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(id="monitor-engine")
        self._state: StudioState | None = None
        self._workers: Sequence[WorkerStatus] = ()
        self._times: list[NodeTime] = []

    def show(self, state: StudioState, workers: Sequence[WorkerStatus]) -> None:
        """These figures from now on."""
        self._state, self._workers = state, workers
        self.refresh()

    def show_nodes(self, nodes: list[NodeTime]) -> None:
        """How long nodes took."""
        self._times = nodes
        self.refresh()

    def render(self) -> Content:
        """As many lines as there is room for."""
        return Content("\n").join(list(self._rows(self.size.width))[: max(1, self.size.height)])

    def _rows(self, width: int) -> Iterator[Content]:
        yield Content.styled(" Now", "$text-muted")
        yield from self._at_work(width)
        for worker in self._workers:
            name = f" of {safe_text(worker.device, limit=20)}" if len(self._workers) > 1 else ""
            yield Content("")
            yield Content.styled(f" Model cache{name}", "$text-muted")
            yield from _cache(worker.memory)
        if not self._times:
            return
        yield Content("")
        head = cell(" Node", width - 3 * FIGURE - 1)
        yield (head + Content(f"{'runs':>{FIGURE}}{'mean':>{FIGURE}}{'last':>{FIGURE}} ")).stylize(
            "$text-muted"
        )
        for node in self._times:
            label = cell(f" {safe_text(node.node_type, limit=60)}", width - 3 * FIGURE - 1)
            yield label + Content(
                f"{node.runs:>{FIGURE}}{_time(node.mean):>{FIGURE}}{_time(node.last):>{FIGURE}} "
            )

    def _at_work(self, width: int) -> Iterator[Content]:
        """Always two lines: what follows stays where it is."""
        progress = self._state.latest_progress if self._state is not None else None
        if progress is None:
            running = bool(self._state and self._state.running)
            yield Content.styled(
                " a picture begins" if running else " nothing runs", "" if running else "$text-muted"
            )
            yield Content("")
            return
        node = safe_text(progress.node_type, limit=40)
        what = Content.assemble(f" {node}", (f"  item {progress.item_id}", "$text-muted"))
        yield what.truncate(max(1, width), ellipsis=True)
        if not progress.total:
            yield Content.styled(f" {safe_text(progress.message, limit=80)}", "$text-muted")
            return
        filled, rest = bar(progress.step / progress.total, GAUGE)
        rate = ""
        if progress.rate:
            rate = f"{progress.rate:.1f} it/s" if progress.rate >= 1 else f"{1 / progress.rate:.1f} s/it"
        left = f"{duration(progress.eta)} left" if progress.eta is not None else ""
        yield Content.assemble(
            " ", (filled, "$text-accent"), (rest, "$text-disabled"),
            f" {progress.step:>3}/{progress.total}  {rate:>9}", (f"  {left}", "$text-muted"),
        )  # fmt: skip


def _cache(memory: MemoryUse) -> Iterator[Content]:
    limits = [f"RAM {gigabytes(memory.ram_limit)}"] if memory.ram_limit else []
    if memory.vram_total:
        limits.append(f"VRAM {gigabytes(memory.vram_limit) if memory.vram_limit else 'auto'}")
        limits.append(f"work {gigabytes(memory.reserved)}")
    yield _pair("limits", " · ".join(limits) + " GB" if limits else "not told yet")
    yield _pair("hits", f"{memory.hits:<8}misses    {memory.misses}")
    moved = f"moved off {memory.offloads}" if memory.vram_total else ""
    yield _pair("evicted", f"{memory.evictions:<8}{moved}")
    if memory.vram_total:
        yield _pair("streamed", f"{size(memory.streamed_bytes)} since the start")
    if memory.rungs:
        last = f", last: {safe_text(memory.last_rung, limit=80)}" if memory.last_rung else ""
        yield _pair("ran out", f"{memory.rungs}×{last}", "$text-warning")


def _pair(name: str, value: str, colour: str = "") -> Content:
    return Content.assemble((f" {name:<9}", "$text-muted"), (value, colour))


def _time(seconds: float) -> str:
    if seconds < 0.001:
        return "<1 ms"
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else duration(seconds)
