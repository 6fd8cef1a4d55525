"""The working half of the viewer: pictures are fetched, kept up to date and brought to Generate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.events import Event, GalleryChanged, ImageAdded, Snapshot
from invoke_tui.domain.gallery.images import ImageRecord, Listing
from invoke_tui.tui.beside import beside
from invoke_tui.tui.viewer.album import Album
from invoke_tui.tui.viewer.original import AT_ONCE

if TYPE_CHECKING:
    from invoke_tui.tui.viewer.original import Original
    from invoke_tui.tui.viewer.screen import ViewerScreen
    from invoke_tui.tui.viewer.stage import Stage


class ViewerDesk:
    """Works for one viewer; what takes time runs in the screen's workers."""

    def __init__(self, screen: ViewerScreen, stage: Stage, listing: Listing, at: int, total: int) -> None:
        self._screen = screen
        self._stage = stage
        self.album = Album(listing, total, lambda: screen.studio.link.client())
        self.number = max(0, min(at, total - 1))
        self.image: ImageRecord | None = None
        """What is looked at; with its metadata once that has come."""
        self._wanted = ""
        """The picture to be on once the list has been read again."""
        self._forth = 1
        """Where the next neighbour lies that is fetched ahead."""

    def open(self, compare: Sequence[str]) -> None:
        """Show the first picture, or those that are compared, and listen."""
        self._screen.studio.studio_events.subscribe(self._screen, self._event)
        beside(self._screen, "picture", self._open, list(compare))

    async def _open(self, compare: list[str]) -> None:
        if compare:
            try:
                self.number = await self.album.place(compare[0])
            except StudioError:
                pass  # it is compared with the one at the number then
            self._stage.comparing.begin(compare[1:])
        await self._load(self.number)

    # -- going from picture to picture ----------------------------------------------------------------------------

    def go_to(self, number: int) -> None:
        """Show the picture at a number."""
        number = max(0, min(number, self.album.total - 1))
        if number == self.number and self.image is not None:
            return
        self._forth = -1 if number < self.number else 1
        self.number = number
        if not self._stage.comparing.on:
            self._stage.fit()
        self.load()

    def load(self) -> None:
        """Show what is to be shown now."""
        beside(self._screen, "picture", self._load, self.number)

    async def _load(self, number: int) -> None:
        try:
            image = await self.album.image(number)
            self._stage.reading = image is not None and image.width * image.height > AT_ONCE
            if image is None or self.image is None or self.image.image_name != image.image_name:
                self.image = image
                self._screen.show_record(image)
            if image is None:
                self._screen.say_instead("There is no picture in this list.")
                return
            self._screen.studio.partners.met(image.image_name)
            original = await self.album.original(image.image_name)
            others = [await self.album.original(name) for name in self._stage.comparing.others]
        except StudioError as error:
            self._screen.say_instead(error.message, error.hint or "")
            return
        self._screen.remove_class("-word")
        self._stage.show(original, *others)
        self._screen.tell()
        await self._know(image.image_name)
        await self._count(original)
        await self.album.prepare(number + self._forth)
        await self.album.prepare(number - self._forth)

    async def _know(self, name: str) -> None:
        """Fetch everything that is known about the picture."""
        try:
            record = await self.album.record(name)
        except StudioError:
            return  # it is gone, which the list says
        if self.image is not None and self.image.image_name == name:
            self.image = record
            self._screen.show_record(record)

    def count(self) -> None:
        """Count the picture's pixels."""
        if self._stage.first is not None:
            beside(self._screen, "count", self._count, self._stage.first)

    async def _count(self, original: Original) -> None:
        """Where that is shown."""
        if self._screen.has_class("-histogram"):
            try:
                histogram = await asyncio.to_thread(original.histogram)
            except StudioError:
                return  # in the place of the picture it is said why
            self._screen.show_histogram(histogram)

    # -- the studio -----------------------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        if isinstance(event, GalleryChanged | ImageAdded | Snapshot):
            self.read_again()

    def read_again(self, name: str = "") -> None:
        """The list has changed; stay on the picture, or go to the one of a ``name``."""
        self._wanted = name or self._wanted or (self.image.image_name if self.image else "")
        if self._wanted:
            beside(self._screen, "list", self._read_again, self._wanted)

    async def _read_again(self, name: str) -> None:
        before = self.number
        try:
            place = await self.album.read_again(name, before)
            self._wanted = ""
            if self.number != before:
                return  # somebody has gone on
            self.number = place
            image = await self.album.image(place)
        except StudioError:
            return  # that the studio is away is told elsewhere
        if image is not None and self.image is not None and image.image_name == self.image.image_name:
            self.changed(image)
        else:
            self.load()

    def changed(self, image: ImageRecord) -> None:
        """The picture has another star or rating."""
        self.album.change(image)
        if self.image is not None and self.image.image_name == image.image_name:
            self.image = image.model_copy(update={"metadata": image.metadata or self.image.metadata})
            self._screen.show_record(self.image)

    # -- comparing and using --------------------------------------------------------------------------------------

    def compare(self, count: int) -> None:
        """Hold the picture against some others."""
        beside(self._screen, "compare", self._compare, count)

    async def _compare(self, count: int) -> None:
        if self.image is None:
            return
        try:
            others = await self._others(self.image.image_name, count)
        except StudioError as error:
            self._screen.studio.show_error(error, title="Compare")
            return
        if not others:
            self._screen.say("There is no other picture to compare with. b keeps one.")
            return
        self._stage.comparing.begin(others)
        self._stage.fit()
        self.load()

    async def _others(self, name: str, count: int) -> list[str]:
        """Those that are kept, or the one met before; for four, those that follow."""
        if count > 2:
            found = [await self.album.image(self.number + by) for by in range(1, count)]
            return [image.image_name for image in found if image is not None]
        while partners := self._screen.studio.partners.of(name):
            if others := [one for one in partners if await self._is_there(one)]:
                return others
        near = await self.album.image(self.number + 1) or await self.album.image(self.number - 1)
        return [near.image_name] if near is not None else []

    async def _is_there(self, name: str) -> bool:
        """It may have been deleted since it was kept."""
        try:
            await self.album.record(name)
        except NotFoundError:
            self._screen.studio.partners.forget(name)
            return False
        return True
