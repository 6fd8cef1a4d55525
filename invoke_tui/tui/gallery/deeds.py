"""What is done to pictures: stars, ratings, notes, boards, the trash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.boards import UNCATEGORIZED, BoardChanges
from invoke_tui.domain.gallery.images import ImageChanges, ImageRecord, Listing, Selection
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.deletions import counted
from invoke_tui.tui.gallery.choose import Choice, ChooseScreen
from invoke_tui.tui.gallery.desk import MOST_AT_ONCE
from invoke_tui.tui.gallery.notes import NotesScreen
from invoke_tui.tui.screens.confirm import ConfirmScreen
from invoke_tui.tui.words import size

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.gallery.desk import GalleryDesk
    from invoke_tui.tui.gallery.screen import GalleryScreen


class Deeds:
    """Works for one gallery screen: everything is done to what is selected, else to the picture under the cursor."""

    def __init__(self, screen: GalleryScreen, desk: GalleryDesk) -> None:
        self._screen = screen
        self._desk = desk

    def do(self, what: str) -> None:
        """One of the deeds by its name."""
        if what == "undo":
            beside(self._screen, "deed", self._undo)
            return
        if what == "purge":
            beside(self._screen, "deed", self._purge)
            return
        image, selection = self._screen.grid.image, self.selection
        if image is None or selection is None:
            self._screen.say("No picture is chosen.")
            return
        match what:
            case "star":
                self.change(ImageChanges(starred=not image.starred))
            case "better" | "worse":
                self.rate(max(0, min(5, image.rating + (1 if what == "better" else -1))))
            case "notes":
                beside(self._screen, "deed", self._notes, image, selection)
            case "board":
                beside(self._screen, "deed", self._move, selection)
            case "cover":
                self._cover(image)
            case "delete":
                self._delete(selection)
            case "restore":
                self._restore(selection)
            case _:
                pass

    @property
    def selection(self) -> Selection | None:
        """What things are done to."""
        image = self._screen.grid.image
        return self._screen.grid.marks.selection() or (Selection(names=[image.image_name]) if image else None)

    @property
    def _several(self) -> bool:
        return self._screen.grid.marks.selection() is not None

    # -- stars, ratings, notes, boards ----------------------------------------------------------------------------

    def rate(self, rating: int) -> None:
        """Rate from 0 to 5."""
        self.change(ImageChanges(rating=rating))

    def change(self, changes: ImageChanges, selection: Selection | None = None) -> None:
        """Change pictures; the one under the cursor shows it at once."""
        selection = selection or self.selection
        image = self._screen.grid.image
        if selection is None:
            return
        if image is not None and not self._several:
            shown = changes.model_dump(exclude_unset=True)
            self._screen.grid.change(image.model_copy(update=shown))
        self._ask(
            lambda client: client.change_images(selection, changes), "{} changed." if self._several else ""
        )

    async def _notes(self, image: ImageRecord, selection: Selection) -> None:
        several = self._screen.grid.marks.count(self._screen.grid.pages.total)
        title = f"Notes for {several} pictures" if several else "Notes"
        notes = await self._screen.app.push_screen_wait(NotesScreen(title, "" if several else image.notes))
        if notes is not None:
            self.change(ImageChanges(notes=notes), selection)

    async def _move(self, selection: Selection) -> None:
        boards = self._desk.shelves.boards
        choices = [Choice(UNCATEGORIZED, "Uncategorized", "no board")]
        choices += [
            Choice(board.board_id, board.board_name, f"{board.image_count:,}")
            for board in (boards.boards if boards else ())
            if not board.archived
        ]
        answer = await self._screen.app.push_screen_wait(
            ChooseScreen(
                "Move to which board?", choices, own="new board: {}", help_text="Type to find a board."
            )
        )
        if answer is None:
            return
        if answer.key is not None:
            self.change(ImageChanges(board_id=answer.key), selection)
            return
        try:
            board = await (await self._desk.client()).create_board(answer.typed)
        except StudioError as error:
            self._screen.studio.show_error(error, title="Boards")
            return
        self.change(ImageChanges(board_id=board.board_id), selection)

    def _cover(self, image: ImageRecord) -> None:
        if (board_id := image.board_id) is None:
            self._screen.say("It is on no board.")
            return
        changes = BoardChanges(cover_image_name=image.image_name)
        name = safe_text(self._desk.shelves.name_of(board_id), limit=80)
        self._ask(lambda client: client.edit_board(board_id, changes), f"It is the cover of {name}.")

    # -- the trash ------------------------------------------------------------------------------------------------

    def _delete(self, selection: Selection) -> None:
        if self._desk.listing.trash:
            self._screen.say("It is in the trash already. w puts it back, X deletes for good.")
            return

        async def put(client: StudioClient) -> None:
            said = await self._screen.studio.deletions.delete(client, selection)
            self._screen.grid.clear_marks()
            self._screen.say(said, 4)

        self._ask(put)

    async def _undo(self) -> None:
        studio = self._screen.studio
        try:
            said, names = await studio.deletions.undo(await self._desk.client())
        except StudioError as error:
            studio.show_error(error, title="Gallery")
            return
        self._screen.say(said)
        if len(names) == 1:
            self._desk.load(keep=True, name=names[0])

    def _restore(self, selection: Selection) -> None:
        if not self._desk.listing.trash:
            self._screen.say("It is not in the trash. z has back what was deleted last.")
            return
        self._screen.grid.clear_marks()
        self._ask(lambda client: client.restore_images(selection), "{} put back.")

    async def _purge(self) -> None:
        """Delete for good what is selected in the trash, else all of it."""
        selection = self._screen.grid.marks.selection() if self._desk.listing.trash else None
        try:
            client = await self._desk.client()
            count, frees = await self._weighed(client, selection)
            if not count:
                self._screen.say("The trash is empty.")
                return
            question = f"Delete {counted(count)} for good? That frees {size(frees)} and cannot be undone."
            if not await self._screen.app.push_screen_wait(ConfirmScreen(question, "Delete for good")):
                return
            gone = await client.purge_images(selection)
        except StudioError as error:
            self._screen.studio.show_error(error, title="Trash")
            return
        self._screen.grid.clear_marks()
        self._screen.say(f"{counted(gone.count)} deleted, {size(gone.size)} freed.", 4)

    async def _weighed(self, client: StudioClient, selection: Selection | None) -> tuple[int, int]:
        """How many pictures of the trash are meant, and their bytes."""
        trash = await client.trash()
        if selection is None:
            return trash.count, trash.size
        marks, listing, found = self._screen.grid.marks, selection.listing or Listing(trash=True), []
        for at in range(0, trash.count, MOST_AT_ONCE):
            page = await client.images(listing, at=at, limit=MOST_AT_ONCE, metadata=False)
            found += [image.file_size for image in page.images if image.image_name in marks]
        return len(found), sum(found)

    # -- asking ---------------------------------------------------------------------------------------------------

    def _ask(self, work: Callable[[StudioClient], Awaitable[Any]], said: str = "") -> None:
        alongside(self._screen, "deeds", self._work, work, said)

    async def _work(self, work: Callable[[StudioClient], Awaitable[Any]], said: str) -> None:
        try:
            answer = await work(await self._desk.client())
        except StudioError as error:
            self._screen.studio.show_error(error, title="Gallery")
            self._desk.changed()
            return
        if said:
            self._screen.say(said.format(counted(answer)) if isinstance(answer, int) else said)
