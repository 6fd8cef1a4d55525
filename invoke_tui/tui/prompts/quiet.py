"""Work that waits for a pause between keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.timer import Timer


class Quiet:
    """Calls once nothing has stirred for ``pause`` seconds. To stir costs a key next to nothing."""

    def __init__(self, node: MessagePump, pause: float, call: Callable[[], object]) -> None:
        self._node, self.pause, self._call = node, pause, call
        self._until = 0.0
        self._timer: Timer | None = None

    def stir(self) -> None:
        """Something changed: wait (again)."""
        self._until = time.monotonic() + self.pause
        if self._timer is None and self._node.is_running:
            self._timer = self._node.set_timer(self.pause, self._look)

    def _look(self) -> None:
        self._timer = None
        left = self._until - time.monotonic()
        if left > 0.001:
            self._timer = self._node.set_timer(left, self._look)
        else:
            self._call()
