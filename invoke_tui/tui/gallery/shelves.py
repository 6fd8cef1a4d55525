"""What stands at the left of the gallery: boards within boards, saved searches, the trash."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from invoke_tui.domain.gallery.boards import UNCATEGORIZED, BoardList, BoardRecord, SavedSearch
from invoke_tui.domain.gallery.images import ImageRecord, ImageView, Listing

ALL: Final = "all"
TRASH: Final = "trash"
DEEPEST: Final = 12
"""Boards within boards that are shown."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A line of the tree, and which pictures it stands for."""

    key: str
    label: str
    listing: Listing
    """What it asks for; view and order are the person's."""
    count: int | None = None
    depth: int = 0
    holds: bool = False
    """Boards are within it."""
    folded: bool = False
    auto_add: bool = False
    board: BoardRecord | None = None
    search: SavedSearch | None = None


EVERYTHING: Final = Shelf(ALL, "All pictures", Listing())


@dataclass(frozen=True, slots=True)
class Shelves:
    """All that is known of them; ``rows`` are the lines."""

    boards: BoardList | None = None
    searches: Sequence[SavedSearch] = ()
    in_trash: int = 0
    view: ImageView = "images"
    archived: bool = False
    """Archived boards are shown, too."""
    folded: Collection[str] = field(default_factory=frozenset)

    def rows(self) -> list[Shelf]:
        """From top to bottom."""
        if self.boards is None:
            return [EVERYTHING]
        known = [self.boards.uncategorized, *self.boards.boards]
        everything = Shelf(ALL, EVERYTHING.label, Listing(), count=sum(map(self._count, known)))
        none = Shelf(
            UNCATEGORIZED,
            "Uncategorized",
            Listing(board_id=UNCATEGORIZED),
            count=self._count(self.boards.uncategorized),
            auto_add=self.boards.auto_add_board_id is None,
        )
        trash = Shelf(TRASH, "Trash", Listing(trash=True), count=self.in_trash)
        return [everything, none, *self._boards(None, 0), *map(_search, self.searches), trash]

    def _boards(self, parent: str | None, depth: int) -> Iterator[Shelf]:
        boards = self.boards
        if boards is None or depth > DEEPEST:
            return
        here = {board.board_id for board in boards.boards}
        for board in boards.boards:
            above = board.parent_id if board.parent_id in here else None
            if above != parent or (board.archived and not self.archived):
                continue
            within = list(self._boards(board.board_id, depth + 1))
            folded = board.board_id in self.folded
            yield Shelf(
                board.board_id,
                board.board_name,
                Listing(board_id=board.board_id),
                count=self._count(board),
                depth=depth,
                holds=bool(within),
                folded=folded,
                auto_add=boards.auto_add_board_id == board.board_id,
                board=board,
            )
            if not folded:
                yield from within

    def _count(self, board: BoardRecord) -> int:
        if self.view == "all":
            return board.image_count + board.asset_count
        return board.image_count if self.view == "images" else board.asset_count

    def name_of(self, board_id: str | None) -> str:
        """What a board is called."""
        board = self._board(board_id)
        return board.board_name if board is not None else ""

    def told_of(self, image: ImageRecord) -> str:
        """The board that a picture is on, and whether the picture stands for it."""
        board = self._board(image.board_id)
        if board is None:
            return ""
        return f"{board.board_name}{' (its cover)' if board.cover_image_name == image.image_name else ''}"

    def _board(self, board_id: str | None) -> BoardRecord | None:
        boards = self.boards.boards if self.boards else ()
        return next((board for board in boards if board.board_id == board_id), None)


def _search(search: SavedSearch) -> Shelf:
    return Shelf(f"search:{search.search_id}", search.name, Listing(query=search.query), search=search)
