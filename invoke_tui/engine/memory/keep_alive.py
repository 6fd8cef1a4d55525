"""An idle studio gives the device back: what happens when nothing was used for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable


class KeepAlive:
    """Calls ``expire`` from a thread of its own when ``start`` was not followed by ``hold`` in time."""

    def __init__(self, expire: Callable[[], object]) -> None:
        self._expire = expire
        self._timer: threading.Timer | None = None

    def hold(self) -> None:
        """Something is in use."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def start(self, seconds: float) -> None:
        """Nothing is in use from now on; 0 seconds: keep for ever."""
        self.hold()
        if seconds > 0:
            self._timer = threading.Timer(seconds, self._expire)
            self._timer.daemon = True
            self._timer.start()
