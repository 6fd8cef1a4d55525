"""Boards, and searches under a name."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.boards import (
    UNCATEGORIZED,
    BoardChanges,
    BoardList,
    BoardRecord,
    BoardText,
    SavedSearch,
)
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import SHELVES, boards, images, moment, now, searches, state
from invoke_tui.studio.gallery.lists import Lists

_AUTO_ADD: Final = "auto_add_board_id"
_DEEPEST: Final = 8
"""Boards within boards."""


class Boards:
    """The boards of one gallery."""

    def __init__(self, database: Database, lists: Lists) -> None:
        self._database = database
        self._lists = lists

    async def all(self) -> BoardList:
        """Every board with its counts."""
        return await self._database.read(_all)

    async def find(self, wanted: str) -> BoardRecord:
        """A board by its id, else by its name. Raises ``NotFoundError``, and ``BadInputError`` where several fit."""
        listed = (await self.all()).boards
        if found := next((one for one in listed if one.board_id == wanted), None):
            return found
        named = [one for one in listed if one.board_name.casefold() == wanted.casefold()]
        if len(named) > 1:
            raise BadInputError(
                f"{len(named)} boards are called {wanted}.",
                hint="Say which by its id.",
                code="several_boards",
            )
        if not named:
            raise NotFoundError(
                f"There is no board {wanted}.",
                hint="'invoke-tui gallery boards list' lists them.",
                code="no_board",
            )
        return named[0]

    async def create(self, text: BoardText) -> BoardRecord:
        """Make a board. Names need not be unique, as in InvokeAI."""
        board_id, at = str(uuid4()), now()

        def work(connection: Connection) -> None:
            check_parent(connection, board_id, text.parent_id)
            row = {"board_name": text.board_name.strip(), "parent_id": text.parent_id}
            connection.execute(insert(boards).values(board_id=board_id, created_at=at, updated_at=at, **row))

        await self._lists.write(work)
        return await self.find(board_id)

    async def edit(self, board_id: str, changes: BoardChanges) -> BoardRecord:
        """Rename, move into another board, archive, choose a cover. One that is archived gets no new pictures."""
        values = changes.model_dump(exclude_unset=True)

        def work(connection: Connection) -> None:
            if "parent_id" in values:
                check_parent(connection, board_id, values["parent_id"])
            chosen = update(boards).where(boards.c.board_id == board_id)
            if not connection.execute(chosen.values(**values, updated_at=now())).rowcount:
                raise NotFoundError("This board is gone.", code="no_board")
            if values.get("archived"):
                _end_auto_add(connection, board_id)

        await self._lists.write(work)
        return await self.find(board_id)

    async def delete(self, board_id: str, *, with_images: bool) -> list[str]:
        """Remove a board; its pictures go to no board, or to the trash. Boards in it move up. The pictures' names."""

        def work(connection: Connection) -> list[str]:
            board = connection.execute(select(boards).where(boards.c.board_id == board_id)).mappings().first()
            if board is None:
                raise NotFoundError("This board is gone.", code="no_board")
            on_it = images.c.board_id == board_id
            names = list(connection.scalars(select(images.c.image_name).where(on_it)))
            values: dict[str, Any] = {"board_id": None, "updated_at": now()}
            if with_images:
                values["deleted_at"] = func.coalesce(images.c.deleted_at, now())
            connection.execute(update(images).where(on_it).values(**values))
            below = boards.c.parent_id == board_id
            connection.execute(update(boards).where(below).values(parent_id=board["parent_id"]))
            connection.execute(delete(boards).where(boards.c.board_id == board_id))
            _end_auto_add(connection, board_id)
            return names

        return await self._lists.write(work)

    async def auto_add(self, board_id: str | None) -> None:
        """Say where new pictures go."""
        if board_id is not None:
            board_id = (await self.find(board_id)).board_id

        def work(connection: Connection) -> None:
            connection.execute(delete(state).where(state.c.name == _AUTO_ADD))
            if board_id is not None:
                connection.execute(insert(state).values(name=_AUTO_ADD, value=board_id))

        await self._database.write(work)

    async def searches(self) -> list[SavedSearch]:
        """The searches that are kept, by name."""
        rows = await self._database.read(
            lambda c: list(c.execute(select(searches).order_by(searches.c.name.collate("NOCASE"))).mappings())
        )
        return [SavedSearch(search_id=row["search_id"], name=row["name"], query=row["query"]) for row in rows]

    async def save_search(self, name: str, query: str) -> SavedSearch:
        """Keep a search. Raises ``BadInputError`` where the name is taken."""
        made = SavedSearch(search_id=str(uuid4()), name=name.strip(), query=query.strip())
        row = insert(searches).values(**made.model_dump(), created_at=now())
        try:
            await self._database.write(lambda c: c.execute(row).rowcount)
        except IntegrityError:
            raise BadInputError(
                f"There is a search called {made.name}.",
                hint="Give another name, or delete that one.",
                code="taken",
            ) from None
        return made

    async def delete_search(self, search_id: str) -> None:
        """Forget a search."""
        removal = delete(searches).where(searches.c.search_id == search_id)
        if not await self._database.write(lambda c: c.execute(removal).rowcount):
            raise NotFoundError("This search is gone.", code="no_search")


