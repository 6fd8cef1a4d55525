"""Pictures that are named in fields of the form, looked up beside the keyboard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from textual.worker import Worker, WorkerError

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import LAST, ImageRecord
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.prompts.dialog import TYPED
from invoke_tui.tui.widgets.picture_source import PictureSource
from invoke_tui.tui.widgets.thumbnail import TILE

if TYPE_CHECKING:
    from textual.widget import Widget

    from invoke_tui.tui.base import StudioApp


class PictureLookup:
    """Works for one widget with fields for pictures; ``arrived`` hears of each that has been looked up."""

    def __init__(
        self,
        node: Widget,
        sources: Callable[[], Iterable[PictureSource]],
        arrived: Callable[[PictureSource], None],
    ) -> None:
        self._node = node
        self._sources = sources
        self._arrived = arrived
        self._newest: ImageRecord | None = None
        self._running: dict[int, Worker[None]] = {}

    @property
    def busy(self) -> bool:
        """Something is being looked up."""
        return any(source.busy for source in self._sources())

    def newest(self, image: ImageRecord | None) -> None:
        """The last result is this one now: fields that say ``last`` mean it."""
        if image is None or image == self._newest:
            return
        self._newest = image
        for source in self._sources():
            if source.text == LAST:
                source.name(LAST)
                self.start(source)

    def start(self, source: PictureSource) -> None:
        """Look up what stands in a field now, in the place of what stood there."""
        self._running[id(source)] = beside(self._node, f"take-{id(source)}", self._find, source)

    async def settled(self) -> None:
        """Wait until everything that was named has been looked up."""
        for looking in list(self._running.values()):
            try:
                await looking.wait()
            except WorkerError:
                continue

    async def _find(self, source: PictureSource) -> None:
        """Look a picture up once nothing more is typed, and make its small picture."""
        if source.busy:
            await asyncio.sleep(TYPED)
            try:
                await self._take(source)
            except StudioError as error:
                source.problem = safe_text(str(error), limit=300)
            source.busy = False
        self._arrived(source)

    async def _take(self, source: PictureSource) -> None:
        studio = cast("StudioApp", self._node.app)
        if not await asyncio.to_thread(lambda: source.can_be):
            await asyncio.to_thread(source.look_around)
            return
        client = await studio.link.client()
        await source.find(client, self._newest)
        await source.draw(client, TILE, studio.graphics)
