"""The first frame where the last session ended on a screen that needs more than the first frame has."""

from __future__ import annotations

from typing import ClassVar

from invoke_tui.tui.actions import Place
from invoke_tui.tui.screens.base import StudioScreen


class ArrivingScreen(StudioScreen):
    """The queue's frame; the queue takes its place in a moment."""

    place: ClassVar[Place] = "queue"
    places: ClassVar[tuple[Place, ...]] = ()
