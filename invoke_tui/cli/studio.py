"""``studio``: the daemon that owns queue, pictures and engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from invoke_tui.cli import memory
from invoke_tui.cli.options import Json, Root, open_studio, program, run
from invoke_tui.cli.output import Output
from invoke_tui.domain.errors import NotFoundError, UnreachableError
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.config.settings import Studio
    from invoke_tui.domain.running.status import StudioStatus

studio = program("Start, stop and look after the daemon.")
studio.command()(memory.memory)
studio.command()(memory.unload)
studio.command()(memory.limits)
_TAIL_BLOCK = 2**16


@studio.command()
def start(
    foreground: Annotated[
        bool, typer.Option("--foreground", help="Stay here until it ends (for systemd).")
    ] = False,
    root: Root = None,
    json: Json = False,
) -> None:
    """Start the daemon; without harm when it runs already."""
    opened = open_studio(root)
    if foreground:
        arguments = ["--root", str(opened.paths.root)] if opened.paths.root else []
        os.execv(sys.executable, [sys.executable, "-P", "-m", "invoke_tui.studio", *arguments])
    _print_status(opened, Output(as_json=json), run(_status(opened, start=True)))


@studio.command()
def stop(root: Root = None, json: Json = False) -> None:
    """Stop the daemon. Work that runs goes back to the queue; the next start takes it up again."""
    opened = open_studio(root)
    output = Output(as_json=json)
    stopped = run(end(opened))
    document = _document(opened, None) | {"stopped": stopped}
    output.result(document, ["the studio is stopped" if stopped else "no studio was running"])


@studio.command()
def status(root: Root = None, json: Json = False) -> None:
    """Say whether the daemon runs, and what its engines do."""
    opened = open_studio(root)
    try:
        found = run(_status(opened, start=False))
    except UnreachableError:
        found = None
    _print_status(opened, Output(as_json=json), found)


@studio.command()
def logs(
    lines: Annotated[
        int, typer.Option("--lines", min=1, max=100_000, help="How many of the last ones.")
    ] = 100,
    root: Root = None,
    json: Json = False,
) -> None:
    """Print the end of the daemon's log."""
    opened = open_studio(root)
    file = newest_log(opened.paths.logs_dir)
    if file is None:
        raise NotFoundError(f"there is no log in {opened.paths.logs_dir} yet", code="no_log")
    last = tail(file, lines)
    Output(as_json=json).result({"path": str(file), "lines": last}, last)


def newest_log(folder: Path) -> Path | None:
    """Return the log that was written last."""
    found = [path for path in folder.glob("*.log") if path.is_file()] or list(folder.glob("*.out"))
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def tail(file: Path, count: int) -> list[str]:
    """Return the last lines of a file, reading no more of it than needed."""
    with file.open("rb") as stream:
        position = stream.seek(0, os.SEEK_END)
        data = b""
        while position > 0 and data.count(b"\n") <= count:
            step = min(_TAIL_BLOCK, position)
            position = stream.seek(position - step)
            data = stream.read(step) + data
    return data.decode(errors="replace").splitlines()[-count:]


async def _status(opened: Studio, *, start: bool) -> StudioStatus:
    from invoke_tui.client import StudioClient

    client = await StudioClient.connect(opened.paths, start=start, check_version=start)
    try:
        return await client.status()
    finally:
        await client.close()


async def end(opened: Studio) -> bool:
    """Stop the daemon and wait for its end; whether there was one."""
    from invoke_tui.client import StudioClient

    try:
        client = await StudioClient.connect(opened.paths, start=False, check_version=False)
    except UnreachableError:
        return False
    try:
        await client.shutdown()
    finally:
        await client.close()
    return True


def _document(opened: Studio, found: StudioStatus | None) -> dict[str, Any]:
    if found is None:
        return {
            "running": False,
            "pid": None,
            "socket": str(opened.paths.socket),
            "version": "",
            "workers": [],
        }
    document = found.model_dump(mode="json")
    for worker, record in zip(document["workers"], found.workers, strict=True):
        worker |= {"vram": record.vram, "ram": record.ram}
    return document


def _print_status(opened: Studio, output: Output, found: StudioStatus | None) -> None:
    output.result(_document(opened, found), _status_lines(opened, found))


def _status_lines(opened: Studio, found: StudioStatus | None) -> Iterator[str]:
    from invoke_tui.cli.models import size

    if found is None:
        yield f"not running (socket {opened.paths.socket})"
        return
    yield f"running, process {found.pid}, version {found.version}, up {found.uptime / 60:.0f} min"
    yield f"socket   {found.socket}"
    waiting = f"{found.counts.in_progress} running, {found.counts.pending} pending"
    reason = f": {found.pause_reason}" if found.pause_reason else ""
    yield f"queue    {waiting}{f', paused{reason}' if found.paused else ''}"
    for worker in found.workers:
        name = worker.choice.name if worker.choice else worker.device
        yield f"engine   {name}: {worker.state}, VRAM {size(worker.vram)}, RAM {size(worker.ram)}, process {worker.pid}"
        for part in worker.memory.components:
            where = f"{size(part.resident_bytes)} on the device, " if worker.memory.vram_total else ""
            streamed = f", {part.streamed_layers} layers streamed" if part.streamed_layers else ""
            label = safe_text(f"{part.model or part.key} {part.part}", limit=60)
            use = ", in use" if part.locked else ""
            yield f"         {label}: {where}{size(part.total_bytes)} in all{streamed}{use}"
