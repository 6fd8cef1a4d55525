"""Progress of a call, on stderr: a live line for people, plain lines where stderr is no terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from invoke_tui.domain import events
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from invoke_tui.cli.output import Output
    from invoke_tui.cli.wait import Wait


class ProgressLine:
    """Listens to the events of a call and shows how far it is."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._told: set[int] = set()
        self._paused = False

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[speed]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("waiting", total=None, speed="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: events.Event, wait: Wait) -> None:
        """Take an event."""
        if isinstance(event, events.ItemChanged) and event.item.item_id in wait.items:
            if event.note:
                self._say(event.note)
            self._finished(event.item.item_id, wait)
        elif isinstance(event, events.Snapshot | events.QueueChanged):
            for item_id in wait.items:
                self._finished(item_id, wait)
            self._pause(event)
        elif isinstance(event, events.Progress) and event.item_id in wait.items:
            self._step(event, wait)
        elif isinstance(event, events.WorkerChanged) and event.note:
            self._say(f"engine: {event.note}")

    def _pause(self, event: events.Snapshot | events.QueueChanged) -> None:
        """Say why nothing happens."""
        if event.paused and not self._paused:
            why = event.pause_reason if isinstance(event, events.Snapshot) else event.note
            self._say(
                f"the queue is paused{f': {why}' if why else ''}; 'invoke-tui queue resume' lets it go on"
            )
        self._paused = event.paused

    def _finished(self, item_id: int, wait: Wait) -> None:
        """Say once that an item is done with."""
        status, item = wait.status(item_id), wait.items[item_id]
        if status.finished and item_id not in self._told:
            self._told.add(item_id)
            seed = f", seed {item.seed}" if item and item.seed is not None else ""
            self._say(f"{len(self._told)}/{len(wait.items)} {status}{seed}")

    def _step(self, event: events.Progress, wait: Wait) -> None:
        if self._bar is None or self._task is None:
            return
        number = min(wait.finished + 1, len(wait.items))
        rate = f"{event.rate:.2f} it/s" if event.rate else ""
        left = f"{event.eta:.0f} s left" if event.eta is not None else ""
        self._bar.update(
            self._task,
            description=f"picture {number}/{len(wait.items)}: {safe_text(event.message, limit=60)}",
            total=event.total or None,
            completed=event.step,
            speed="  ".join(part for part in (rate, left) if part),
        )

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(safe_text(text), markup=False, highlight=False)
        else:
            self._output.note(text)
