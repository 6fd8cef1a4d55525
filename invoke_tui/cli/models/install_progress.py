"""Progress of installing: bars on a terminal, a line per change elsewhere, JSON lines for scripts."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from invoke_tui.cli.models.shared import size
from invoke_tui.domain.models.installs import InstallJob, InstallStatus
from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from invoke_tui.cli.output import Output

_LINE = ("job_id", "status", "name", "source", "bytes_done", "bytes_total", "rate", "eta", "note")


class InstallProgressLines:
    """Shows jobs as they change."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._told: dict[str, tuple[object, ...]] = {}
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self._output.as_json:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TextColumn("{task.fields[speed]}", markup=False),
                console=Console(stderr=True),
                transient=True,
            )
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, job: InstallJob) -> None:
        """Show how a job is now."""
        if self._output.as_json:
            self._output.json_line(job.model_dump(mode="json", include=set(_LINE)))
            return
        if self._bars is not None:
            self._bar(self._bars, job)
        now = (job.status, job.note)
        if self._told.get(job.job_id) != now:
            self._told[job.job_id] = now
            self._say(job)

    def _bar(self, bars: Progress, job: InstallJob) -> None:
        name = safe_text(job.name, limit=40)
        if job.job_id not in self._tasks:
            self._tasks[job.job_id] = bars.add_task(name, total=None, speed="")
        rate = f"{size(job.rate)}/s" if job.rate else ""
        left = f"{_duration(job.eta)} left" if job.eta is not None else ""
        values: dict[str, Any] = {"total": job.bytes_total, "completed": job.bytes_done, "description": name}
        bars.update(self._tasks[job.job_id], speed="  ".join(part for part in (rate, left) if part), **values)

    def _say(self, job: InstallJob) -> None:
        words = {
            InstallStatus.DOWNLOADING: f"{size(job.bytes_total)} to get" if job.bytes_total else "",
            InstallStatus.RUNNING: "looking at it",
            InstallStatus.COMPLETED: "installed" if not job.note else "",
            InstallStatus.PAUSED: "paused",
            InstallStatus.CANCELLED: "canceled",
            InstallStatus.ERROR: "failed",
        }.get(job.status, "")
        text = "; ".join(part for part in (words, job.note) if part)
        if not text:
            return
        line = safe_text(f"{job.name}: {text}", limit=1000)
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False)
        else:
            self._output.note(line)


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 90:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 5400 else f"{whole // 3600} h {whole % 3600 // 60} min"
