"""The histogram beside a picture."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.widget import Widget

from invoke_tui.tui.viewer.measures import CHANNELS, Histogram

COLOURS: Final = ("ansi_bright_red", "ansi_bright_green", "ansi_bright_blue", "$foreground")
LINES: Final = 2
"""Of each channel."""
TALL: Final = 3


class LightBars(Widget):
    """Red, green, blue and light as bars from dark to bright."""

    def __init__(self) -> None:
        super().__init__(id="viewer-light")
        self._histogram: Histogram | None = None

    def show(self, histogram: Histogram | None) -> None:
        """Of another picture."""
        self._histogram = histogram
        self.refresh()

    def render(self) -> Content:
        """As wide as there is room."""
        width, histogram = self.content_size.width, self._histogram
        if histogram is None or width < 1:
            return Content("")
        high = TALL if self.content_size.height > len(CHANNELS) * TALL else LINES
        parts: list[tuple[str, str]] = []
        for channel, colour in enumerate(COLOURS):
            parts += [(f"{line}\n", colour) for line in histogram.lines(channel, width, high)]
        dark, bright = histogram.ends
        parts.append((f"black {dark:.1%} · white {bright:.1%}", "$text-muted"))
        return Content.assemble(*parts)
