"""What is known of an item while a worker has it: pace, patience, and whether it is still wanted."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import Final

from invoke_tui.domain.events import Preview, Progress
from invoke_tui.domain.protocol import NodeProgress, StepPreview
from invoke_tui.studio.queue.rows import Claimed

CANCEL_PATIENCE: Final = 20.0
"""Seconds a worker gets to obey a cancel."""
LOADING_PATIENCE: Final = 1800.0
"""Seconds without a sign of progress before the pace of the work is known: weights may come over a network."""
STEP_PATIENCE: Final = 15
"""How many times the slowest step so far a further step may take."""


@dataclass
class Run:
    """One attempt in progress."""

    claimed: Claimed
    moved: float = field(default_factory=time.monotonic)
    renewed: float = field(default_factory=time.monotonic)
    unwanted_since: float | None = None
    _node: str = ""
    _step: int = 0
    _stepped: float = 0.0
    _slowest: float = 0.0
    _pace: float | None = None
    _began: tuple[str, str, float] | None = None
    """The node at work, its type, and since when."""
    node_seconds: list[tuple[str, float]] = field(default_factory=list)
    """Type and seconds of every node that is done."""
    _timed: tuple[str, int, float] | None = None
    """The first denoise node, the step at which its time began to count, and when that was."""
    seconds_per_step: float | None = None
    """Of the first denoise node, without its first step, in which things warm up."""

    @property
    def item_id(self) -> int:
        """The item."""
        return self.claimed.item.item_id

    def progress(self, report: NodeProgress) -> Progress:
        """Take a progress report in, and say it with rate and time left."""
        now = time.monotonic()
        rate = eta = None
        if report.node_id != self._node or report.step < self._step or not report.total:
            self._node, self._step, self._stepped, self._slowest, self._pace = (
                report.node_id,
                0,
                0.0,
                0.0,
                None,
            )
        if report.step > self._step:
            if self._step and self._stepped:
                took = (now - self._stepped) / (report.step - self._step)
                self._slowest = max(self._slowest, took)
                self._pace = took if self._pace is None else 0.7 * self._pace + 0.3 * took
            self._step, self._stepped = report.step, now
        self._time(report, now)
        if self._began is None or self._began[0] != report.node_id:
            self.finish(now)
            self._began = report.node_id, report.node_type, now
        if self._pace:
            rate, eta = 1 / self._pace, self._pace * max(report.total - report.step, 0)
        self.moved = now
        return Progress(
            item_id=self.item_id,
            attempt=self.claimed.lease.attempt,
            node_id=report.node_id,
            node_type=report.node_type,
            message=report.message,
            step=report.step,
            total=report.total,
            rate=rate,
            eta=eta,
        )

    def finish(self, now: float) -> None:
        """The node at work is done."""
        if self._began is not None:
            self.node_seconds.append((self._began[1], now - self._began[2]))
            self._began = None

    def _time(self, report: NodeProgress, now: float) -> None:
        if "denoise" not in report.node_type or not report.step:
            return
        if self._timed is None:
            self._timed = report.node_id, report.step, now
        node, first, began = self._timed
        if report.node_id == node and report.step > first:
            self.seconds_per_step = (now - began) / (report.step - first)

    def patience(self, timeout: float) -> float:
        """Seconds without progress after which the work hangs. Between steps it is known how long one takes."""
        between_steps = self._step > 0 and self._slowest > 0
        return (
            max(timeout, STEP_PATIENCE * self._slowest) if between_steps else max(timeout, LOADING_PATIENCE)
        )


def preview(report: StepPreview, blob: bytes) -> Preview:
    """A worker's preview as the front ends get it."""
    return Preview(
        item_id=report.item_id,
        attempt=report.attempt,
        step=report.step,
        total=report.total,
        width=report.width,
        height=report.height,
        mime=report.mime,
        data=base64.b64encode(blob).decode(),
    )
