"""Small WebPs beside the pictures, made when first asked for and thrown away without regret."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.files.decoding import small
from invoke_tui.domain.gallery.images import Thumbnail
from invoke_tui.studio.gallery.files import write_whole
from invoke_tui.studio.gallery.png import DamagedPictureError

SIDE: Final = 256


class Thumbnails:
    """A folder of thumbnails. One thread makes them, so that a page of new ones does not take every core."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="thumbnails")
        self._kept = True

    async def get(self, name: str, picture: Path) -> bytes:
        """The thumbnail of the picture of this name, from the folder or new."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._get, name, picture)

    async def keep(self, kept: bool) -> None:
        """Whether new ones are kept, from the end of this on: their folder may be about to move."""
        self._kept = kept
        await asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)

    async def told(self, name: str, picture: Path) -> Thumbnail:
        """The same, with what is wrong in the place of an error."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._told, name, picture)

    def forget(self, name: str) -> None:
        """The picture of this name has changed."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / Path(name).with_suffix(".webp").name

    def _told(self, name: str, picture: Path) -> Thumbnail:
        if not picture.is_file():
            return Thumbnail(image_name=name, problem="missing")
        try:
            return Thumbnail(image_name=name, data=self._get(name, picture))
        except StudioError:
            return Thumbnail(image_name=name, problem="unreadable")

    def _get(self, name: str, picture: Path) -> bytes:
        path = self._path(name)
        try:
            if path.stat().st_mtime_ns >= picture.stat().st_mtime_ns and (data := path.read_bytes()):
                return data
        except OSError:
            pass
        data = _make(picture)
        if self._kept:
            write_whole(path, data)
        return data


def _make(picture: Path) -> bytes:
    made = io.BytesIO()
    try:
        with picture.open("rb") as stream:
            small(stream, SIDE).save(made, "WEBP", quality=80)
    except StudioError:
        raise
    except Exception as error:  # a decoder of files from anywhere raises whatever it likes
        raise DamagedPictureError(f"{picture.name} cannot be read: {error}.") from error
    return made.getvalue()
