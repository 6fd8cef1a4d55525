"""Every list of pictures, and the one way to change what they show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from invoke_tui.domain.gallery.images import DateGroup, ImagePage, Listing, Selection
from invoke_tui.studio.database import Database
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.listing import Listings

T = TypeVar("T")
_EVERYTHING = 10**9


class Lists:
    """The gallery's lists, as they are now."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._listings = Listings(folder)
        self.revision = 1
        """Another number after each change."""
        self.files = asyncio.Lock()
        """Held by whoever writes, moves or removes files that are listed."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Change pictures or boards: lists that are kept count no longer."""
        try:
            return await self._database.write(work)
        finally:
            self.revision += 1

    async def page(self, listing: Listing, *, at: int, limit: int, metadata: bool) -> ImagePage:
        """Pictures of a list from number ``at``; a negative one counts from the end."""
        revision = self.revision
        return await self._database.read(
            lambda c: self._listings.page(c, listing, revision, at=at, limit=limit, metadata=metadata)
        )

    async def place(self, listing: Listing, name: str) -> int:
        """The number of a picture in a list. Raises ``NotFoundError``."""
        revision = self.revision
        return await self._database.read(lambda c: self._listings.place(c, listing, revision, name))

    async def months(self, listing: Listing) -> list[DateGroup]:
        """Where each month of a list by age begins."""
        revision = self.revision
        return await self._database.read(lambda c: self._listings.months(c, listing, revision))

    async def names(self, selection: Selection) -> list[str]:
        """The pictures that are meant, each once."""
        names = list(selection.names)
        if (listing := selection.listing) is not None:
            revision = self.revision
            names += await self._database.read(
                lambda c: self._listings.names(c, listing, revision, 0, _EVERYTHING)
            )
        left_out = set(selection.left_out)
        return [name for name in dict.fromkeys(names) if name not in left_out]

    async def change(self, names: list[str], values: dict[str, object], notes: str | None = None) -> int:
        """Set columns of pictures, and their notes; how many there were."""

        def work(connection: Connection) -> int:
            if notes is not None:
                rows.annotate(connection, names, notes)
            return rows.change(connection, names, values)

        return await self.write(work)
