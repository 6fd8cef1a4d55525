"""Work on a whole model that takes a while: its hash, its conversion. Asked for again, it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.records import ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from textual.worker import Worker

    from invoke_tui.client import StudioClient
    from invoke_tui.tui.screens.models import ModelsScreen

SINGLE_FILES = (ModelFormat.CHECKPOINT, ModelFormat.BNB_NF4, ModelFormat.BNB_INT8)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: a word for it, the share that is done, and that in figures."""

    word: str
    share: float
    figures: str


class ModelWork:
    """At most one piece of work for each model, in the screen's workers."""

    def __init__(
        self, screen: ModelsScreen, note: Callable[[str], None], complain: Callable[[StudioError], None]
    ) -> None:
        self.progress: dict[str, Progress] = {}
        """Of each model that is worked on, by key."""
        self._screen = screen
        self._note = note
        self._complain = complain
        self._running: dict[str, Worker[None]] = {}

    def hash(self, model: ModelRecord) -> None:
        """Compute its hash."""

        def progress(done: int, total: int) -> None:
            self._show(
                model, Progress("hashing", done / total if total else 0, f"{size(done)} of {size(total)}")
            )

        async def work(client: StudioClient) -> str:
            progress(0, model.file_size)
            await client.hash_model(model.key, progress)
            return f"The hash of {safe_text(model.name, limit=80)} is computed."

        self._toggle(model, work)

    def convert(self, model: ModelRecord) -> None:
        """Turn it into a diffusers folder."""
        if model.type is not ModelType.MAIN or model.format not in SINGLE_FILES:
            self._note("Main models in a single file are converted; this is none.")
            return

        def progress(part: str, done: int, total: int) -> None:
            self._show(
                model, Progress("convert", done / total, f"{done} of {total}, {safe_text(part, limit=40)}")
            )

        async def work(client: StudioClient) -> str:
            self._show(model, Progress("convert", 0, "starting"))
            await client.convert_model(model.key, progress)
            return f"{safe_text(model.name, limit=80)} is a diffusers folder now."

        self._toggle(model, work)

    def _toggle(self, model: ModelRecord, work: Callable[[StudioClient], Awaitable[str]]) -> None:
        running = self._running.pop(model.key, None)
        if running is not None:
            running.cancel()
            self._note("Stopped.")
        elif model.missing:
            self._note("Its files are gone: there is nothing to read.")
        else:
            self._running[model.key] = alongside(self._screen, "model-work", self._work, model, work)

    async def _work(self, model: ModelRecord, work: Callable[[StudioClient], Awaitable[str]]) -> None:
        try:
            self._note(await work(await self._screen.studio.link.client()))
        except StudioError as error:
            self._complain(error)
        finally:
            self.progress.pop(model.key, None)
            self._running.pop(model.key, None)
            if self._screen.is_attached:
                self._screen.show_details()

    def _show(self, model: ModelRecord, progress: Progress) -> None:
        self.progress[model.key] = progress
        self._screen.show_details()
