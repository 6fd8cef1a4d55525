"""Moving pictures within their folder, to where a strategy or a template wants them; a crash leaves nothing in doubt.

A few at a time: what is going to be moved is written into the database, the files are moved, the rows say so and what
was written is removed, in one transaction. After a crash what was begun is done to its end, and so is the rest.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, RowMapping, select, update

from invoke_tui.domain.base import Record
from invoke_tui.domain.gallery.keeping import ArrangeOrder, ArrangePlan, ArrangeReport, PlannedMove, Step
from invoke_tui.studio import faults
from invoke_tui.studio.database import Database, state
from invoke_tui.studio.database.tables import boards, image_texts, images, moment
from invoke_tui.studio.gallery.files import make_folder, sync_folder
from invoke_tui.studio.gallery.lists import Lists
from invoke_tui.studio.gallery.naming import Naming, Places
from invoke_tui.studio.gallery.whole import to_its_end

_JOURNAL: Final = state.BEGUN + "arrange"
_AT_ONCE: Final = 50
_TOLD: Final = 20
"""Moves that a plan names."""
_PAUSE: Final = 0.01
"""Seconds in which others may write."""
_log = logging.getLogger(__name__)


class Move(Record):
    """One picture's file, below the folder."""

    image_name: str
    old: str
    new: str


class Journal(Record):
    """What is going on, and the moves that are begun."""

    order: ArrangeOrder
    moves: list[Move]


class Arranging:
    """The pictures that were made here; those that were brought stay where they are."""

    def __init__(self, database: Database, lists: Lists, places: Places, folder: Path) -> None:
        self._database = database
        self._lists = lists
        self._places = places
        self._folder = folder

    async def plan(self, order: ArrangeOrder) -> ArrangePlan:
        """What would be moved."""
        moves, right = await self._database.read(
            lambda c: _misplaced(c, Naming(order.strategy, order.template))
        )
        first = [PlannedMove(old=move.old, new=move.new) for move in moves[:_TOLD]]
        return ArrangePlan(moves=len(moves), in_place=right, first=first)

    async def arrange(self, order: ArrangeOrder) -> AsyncGenerator[Step | ArrangeReport]:
        """Move every picture that lies elsewhere than it should."""
        moves, right = await self._database.read(
            lambda c: _misplaced(c, Naming(order.strategy, order.template))
        )
        moved = left = 0
        for start in range(0, len(moves), _AT_ONCE):
            yield Step(doing="moving pictures", done=start, total=len(moves))
            few = moves[start : start + _AT_ONCE]
            async with self._lists.files, self._places.free([move.new for move in few]) as free:
                begun = [move.model_copy(update={"new": new}) for move, new in zip(few, free, strict=True)]
                done = await to_its_end(self._move_some(Journal(order=order, moves=begun)))
            moved, left = moved + done, left + len(few) - done
            await asyncio.sleep(_PAUSE)
        await asyncio.to_thread(_remove_empty, self._folder, {Path(move.old).parent for move in moves})
        await self.give_up()
        yield ArrangeReport(moved=moved, in_place=right, left=left)

    async def resume(self) -> ArrangeOrder | None:
        """After a crash: finish the moves that were begun. What was asked for, where there is more to do."""
        text = await self._database.read(lambda c: state.get(c, _JOURNAL))
        if text is None:
            return None
        journal = Journal.model_validate_json(text)
        done = await self._finish(journal)
        _log.info("%d pictures that were being moved when the studio ended are in place", done)
        return journal.order

    async def give_up(self) -> None:
        """Somebody ended it: the next start does not go on."""
        await self._database.write(lambda c: state.drop(c, _JOURNAL))

    async def _move_some(self, journal: Journal) -> int:
        await self._database.write(lambda c: state.put(c, _JOURNAL, journal.model_dump_json()))
        faults.pass_by("after-plan")
        return await self._finish(journal)

    async def _finish(self, journal: Journal) -> int:
        """Move what is not moved yet, and let the rows say so; how many are where they should be."""
        there = await asyncio.to_thread(self._move_all, journal.moves)
        faults.pass_by("after-move")

        def work(connection: Connection) -> None:
            for move in there:
                row = (images.c.image_name == move.image_name) & (images.c.file == move.old)
                connection.execute(update(images).where(row).values(file=move.new))
            rest = journal.model_copy(update={"moves": []})
            state.put(connection, _JOURNAL, rest.model_dump_json())

        await self._lists.write(work)
        return len(there)

    def _move_all(self, moves: list[Move]) -> list[Move]:
        done = [move for move in moves if self._moved(self._folder / move.old, self._folder / move.new)]
        for folder in {(self._folder / path).parent for move in done for path in (move.old, move.new)}:
            if folder.is_dir():
                sync_folder(folder)
        return done

    def _moved(self, old: Path, new: Path) -> bool:
        """Whether the file is there now; one that cannot be moved is left."""
        try:
            self._move(old, new)
        except OSError as error:
            _log.warning("%s could not be moved: %s", old, error)
        return new.exists() and not old.exists()

    def _move(self, old: Path, new: Path) -> None:
        """A link and an unlink, so that no file is ever written over."""
        if old.exists():
            make_folder(new.parent)
            if not new.exists():
                try:
                    os.link(old, new)
                except OSError:  # a file system without links
                    old.rename(new)
            faults.pass_by("during-move")
            # two names, and not one in another case
            if old.exists() and os.path.samefile(old, new) and old.stat().st_nlink > 1:
                old.unlink()


def _misplaced(connection: Connection, naming: Naming) -> tuple[list[Move], int]:
    """The moves to be made, with the files that are wanted, and how many pictures lie right."""
    said = (
        images.c.model_name.label("model"),
        images.c.model_base.label("base"),
        image_texts.c.positive_prompt.label("prompt"),
        boards.c.board_name.label("board"),
    )
    joined = images.outerjoin(image_texts, image_texts.c.id == images.c.id).outerjoin(
        boards, boards.c.board_id == images.c.board_id
    )
    made_here = (
        select(images, *said)
        .select_from(joined)
        .where(images.c.image_origin == "internal")
        .order_by(images.c.created_at, images.c.id)
    )
    moves, right = [], 0
    for row in connection.execute(made_here).mappings():
        wanted = _wanted(row, naming)
        if _lies_right(row["file"], wanted):
            right += 1
        elif not Path(row["file"]).is_absolute():
            moves.append(Move(image_name=row["image_name"], old=row["file"], new=wanted))
    return moves, right


def _wanted(row: RowMapping, naming: Naming) -> str:
    made = moment(row["created_at"])
    assert made is not None
    number = None if row["item_id"] is None else f"{row['item_id']:06}"
    return naming.path(row["image_name"], row["image_category"], made, {**row, "number": number})


def _lies_right(file: str, wanted: str) -> bool:
    """Where it is wanted, or beside what lies there."""
    stem, suffix = os.path.splitext(wanted)
    return bool(re.fullmatch(rf"{re.escape(stem)}(-\d+)?{re.escape(suffix)}", file, re.IGNORECASE))


def _remove_empty(folder: Path, below: set[Path]) -> None:
    """Folders that were left empty, and those around them."""
    for path in below:
        for one in (path, *path.parents):
            if one == Path("."):
                break
            try:
                (folder / one).rmdir()
            except OSError:  # it holds something, or is gone already
                break
