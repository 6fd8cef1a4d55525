"""The first frame where the last session ended on a screen that needs more than the first frame has."""

from __future__ import annotations

from typing import ClassVar

from invoke_tui.tui.actions import Place
from invoke_tui.tui.screens.base import StudioScreen


class ArrivingScreen(StudioScreen):
    """The frame of the screen that takes its place in a moment."""

    place: ClassVar[Place] = "app"
    places: ClassVar[tuple[Place, ...]] = ()

    @property
    def current(self) -> str:
        """The screen that is on its way."""
        return self.studio.first_screen
