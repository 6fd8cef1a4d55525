"""What is done to the picture that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageChanges, ImageRecord, Selection
from invoke_tui.tui.beside import alongside, beside

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.viewer.desk import ViewerDesk
    from invoke_tui.tui.viewer.screen import ViewerScreen


class Deeds:
    """Works for one viewer."""

    def __init__(self, screen: ViewerScreen, desk: ViewerDesk) -> None:
        self._screen = screen
        self._desk = desk

    def change(self, image: ImageRecord, what: str) -> None:
        """Star, rate, delete."""
        match what:
            case "star":
                self._change(image, ImageChanges(starred=not image.starred))
            case "better" | "worse":
                self.rate(image, image.rating + (1 if what == "better" else -1))
            case "delete":
                beside(self._screen, "deed", self._delete, image)
            case _:
                pass

    def rate(self, image: ImageRecord, rating: int) -> None:
        """Rate from 0 to 5."""
        self._change(image, ImageChanges(rating=max(0, min(5, rating))))

    def undo(self) -> None:
        """Have what was deleted last back."""
        beside(self._screen, "deed", self._undo)

    def export(self, image: ImageRecord) -> None:
        """Give it away."""
        beside(self._screen, "deed", self._export, image)

    def _change(self, image: ImageRecord, changes: ImageChanges) -> None:
        self._desk.changed(image.model_copy(update=changes.model_dump(exclude_unset=True)))
        selection = Selection(names=[image.image_name])

        alongside(self._screen, "deeds", self._ask_for, image, selection, changes)

    async def _ask_for(self, before: ImageRecord, selection: Selection, changes: ImageChanges) -> None:
        try:
            await (await self._client()).change_images(selection, changes)
        except StudioError as error:
            self._screen.studio.show_error(error, title="Gallery")
            self._desk.changed(before)

    async def _delete(self, image: ImageRecord) -> None:
        studio = self._screen.studio
        try:
            selection = Selection(names=[image.image_name])
            said = await studio.deletions.delete(await self._client(), selection)
        except StudioError as error:
            studio.show_error(error, title="Gallery")
            return
        self._screen.say(said)
        self._desk.read_again()

    async def _undo(self) -> None:
        studio = self._screen.studio
        try:
            said, names = await studio.deletions.undo(await self._client())
        except StudioError as error:
            studio.show_error(error, title="Gallery")
            return
        self._screen.say(said)
        if names:
            self._desk.read_again(names[0] if len(names) == 1 else "")

    async def _export(self, image: ImageRecord) -> None:
        from invoke_tui.tui.gallery.export_dialog import ExportScreen

        selection = Selection(names=[image.image_name])
        if said := await self._screen.app.push_screen_wait(ExportScreen(selection, 1)):
            self._screen.say(said)

    async def _client(self) -> StudioClient:
        return await self._screen.studio.link.client()
