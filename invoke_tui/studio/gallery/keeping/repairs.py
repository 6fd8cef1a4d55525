"""Mending what a check found. Nothing that could be a picture is deleted: it is set aside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, delete, insert, select, text, update

from invoke_tui.config.paths import StudioPaths
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.keeping import REPAIRS, CheckReport, Finding, FindingKind, Step
from invoke_tui.studio.database import Database, migrate
from invoke_tui.studio.database.tables import image_texts, images
from invoke_tui.studio.gallery import rows
from invoke_tui.studio.gallery.formats import facts_of
from invoke_tui.studio.gallery.keeping.adopting import Orphan, adopt, free_name, read_orphan
from invoke_tui.studio.gallery.keeping.checks import Checked
from invoke_tui.studio.gallery.keeping.folder import ASIDE, set_aside
from invoke_tui.studio.gallery.keeping.rebuilding import is_wanted
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.reading import read_metadata

_ORDER: Final = list(REPAIRS)
_FEW: Final = 20
"""So many missing files may be all that are listed, and the folder is still taken for the right one."""
_SMALL: Final = 2**20
"""Bytes of the largest thumbnail."""


class Repairs:
    """Mends findings one by one and says of each what was done."""

    def __init__(self, database: Database, lists: Lists, paths: StudioPaths) -> None:
        self._database = database
        self._lists = lists
        self._paths = paths
        self._folder = paths.images_dir

    async def mend(
        self, checked: Checked, kinds: Collection[FindingKind]
    ) -> AsyncGenerator[Step | CheckReport]:
        """Mend what can be of these kinds; the database is backed up before."""
        backup: Path | None = None
        if any(finding.kind in kinds for finding in checked.findings):
            backup = await asyncio.to_thread(migrate.back_up, self._database.path)
        found = sorted(checked.findings, key=lambda finding: _ORDER.index(finding.kind))
        missing = sum(finding.kind == "missing" for finding in found)
        unmounted = missing > max(_FEW, checked.pictures // 2)
        done: list[Finding] = []
        for number, finding in enumerate(found):
            if number % _FEW == 0:
                yield Step(doing="repairing", done=number, total=len(found))
            if finding.kind == "missing" and unmounted and "missing" in kinds:
                why = "left: most files are missing. Is the disk there, and is outputs_dir right?"
                done.append(finding.model_copy(update={"repair": why}))
                continue
            done.append(await self._mended(finding) if finding.kind in kinds else finding)
        yield CheckReport(
            pictures=checked.pictures,
            files=checked.files,
            findings=done,
            backup=None if backup is None else str(backup),
        )

    async def _mended(self, finding: Finding) -> Finding:
        try:
            async with self._lists.files:
                said = await self._mend(finding)
        except (OSError, StudioError) as error:
            why = error.message if isinstance(error, StudioError) else str(error.strerror)
            return finding.model_copy(update={"repair": f"left: {why}"})
        return finding.model_copy(update={"repair": said, "repaired": not said.startswith("left")})

    async def _mend(self, finding: Finding) -> str:
        match finding.kind:
            case "orphan":
                return await self._take_in(finding)
            case "missing":
                return await self._lists.write(lambda c: self._drop_missing(c, finding))
            case "damaged":
                return await self._put_aside(finding)
            case "texts":
                return await self._read_again(finding)
            case "search":
                return await self._lists.write(_index_again)
            case _:
                return await asyncio.to_thread(self._remove, finding)

    async def _take_in(self, finding: Finding) -> str:
        orphan = await asyncio.to_thread(read_orphan, self._folder / finding.file, self._folder)
        return await self._lists.write(lambda c: self._listed(c, orphan))

    def _listed(self, connection: Connection, orphan: Orphan) -> str:
        if connection.scalar(select(images.c.id).where(images.c.file == orphan.file)):
            return "it was recorded meanwhile"
        if is_wanted(connection):
            return "left: 'invoke-tui gallery rebuild' lists it, with what the newest backup knows"
        name = free_name(connection, orphan, self._folder)
        if name is None:
            return "left where it is: its content and its name are another file's"
        missed = rows.file_of(connection, name) is not None
        adopt(connection, orphan, name, {})
        return "its row points to it again" if missed else f"taken in as {name}"

    def _drop_missing(self, connection: Connection, finding: Finding) -> str:
        file = rows.file_of(connection, finding.image_name or "")
        if file is None or (self._folder / file).exists():
            return "the file is there again"
        if Path(file).is_absolute():
            return "left: the file lies elsewhere, on a disk that may not be there now"
        _forget(connection, finding.image_name)
        return "taken off the list; the backup still has its row"

    async def _put_aside(self, finding: Finding) -> str:
        if Path(finding.file).is_absolute():
            return "left: the file lies elsewhere"
        await asyncio.to_thread(set_aside, self._folder / finding.file, self._paths)
        if finding.image_name is not None:
            await self._lists.write(lambda c: _forget(c, finding.image_name))
        return f"set aside in {ASIDE}"

    async def _read_again(self, finding: Finding) -> str:
        facts = await asyncio.to_thread(facts_of, self._folder / finding.file)
        said = read_metadata(facts.metadata, name=Path(finding.file).stem, has_workflow=facts.has_workflow)

        def work(connection: Connection) -> str:
            number = connection.scalar(select(images.c.id).where(images.c.image_name == finding.image_name))
            if number is not None:
                told = said.texts | {"metadata": facts.texts.get("invokeai_metadata")}
                connection.execute(insert(image_texts).prefix_with("OR IGNORE").values(id=number, **told))
                connection.execute(update(images).where(images.c.id == number).values(said.facts))
            return "read from the file"

        return await self._lists.write(work)

    def _remove(self, finding: Finding) -> str:
        """Thumbnails and unfinished files: neither is a picture that is nowhere else."""
        path = self._folder / finding.file
        if path.exists() and finding.kind == "thumbnail" and path.stat().st_size > _SMALL:
            set_aside(path, self._paths)
            return f"set aside in {ASIDE}: it is too large for a thumbnail"
        path.unlink(missing_ok=True)
        return "removed"


def _forget(connection: Connection, name: str | None) -> None:
    number = connection.scalar(select(images.c.id).where(images.c.image_name == name))
    # by hand and not by cascade: the triggers of the search need it so
    connection.execute(delete(image_texts).where(image_texts.c.id == number))
    connection.execute(delete(images).where(images.c.id == number))


def _index_again(connection: Connection) -> str:
    connection.execute(text("INSERT INTO image_search (image_search) VALUES ('rebuild')"))
    return "indexed again"
