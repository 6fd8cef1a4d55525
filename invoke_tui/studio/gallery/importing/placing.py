"""Which board a picture of an import goes on: found, or made with the first picture that needs it."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT, UNCATEGORIZED
from invoke_tui.domain.gallery.importing import ImportOrder
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.database.tables import boards, images, now
from invoke_tui.studio.gallery.boards import Boards, board_for, check_parent
from invoke_tui.studio.gallery.importing.source import Board, Source, Wanted


class Placing:
    """The boards of one import. ``made`` counts those that were not there."""

    def __init__(self, order: ImportOrder, source: Source, base: str | None) -> None:
        self._order, self._source, self._base = order, source, base
        self._found: dict[tuple[str | None, str], str] = {}
        self.made = 0

    def board(self, connection: Connection, wanted: Wanted) -> str | None:
        """The board of a picture; None for none."""
        if wanted.board_id is not None and (known := _known(connection, wanted.board_id)):
            return known
        if wanted.folders:
            return self._nested(connection, wanted.folders)
        return self._top(connection)

    def bring(self, connection: Connection) -> None:
        """Make the other program's boards that are not here."""
        for board in self._source.boards:
            if _known(connection, board.board_id) is None:
                self._make(connection, board.name, self._top(connection), board)

    def covers(self, connection: Connection) -> None:
        """Give the other program's boards their covers, where no other was chosen."""
        for board in self._source.boards:
            name = board.cover_image_name
            if name and connection.scalar(select(images.c.id).where(images.c.image_name == name)):
                chosen = (boards.c.board_id == board.board_id) & boards.c.cover_image_name.is_(None)
                connection.execute(update(boards).where(chosen).values(cover_image_name=name))

    def forget(self) -> None:
        """The transaction in which boards were made did not come to its end."""
        self._found.clear()

    def _top(self, connection: Connection) -> str | None:
        """Where pictures go that belong nowhere: on the board of the order, else on none or that of new pictures."""
        if self._base == UNCATEGORIZED:
            return None
        if self._base is not None:
            return self._base
        if self._order.board is not None:
            return self._child(connection, self._order.board, None)
        return None if self._source.kind == "invokeai" else board_for(connection, None)

    def _nested(self, connection: Connection, folders: tuple[str, ...]) -> str | None:
        """A board for each folder. The first is the folder that was named: the order's board, if there is one."""
        if self._base is not None or self._order.board is not None:
            parent = self._top(connection)
            folders = folders[1:]
        else:
            parent = None
        for name in folders:
            parent = self._child(connection, name, parent)
        return parent

    def _child(self, connection: Connection, called: str, parent: str | None) -> str:
        name = safe_text(called, limit=BOARD_NAME_LIMIT).strip() or "folder"
        if (found := self._found.get((parent, name))) is not None and _known(connection, found):
            return found
        within = boards.c.parent_id.is_(None) if parent is None else boards.c.parent_id == parent
        chosen = select(boards.c.board_id).where(within & (boards.c.board_name == name))
        known: str | None = connection.scalar(chosen.limit(1))
        self._found[parent, name] = known or self._make(connection, name, parent)
        return self._found[parent, name]

    def _make(self, connection: Connection, name: str, parent: str | None, board: Board | None = None) -> str:
        board_id = board.board_id if board else str(uuid4())
        try:
            check_parent(connection, board_id, parent)
        except BadInputError:  # too deep: the pictures of folders further down come on this board
            assert parent is not None
            return parent
        values = {"board_id": board_id, "board_name": name, "parent_id": parent, "updated_at": now()}
        made_at = (board and board.created_at) or now()
        connection.execute(
            insert(boards).values(**values, created_at=made_at, archived=bool(board and board.archived))
        )
        self.made += 1
        return board_id


async def base_of(order: ImportOrder, known: Boards) -> str | None:
    """The id of the order's board, ``none`` for no board at all, None where there is none of this name yet.

    Raises ``BadInputError`` where several fit.
    """
    if order.board in (None, UNCATEGORIZED):
        return order.board
    try:
        return (await known.find(order.board or "")).board_id
    except NotFoundError:
        return None


def _known(connection: Connection, board_id: str) -> str | None:
    found: str | None = connection.scalar(select(boards.c.board_id).where(boards.c.board_id == board_id))
    return found
