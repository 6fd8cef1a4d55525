"""The stream of events, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.cli.options import attach
from invoke_tui.domain import events

if TYPE_CHECKING:
    from invoke_tui.cli.output import Output
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.running.queue import QueueCounts


async def watch_events(studio: Studio, output: Output, *, until_idle: bool, previews: bool) -> None:
    """Print events until there is nothing to wait for, the daemon stops, or for ever."""
    async with attach(studio) as client:
        async for event in client.events():
            if output.as_json and (previews or not isinstance(event, events.Preview)):
                output.json_line(event.model_dump(mode="json"))
            elif not output.as_json and (line := describe(event)):
                output.line(line)
            counts: QueueCounts | None = getattr(event, "counts", None)
            if isinstance(event, events.StudioStopping):
                return
            if until_idle and counts is not None and not counts.pending and not counts.in_progress:
                return


def describe(event: events.Event) -> str:
    """Return one line about an event, or nothing where a person would see only noise."""
    match event:
        case events.Snapshot(counts=counts, paused=paused):
            return f"{counts.in_progress} running, {counts.pending} pending{', paused' if paused else ''}"
        case events.ItemChanged(item=item, note=note):
            what = item.error if item.error and item.status.finished else item.prompt
            return f"#{item.item_id} {item.status}{f' ({note})' if note else ''}  {what}"
        case events.QueueChanged(counts=counts, note=note, paused=paused):
            state = "paused" if paused else "running"
            return note or f"queue {state}: {counts.in_progress} running, {counts.pending} pending"
        case events.Progress(item_id=item_id, message=message, step=step, total=total):
            return f"#{item_id} {message} {step}/{total}" if total else f"#{item_id} {message}"
        case events.ImageAdded(image=image):
            return f"#{image.item_id or '-'} picture {image.path}"
        case events.WorkerChanged(worker=worker, note=note):
            return f"engine {worker.pid} on {worker.device}: {worker.state}{f' ({note})' if note else ''}"
        case events.LogLine(level=level, source=source, message=message) if level in ("warning", "error"):
            return f"{level} {source}: {message}"
        case events.StudioStopping(reason=reason):
            return f"the studio stops{f': {reason}' if reason else ''}"
        case _:
            return ""
