"""A picture that someone named in the form: what it turned out to be, and how it looks."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from textual.strip import Strip

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.gallery.images import LAST, PICTURE_NAME, ImageCategory, ImageRecord
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import complete
from invoke_tui.tui.pictures.thumbnails import thumbnail_strips

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.pictures.detect import TerminalGraphics

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif")
OFFERED: Final = 40
NOT_FOUND: Final = "There is no such file, and no picture of that name."
WIDE: Final = 16
"""The most letters of a name; there is a thumbnail beside it."""


@dataclass
class PictureSource:
    """What stands in one field for a picture. ``text`` is a path, a name of the gallery, or ``last``."""

    category: ImageCategory
    text: str = ""
    busy: bool = False
    record: ImageRecord | None = None
    transparent: bool = False
    """Something of it shows through."""
    strips: list[Strip] = field(default_factory=list)
    offers: list[str] = field(default_factory=list)
    """Names that a path which is being typed may go on with."""
    problem: str = ""

    def name(self, text: str) -> None:
        """Another one is meant from now on; nothing is known of it yet."""
        self.text, self.busy = text.strip(), bool(text.strip())
        self.record, self.transparent, self.strips, self.offers, self.problem = None, False, [], [], ""

    async def find(self, client: StudioClient, newest: ImageRecord | None) -> None:
        """Look it up, or give its file to the gallery. Raises ``StudioError``."""
        from invoke_tui.client.taking import take

        if self.text == LAST:
            if newest is None:
                raise NotFoundError("There is no result yet.")
            self.record = newest
        else:
            self.record = await take(client, self.text, self.category)

    async def draw(self, client: StudioClient, tile: tuple[int, int], graphics: TerminalGraphics) -> None:
        """Make its small picture. Raises ``StudioError``."""
        assert self.record is not None
        data = await client.thumbnail(self.record.image_name)
        self.strips = await asyncio.to_thread(thumbnail_strips, data, tile, graphics)
        self.transparent = await asyncio.to_thread(_shows_through, data)

    @property
    def can_be(self) -> bool:
        """Whether what was typed may be looked up: it names a file or could be in the gallery. For a thread."""
        if self.text == LAST or PICTURE_NAME.fullmatch(self.text):
            return True
        try:
            return Path(self.text).expanduser().is_file()
        except (OSError, RuntimeError, ValueError):
            return False

    def look_around(self) -> None:
        """What the path may go on with. For a thread."""
        self.offers = complete.paths(self.text, SUFFIXES)[:OFFERED]

    @property
    def trouble(self) -> str:
        """Why it cannot be used as things stand; nothing where it can, or where nothing is named."""
        if not self.text:
            return ""
        if self.busy:
            return "It is being read; try again in a moment."
        return self.problem or ("" if self.record is not None else NOT_FOUND)

    @property
    def called(self) -> str:
        """What people call it, in few letters."""
        if self.text == LAST:
            return "last result"
        name = safe_text(Path(self.text).name)
        return name if len(name) <= WIDE else f"{name[: WIDE - 1]}…"


def _shows_through(data: bytes) -> bool:
    import PIL.Image

    with PIL.Image.open(io.BytesIO(data)) as image:
        return "A" in image.getbands() and image.getchannel("A").getextrema()[0] != 255
