"""What is on its way: a scan that goes on, and the jobs of the installer."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from invoke_tui.domain.events import InstallProgress
from invoke_tui.domain.models.installs import InstallJob, InstallStatus
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.widgets.model_rows import Rows, cell
from invoke_tui.tui.words import bar, duration, size

WORDS: Final[dict[InstallStatus, tuple[str, str, str]]] = {
    InstallStatus.WAITING: ("○", "waiting", "$text-muted"),
    InstallStatus.DOWNLOADING: ("▼", "coming", "$text-accent"),
    InstallStatus.RUNNING: ("▶", "checking", "$text-accent"),
    InstallStatus.PAUSED: ("‖", "paused", "$text-warning"),
    InstallStatus.COMPLETED: ("✓", "installed", "$text-success"),
    InstallStatus.ERROR: ("✗", "failed", "$text-error"),
    InstallStatus.CANCELLED: ("–", "canceled", "$text-warning"),
}
"""Mark, word and colour of each state: never colour alone."""
MOVING: Final = (InstallStatus.DOWNLOADING, InstallStatus.PAUSED)


class InstallList(Rows):
    """The jobs, what goes on first, then from new to old."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("jobs")
    help_text: ClassVar[str] = (
        "Models on their way. p pauses one or goes on with it, also with one that failed; c cancels it and removes "
        "what it had; x takes the finished ones off this list."
    )

    class Wished(Message):
        """Something is to be done about a job; ``wish`` is cancel, pause, resume or prune."""

        def __init__(self, job: InstallJob, wish: str) -> None:
            super().__init__()
            self.job = job
            self.wish = wish

    def __init__(self) -> None:
        super().__init__(id="install-list", classes="place-jobs")
        self.jobs: list[InstallJob] = []

    @property
    def row_count(self) -> int:
        """How many jobs there are."""
        return len(self.jobs)

    @property
    def job(self) -> InstallJob | None:
        """The job under the cursor."""
        return self.jobs[self.cursor] if self.cursor < len(self.jobs) else None

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """State, name, how far, how fast, how long."""
        job = self.jobs[index]
        mark, word, colour = WORDS[job.status]
        said = self._said(job, width)
        room = max(10, width - 14 - said.cell_length)
        name = safe_text(job.name or job.source, limit=300)
        head = (f" {mark} {word:<10}", "" if plain else colour)
        return Content.assemble(head, cell(name, room), said if not plain else Content(said.plain))

    def _said(self, job: InstallJob, width: int) -> Content:
        if job.status is InstallStatus.ERROR and job.error is not None:
            why = Content("  " + safe_text(job.error.message, limit=300) + " ")
            return why.truncate(width // 2, ellipsis=True).stylize("$text-error")
        if job.status is InstallStatus.COMPLETED:
            return (
                Content.styled(f"  {size(job.bytes_done)} ", "$text-muted") if job.bytes_done else Content("")
            )
        if job.status not in MOVING:
            return Content.styled(f"  {safe_text(job.note, limit=80)} ", "$text-muted")
        share = job.bytes_done / job.bytes_total if job.bytes_total else 0.0
        filled, rest = bar(share, 16 if width > 100 else 8)
        of = f"{size(job.bytes_done)} of {size(job.bytes_total)}" if job.bytes_total else size(job.bytes_done)
        rate = f"{size(job.rate)}/s" if job.rate and job.status is InstallStatus.DOWNLOADING else ""
        left = f"{duration(job.eta)} left" if job.eta is not None and rate else ""
        return Content.assemble(
            "  ",
            (filled, "$text-accent"),
            (rest, "$text-disabled"),
            f" {share:>4.0%}  {of:>20}",
            (f"  {rate:>9}  {left:<9}" if width > 84 else f"  {left or rate:<9}", "$text-muted"),
            " ",
        )

    def action_wish(self, wish: str) -> None:
        """Tell whoever can do it. ``pause`` is a switch."""
        if (job := self.job) is None:
            return
        if wish == "pause" and (job.status is InstallStatus.PAUSED or job.status is InstallStatus.ERROR):
            wish = "resume"
        self.post_message(self.Wished(job, wish))


class InstallPane(Vertical):
    """As high as what there is to tell; nothing at all when there is nothing."""

    def __init__(self) -> None:
        super().__init__(id="install-pane", classes="-idle")
        self._scan: str | None = None

    def compose(self) -> ComposeResult:
        """The scan, the jobs, a word about the job under the cursor."""
        yield Static(id="scan-line")
        yield InstallList()
        yield Static(id="install-word")

    @property
    def list_(self) -> InstallList:
        """The jobs."""
        return self.query_one(InstallList)

    def show(self, jobs: list[InstallJob]) -> None:
        """All jobs there are."""
        rows = self.list_
        chosen = rows.job.job_id if rows.job else ""
        rows.jobs = sorted(jobs, key=lambda job: (job.status.finished, -job.created_at.timestamp()))
        rows.rearrange(cursor=next((i for i, job in enumerate(rows.jobs) if job.job_id == chosen), None))
        self._height()
        self._explain()

    def change(self, job: InstallJob, *, removed: bool = False) -> None:
        """A job is new, has changed, or is off the list."""
        others = [known for known in self.list_.jobs if known.job_id != job.job_id]
        self.show(others if removed else [*others, job])

    def progress(self, event: InstallProgress) -> None:
        """A job has come further."""
        rows = self.list_
        for index, job in enumerate(rows.jobs):
            if job.job_id == event.job_id and not job.status.finished:
                update = {name: getattr(event, name) for name in ("bytes_done", "bytes_total", "rate", "eta")}
                rows.jobs[index] = job.model_copy(update=update)
                rows.refresh()

    def show_scan(self, text: str) -> None:
        """How far a scan is, or nothing."""
        if text == self._scan:
            return
        self._scan = text
        line = self.query_one("#scan-line", Static)
        line.display = bool(text)
        line.update(Content.assemble((" ◌ ", "$text-accent"), text) if text else Content(""))
        self._height()

    def _height(self) -> None:
        jobs = len(self.list_.jobs)
        self.list_.display = bool(jobs)
        self.list_.styles.height = min(jobs, 4)
        self.set_class(not jobs and not self.query_one("#scan-line").display, "-idle")

    @on(Rows.Moved, "#install-list")
    def _explain(self) -> None:
        """What went wrong with the job under the cursor, and what to do."""
        job, word = self.list_.job, self.query_one("#install-word", Static)
        text = ""
        if job is not None and job.error is not None:
            hint = safe_text(job.error.hint, limit=600)
            text = f"{safe_text(job.error.message, limit=600)} {hint}".strip() + "  p tries again."
        word.display = bool(text)
        word.update(Content.styled(text, "$text-error"))
