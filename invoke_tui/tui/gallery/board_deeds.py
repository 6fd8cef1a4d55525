"""What is done to boards and saved searches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.boards import BOARD_NAME_LIMIT, BoardChanges, BoardRecord, SavedSearch
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.gallery.choose import Choice, ChooseScreen
from invoke_tui.tui.gallery.delete_board import DeleteBoardScreen
from invoke_tui.tui.gallery.shelves import Shelf
from invoke_tui.tui.prompts.name import NameScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.gallery.desk import GalleryDesk
    from invoke_tui.tui.gallery.screen import GalleryScreen

TOP = "top"


class BoardDeeds:
    """Works for one gallery screen, on the board under the cursor of the tree."""

    def __init__(self, screen: GalleryScreen, desk: GalleryDesk) -> None:
        self._screen = screen
        self._desk = desk

    def do(self, what: str, shelf: Shelf) -> None:
        """One of the deeds by its name."""
        board = shelf.board
        match what:
            case "new":
                beside(self._screen, "deed", self._new, board.parent_id if board else None)
            case "archived":
                self._desk.shelves = replace(self._desk.shelves, archived=not self._desk.shelves.archived)
                self._screen.show_shelves()
            case "auto_add":
                self._auto_add(shelf)
            case "delete" if shelf.search is not None:
                beside(self._screen, "deed", self._forget, shelf.search)
            case _ if board is None:
                self._screen.say("That is done to boards.")
            case "inside":
                beside(self._screen, "deed", self._new, board.board_id)
            case "rename":
                beside(self._screen, "deed", self._rename, board)
            case "move":
                beside(self._screen, "deed", self._move, board)
            case "archive":
                self._archive(board)
            case "delete":
                beside(self._screen, "deed", self._delete, board)
            case _:
                pass

    async def save_search(self, query: str) -> None:
        """Keep a query under a name."""
        named = await self._screen.app.push_screen_wait(
            NameScreen("Save the search", safe_text(query, limit=80))
        )
        if named is not None:
            await self._work(
                lambda client: client.save_search(named.name, query), "Saved. It stands below the boards."
            )

    async def _new(self, parent_id: str | None) -> None:
        title = f"A board in {self._name(parent_id)}" if parent_id else "A new board"
        named = await self._screen.app.push_screen_wait(NameScreen(title, limit=BOARD_NAME_LIMIT))
        if named is not None:
            await self._work(lambda client: self._make(client, named.name, parent_id))

    async def _make(self, client: StudioClient, name: str, parent_id: str | None) -> None:
        """Make it, and open the one around it, or nobody would see it."""
        self._screen.board_tree.folded.discard(parent_id or "")
        self._desk.made = (await client.create_board(name, parent_id=parent_id)).board_id
        self._desk.fold(self._screen.board_tree.folded)

    async def _rename(self, board: BoardRecord) -> None:
        named = await self._screen.app.push_screen_wait(
            NameScreen("Rename the board", board.board_name, limit=BOARD_NAME_LIMIT)
        )
        if named is not None:
            await self._edit(board, BoardChanges(board_name=named.name))

    async def _move(self, board: BoardRecord) -> None:
        boards = self._desk.shelves.boards
        choices = [Choice(TOP, "(the top)")]
        choices += [
            Choice(one.board_id, one.board_name, self._name(one.parent_id))
            for one in (boards.boards if boards else ())
            if one.board_id != board.board_id
        ]
        answer = await self._screen.app.push_screen_wait(
            ChooseScreen("Put it into which board?", choices, help_text="Type to find a board.")
        )
        if answer is not None and answer.key is not None:
            await self._edit(board, BoardChanges(parent_id=None if answer.key == TOP else answer.key))

    def _archive(self, board: BoardRecord) -> None:
        changes = BoardChanges(archived=not board.archived)
        said = "It is a board like others again." if board.archived else "Archived. H shows it again."
        beside(self._screen, "deed", self._edit, board, changes, said)

    def _auto_add(self, shelf: Shelf) -> None:
        board_id = None if shelf.auto_add or shelf.board is None else shelf.board.board_id
        name = self._name(board_id) if board_id else "no board"
        beside(
            self._screen,
            "deed",
            self._work,
            lambda client: client.auto_add_board(board_id),
            f"New pictures go on {name}.",
        )

    async def _delete(self, board: BoardRecord) -> None:
        with_images = await self._screen.app.push_screen_wait(DeleteBoardScreen(board))
        if with_images is not None:
            said = "Deleted." if not with_images else "Deleted, and its pictures are in the trash."
            await self._work(
                lambda client: client.delete_board(board.board_id, with_images=with_images), said
            )

    async def _forget(self, search: SavedSearch) -> None:
        question = f"Forget the search {safe_text(search.name, limit=80)}? Pictures stay as they are."
        if await self._screen.app.push_screen_wait(ConfirmScreen(question, "Forget it")):
            await self._work(lambda client: client.delete_search(search.search_id))

    async def _edit(self, board: BoardRecord, changes: BoardChanges, said: str = "") -> None:
        await self._work(lambda client: client.edit_board(board.board_id, changes), said)

    async def _work(self, work: Callable[[StudioClient], Awaitable[Any]], said: str = "") -> None:
        try:
            await work(await self._desk.client())
        except StudioError as error:
            self._screen.studio.show_error(error, title="Boards")
            return
        self._desk.load_shelves()
        if said:
            self._screen.say(said, 3)

    def _name(self, board_id: str | None) -> str:
        return safe_text(self._desk.shelves.name_of(board_id), limit=80)
