"""One line that is always true: engine, device, queue, progress, memory of the machine that runs the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.words import bar, duration, gigabytes

if TYPE_CHECKING:
    from invoke_tui.domain.events import Event
    from invoke_tui.domain.running.device import WorkerStatus
    from invoke_tui.tui.base import StudioApp
    from invoke_tui.tui.messages import LinkChanged

Part = tuple[str, str]

STATES: Final[dict[str, Part]] = {
    "starting": ("engine starting", "$text-warning"),
    "warming": ("engine warming up", "$text-warning"),
    "idle": ("ready", "$text-success"),
    "busy": ("working", "$text-accent"),
    "stopping": ("engine stopping", "$text-warning"),
}
CONNECTING: Final[list[Part]] = [("○ ", "$text-warning"), ("connecting", "")]
INTERVAL: Final = 0.5
"""Seconds between two paints at most."""


class StatusBar(Widget):
    """The line above the keys."""

    ALLOW_SELECT: ClassVar[bool] = False

    def on_mount(self) -> None:
        """Follow everything."""
        self._waiting = False
        app = cast("StudioApp", self.app)
        app.studio_events.subscribe(self, self._changed)
        app.link_changes.subscribe(self, self._changed)

    def _changed(self, _change: Event | LinkChanged) -> None:
        if not self._waiting:
            self._waiting = True
            self.set_timer(INTERVAL, self._paint)

    def _paint(self) -> None:
        self._waiting = False
        self.refresh()

    def render(self) -> Content:
        """As many parts as there is room for, the most telling first."""
        room = self.size.width - 2
        groups: list[list[Part]] = []
        for group in self._groups(wide=room >= 110):
            length = sum(len(text) for text, _ in group)
            if length + (3 if groups else 0) <= room:
                groups.append(group)
                room -= length + (3 if len(groups) > 1 else 0)
        parts: list[Part] = [(" ", "")]
        for index, group in enumerate(groups):
            if index:
                parts.append((" │ ", "$text-disabled"))
            parts.extend(group)
        return Content.assemble(*parts)

    def _groups(self, *, wide: bool) -> list[list[Part]]:
        if not cast("StudioApp", self.app).ready:
            return [CONNECTING]
        state = cast("StudioApp", self.app).state
        worker = state.worker
        groups = [self._engine(worker), self._queue(wide=wide)]
        if progress := state.latest_progress:
            share = progress.step / progress.total if progress.total else 0.0
            group = [*_bar(share, 12, "$text-accent"), (" ", "")] if wide else []
            if progress.total:
                group.append((f"{progress.step}/{progress.total}", "" if wide else "$text-accent"))
            else:
                group.append((safe_text(progress.message, limit=24), ""))
            if progress.rate:
                rate = f"{progress.rate:.1f} it/s" if progress.rate >= 1 else f"{1 / progress.rate:.1f} s/it"
                group.append((f" {rate}", "$text-muted"))
            if progress.eta is not None:
                group.append((f" {duration(progress.eta)}", "$text-muted"))
            groups.append(group)
        if worker is not None:
            memory = worker.memory
            if memory.vram_total:
                groups.append(_memory("VRAM", memory.vram_used, memory.vram_total, wide=wide))
            if memory.ram_total:
                groups.append(_memory("RAM", memory.ram_used, memory.ram_total, wide=wide))
        elif state.note:
            groups.append([(safe_text(state.note, limit=60), "$text-muted")])
        return groups

    def _engine(self, worker: WorkerStatus | None) -> list[Part]:
        state = cast("StudioApp", self.app).state
        if state.link != "connected":
            return (
                CONNECTING if state.link == "starting" else [("○ ", "$text-warning"), ("not connected", "")]
            )
        if worker is None:
            return [("○ ", "$text-muted"), ("engine asleep", "$text-muted")]
        word, colour = STATES.get(worker.state, (worker.state, ""))
        parts: list[Part] = [("● ", colour), (word, colour)]
        device = worker.choice.kind.upper() if worker.choice else worker.device
        name = worker.choice.name if worker.choice and self.size.width >= 130 else device
        parts.append((f" {safe_text(name, limit=24)}", ""))
        return parts

    def _queue(self, *, wide: bool) -> list[Part]:
        state = cast("StudioApp", self.app).state
        counts = state.counts
        if state.paused:
            return [("paused", "$text-warning"), (f" {counts.pending} waiting", "")]
        if not counts.in_progress and not counts.pending:
            return [("queue empty", "$text-muted")]
        if not wide and state.progress:
            return [(f"▶{counts.in_progress} ○{counts.pending}", "")]
        words = [f"{counts.in_progress} running"] if counts.in_progress else []
        words += [f"{counts.pending} waiting"] if counts.pending else []
        return [(" ".join(words), "")]


def _memory(name: str, used: int, total: int, *, wide: bool) -> list[Part]:
    """With figures where there is room for them, else with the share."""
    share = used / total
    colour = "$text-error" if share > 0.92 else "$text-warning" if share > 0.8 else "$text-secondary"
    figures = f"{gigabytes(used)}/{gigabytes(total)}G" if wide else f"{100 * share:.0f}%"
    return [(f"{name} ", "$text-muted"), *_bar(share, 8 if wide else 5, colour), (f" {figures}", "")]


def _bar(share: float, width: int, colour: str) -> list[Part]:
    filled, rest = bar(share, width)
    return [(filled, colour), (rest, "$text-disabled")]
