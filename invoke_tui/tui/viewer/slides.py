"""Going on without a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from invoke_tui.tui.viewer.scene import Way

if TYPE_CHECKING:
    from textual.timer import Timer

    from invoke_tui.tui.viewer.screen import ViewerScreen

SECONDS: Final = (0.2, 0.3, 0.5, 0.8, 1, 2, 3, 5, 8, 12, 20, 30, 60)


class Slides:
    """A slide show; where pictures flicker, a change of them. The seconds count from when a picture is there."""

    def __init__(self, screen: ViewerScreen) -> None:
        self._screen = screen
        self._timer: Timer | None = None
        self._picture = SECONDS.index(5)
        self._flicker = SECONDS.index(0.5)
        self.on = False

    @property
    def _flickers(self) -> bool:
        comparing = self._screen.stage.comparing
        return comparing.on and comparing.way is Way.FLICKER

    @property
    def seconds(self) -> float:
        """For each picture."""
        return SECONDS[self._flicker if self._flickers else self._picture]

    @property
    def words(self) -> str:
        """For the line below."""
        return f"{'flickering' if self._flickers else 'slide show'}, {self.seconds:g} s" if self.on else ""

    def toggle(self) -> None:
        """Begin, or end."""
        if self.on:
            self.stop()
        else:
            self.on = True
            self.shown()

    def stop(self) -> None:
        """End."""
        self.on = False
        if self._timer is not None:
            self._timer.stop()

    def pace(self, by: int) -> None:
        """More or fewer seconds."""
        if self._flickers:
            self._flicker = max(0, min(self._flicker + by, len(SECONDS) - 1))
        else:
            self._picture = max(0, min(self._picture + by, len(SECONDS) - 1))
        self.shown()

    def shown(self) -> None:
        """A picture is there, or cannot be: the next comes after its seconds."""
        if self._timer is not None:
            self._timer.stop()
        if self.on:
            self._timer = self._screen.set_timer(self.seconds, self._next)

    def _next(self) -> None:
        if not self.on or not self._screen.is_current:
            self.stop()
        elif self._flickers:
            self._screen.stage.flick()
        else:
            desk = self._screen.desk
            desk.go_to((desk.number + 1) % max(1, desk.album.total))
