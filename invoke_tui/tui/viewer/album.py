"""The pictures one goes through: which comes at what number, and their files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.tui.gallery.pages import SIZE, Pages
from invoke_tui.tui.viewer.original import Original, Shelf

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.domain.gallery.images import ImageRecord, Listing

MOST_BYTES: Final = 32 * 2**20
"""Bytes of files that are kept, beside those that are shown."""
LARGE: Final = 4 * 2**20
"""Bytes of a file above which it is read where it lies."""


class Album:
    """A listing, looked at one picture at a time. What fails raises ``StudioError``."""

    def __init__(self, listing: Listing, total: int, client: Callable[[], Awaitable[StudioClient]]) -> None:
        self.listing = listing
        self.shelf = Shelf()
        self._pages = Pages(total)
        self._client = client
        self._originals: dict[str, Original] = {}

    @property
    def total(self) -> int:
        """Pictures of the listing."""
        return self._pages.total

    async def image(self, number: int) -> ImageRecord | None:
        """The picture at a number, without its metadata; None where the list has become shorter."""
        if not 0 <= number < self.total:
            return None
        pages = self._pages
        for page in pages.look(number, number + 1):
            client = await self._client()
            found = await client.images(self.listing, at=page * SIZE, limit=SIZE, metadata=False)
            pages.put(found)
            pages.total = found.total
        return pages.image(number)

    def change(self, image: ImageRecord) -> None:
        """A picture is as this one now."""
        self._pages.change(image)

    async def read_again(self, name: str, otherwise: int) -> int:
        """The list has changed: the number of a picture now, or for one that is gone the nearest to another number."""
        client = await self._client()
        self._pages = Pages((await client.images(self.listing, limit=1, metadata=False)).total)
        try:
            return await client.image_place(self.listing, name)
        except NotFoundError:
            return max(0, min(otherwise, self.total - 1))

    async def place(self, name: str) -> int:
        """The number of a picture."""
        return await (await self._client()).image_place(self.listing, name)

    async def record(self, name: str) -> ImageRecord:
        """Everything about a picture."""
        return await (await self._client()).image(name)

    async def original(self, name: str) -> Original:
        """A picture's file. Raises ``BadInputError`` where it is no picture that can be shown."""
        original = self._originals.pop(name, None)
        if original is None:
            original = await asyncio.to_thread(Original, await self._file(name), self.shelf)
        self._originals[name] = original
        while len(self._originals) > 1 and sum(one.weight for one in self._originals.values()) > MOST_BYTES:
            gone = self._originals.pop(next(iter(self._originals)))
            self.shelf.drop(gone)
        return original

    async def _file(self, name: str) -> bytes | Path:
        """A picture's bytes; the file itself where it is large, and lies on this machine."""
        client = await self._client()
        with suppress(NotFoundError):  # which is told of the file
            record = await client.image(name)
            path = Path(record.path)
            if record.file_size > LARGE and await asyncio.to_thread(path.is_file):
                return path
        return await client.image_file(name)

    async def prepare(self, number: int) -> None:
        """Have a picture's file here, and decoded where it is not large, before somebody asks for it."""
        try:
            image = await self.image(number)
            if image is None:
                return
            original = await self.original(image.image_name)
            if not original.large:
                await asyncio.to_thread(original.whole)
        except StudioError:
            return  # it is told when somebody looks at it

    def close(self) -> None:
        """Nothing is looked at any more."""
        self._originals.clear()
        self.shelf = Shelf()
