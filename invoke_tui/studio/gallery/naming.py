"""Where the files of pictures go: InvokeAI's folders and names, or a person's template."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, func, select

from invoke_tui.domain.gallery.names import filled, numbered
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import boards, images
from invoke_tui.studio.gallery.files import subfolder
from invoke_tui.studio.gallery.reading import read_metadata

_REMEMBERED: Final = 1_000


@dataclass(frozen=True)
class Naming:
    """InvokeAI's ``image_subfolder_strategy``, or a template, which then says folders too."""

    strategy: str = "flat"
    template: str = ""

    def path(self, name: str, category: str, made: datetime, said: Mapping[str, Any]) -> str:
        """The file that a picture should have, below the pictures' folder. ``said`` are its values for templates."""
        if not self.template:
            return str(Path(subfolder(self.strategy, name, category, made), name))
        stem, dot, suffix = name.rpartition(".")
        local = made.astimezone()
        times = {
            "date": f"{local:%Y-%m-%d}",
            "time": f"{local:%H-%M-%S}",
            "year": f"{local:%Y}",
            "month": f"{local:%m}",
            "day": f"{local:%d}",
        }
        return filled(self.template, {**said, **times, "id": stem}, otherwise=stem) + dot + suffix


def values_of(
    metadata: Mapping[str, Any] | None, *, width: int, height: int, item_id: int | None, board: str | None
) -> dict[str, Any]:
    """What templates may say of a picture."""
    said = read_metadata(metadata, name="")
    return {
        "model": said.facts["model_name"],
        "base": said.facts["model_base"],
        "seed": said.facts["seed"],
        "steps": said.facts["steps"],
        "scheduler": said.facts["scheduler"],
        "prompt": said.texts["positive_prompt"],
        "width": width,
        "height": height,
        "number": None if item_id is None else f"{item_id:06}",
        "board": board,
    }


def board_name(connection: Connection, board_id: str | None) -> str | None:
    """What people call a board."""
    found: str | None = connection.scalar(select(boards.c.board_name).where(boards.c.board_id == board_id))
    return found


class Places:
    """Finds a file for every picture that no other has, nor one that is on its way."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._given: set[str] = set()
        self._next: dict[str, int] = {}
        self._one_by_one = asyncio.Lock()

    @asynccontextmanager
    async def free(self, wanted: Sequence[str]) -> AsyncIterator[list[str]]:
        """For each what is wanted, or the next like it that is free; kept for the caller until the end of the block."""
        found: list[str] = []
        try:
            async with self._one_by_one:
                for path in wanted:
                    file = await self._database.read(lambda c, path=path: self._first_free(c, path))  # type: ignore[misc]
                    self._given.add(file.casefold())
                    found.append(file)
            yield found
        finally:
            self._given.difference_update(file.casefold() for file in found)

    def _first_free(self, connection: Connection, wanted: str) -> str:
        """Case does not count: some file systems know none."""
        stem, suffix = os.path.splitext(wanted)
        tried = enumerate(numbered(stem), start=1)
        begin = self._next.get(wanted, 1)
        number, file = next(
            (number, path + suffix)
            for number, path in tried
            if number >= begin and self._is_free(connection, path + suffix)
        )
        while len(self._next) >= _REMEMBERED:
            del self._next[next(iter(self._next))]
        self._next[wanted] = number
        return file

    def _is_free(self, connection: Connection, file: str) -> bool:
        if file.casefold() in self._given or os.path.lexists(self._folder / file):
            return False
        return not connection.scalar(select(func.count()).where(images.c.file == file))