def board_for(connection: Connection, asked: str | None) -> str | None:
    """The board of a new picture: the one that is asked for, else the one for new pictures, if they still are."""
    wanted = asked or _auto_add(connection)
    known = select(boards.c.board_id).where(boards.c.board_id == wanted)
    found: str | None = connection.scalar(known)
    return found


def _auto_add(connection: Connection) -> str | None:
    found: str | None = connection.scalar(select(state.c.value).where(state.c.name == _AUTO_ADD))
    return found


def _end_auto_add(connection: Connection, board_id: str) -> None:
    """New pictures go on no board, if they went on this one."""
    this = (state.c.name == _AUTO_ADD) & (state.c.value == board_id)
    connection.execute(delete(state).where(this))


def _all(connection: Connection) -> BoardList:
    counts: dict[str | None, dict[int, int]] = {}
    shelf = images.c.shelf
    grouped = select(images.c.board_id, shelf, func.count()).group_by(images.c.board_id, shelf)
    for board_id, where, count in connection.execute(grouped):
        counts.setdefault(board_id, {})[where] = count
    newest = (
        select(images.c.image_name)
        .where((images.c.board_id == boards.c.board_id) & (shelf == SHELVES["images"]))
        .order_by(images.c.created_at.desc(), images.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(boards, newest.label("newest")).order_by(boards.c.board_name.collate("NOCASE"))
    ).mappings()

    def counted(board_id: str | None) -> dict[str, Any]:
        here = counts.get(board_id, {})
        return {"image_count": here.get(SHELVES["images"], 0), "asset_count": here.get(SHELVES["assets"], 0)}

    return BoardList(
        boards=[
            BoardRecord(
                board_id=row["board_id"],
                board_name=row["board_name"],
                parent_id=row["parent_id"],
                archived=row["archived"],
                cover_image_name=row["cover_image_name"] or row["newest"],
                created_at=moment(row["created_at"]),
                updated_at=moment(row["updated_at"]),
                **counted(row["board_id"]),
            )
            for row in rows
        ],
        uncategorized=BoardRecord(board_id=UNCATEGORIZED, board_name="Uncategorized", **counted(None)),
        auto_add_board_id=_auto_add(connection),
    )


def check_parent(connection: Connection, board_id: str, parent: str | None) -> None:
    """A board cannot lie in itself, nor too deep."""
    for _ in range(_DEEPEST):
        if parent is None:
            return
        if parent == board_id:
            raise BadInputError("A board cannot lie in itself.", code="bad_parent")
        row = connection.execute(select(boards.c.parent_id).where(boards.c.board_id == parent)).first()
        if row is None:
            raise NotFoundError("The board to put it in is gone.", code="no_board")
        parent = row[0]
    raise BadInputError(f"Boards lie in boards {_DEEPEST} deep at most.", code="bad_parent")
