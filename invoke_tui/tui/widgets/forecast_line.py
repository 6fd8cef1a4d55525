"""What the next picture will take, under the settings: bytes, the share that streams, seconds per step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import ValidationError
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invoke_tui.domain.request.forecast import Forecast

Ask = Callable[[GenerationRequest], Awaitable["Forecast"]]

QUIET: Final = 0.4
"""Seconds without a change before the studio is asked."""
MATTERS: Final = ("model", "width", "height", "steps", "cfg_scale")
"""Settings a forecast depends on."""


class ForecastLine(Static):
    """Dim; in the colour of a warning where layers will stream or the model does not fit.

    It has its place from the first moment on: what it says never moves anything.
    """

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, ask: Ask) -> None:
        super().__init__(id="forecast")
        self._ask_studio = ask
        self._asked: dict[str, Any] | None = None

    def settings_changed(self, values: Mapping[str, Any]) -> None:
        """The raw values of the form by field name are these now; ask anew if any of them matters."""
        asked = {name: values[name] for name in MATTERS if values.get(name)}
        if asked != self._asked:
            self._asked = asked
            self.ask()

    def ask(self) -> None:
        """Ask the studio after a moment of quiet; the next change cancels this."""
        beside(self, "forecast", self._ask_soon)

    async def _ask_soon(self) -> None:
        try:
            request = GenerationRequest.model_validate(self._asked or {})
        except ValidationError:
            self._say("", "")  # the form says what is wrong
            return
        await asyncio.sleep(QUIET)
        try:
            self.show(await self._ask_studio(request))
        except StudioError:
            self._say("", "")  # no model, no studio: both are said elsewhere

    def show(self, forecast: Forecast) -> None:
        """Say it."""
        tight = forecast.streamed_share > 0 or not forecast.fits
        mark = "✗ " if not forecast.fits else "! " if tight else ""
        self._say(mark + safe_text(forecast.sentence, limit=200), "$text-warning" if tight else "$text-muted")

    def _say(self, text: str, colour: str) -> None:
        self.update(Content.styled(text, colour), layout=False)
