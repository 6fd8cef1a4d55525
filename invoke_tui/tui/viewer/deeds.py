"""What is done to the picture that is looked at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.images import ImageChanges, ImageRecord, Selection
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import recall
from invoke_tui.tui.beside import beside

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.viewer.desk import ViewerDesk
    from invoke_tui.tui.viewer.screen import ViewerScreen


class Deeds:
    """Works for one viewer."""

    def __init__(self, screen: ViewerScreen, desk: ViewerDesk) -> None:
        self._screen = screen
        self._desk = desk
        self._deleted: list[str] = []

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

    def copy(self, image: ImageRecord, what: str) -> None:
        """Path, prompt or metadata to the clipboard of the machine in front of the person."""
        if what == "path":
            self._clip(safe_text(image.path), "Path copied.")
        elif what == "metadata":
            self._clip(json.dumps(image.metadata or {}, indent=2, ensure_ascii=False), "Metadata copied.")
        elif both := recall.prompts(image.metadata):
            self._clip(both[0], "Prompt copied.")
        else:
            self._screen.say("The picture does not say.")

    def _clip(self, text: str, said: str) -> None:
        self._screen.app.copy_to_clipboard(safe_text(text, limit=200_000, multiline=True))
        self._screen.say(said)

    def _change(self, image: ImageRecord, changes: ImageChanges) -> None:
        self._desk.changed(image.model_copy(update=changes.model_dump(exclude_unset=True)))
        selection = Selection(names=[image.image_name])

        self._screen.run_worker(self._ask_for(image, selection, changes), group="deeds")

    async def _ask_for(self, before: ImageRecord, selection: Selection, changes: ImageChanges) -> None:
        try:
            await (await self._client()).change_images(selection, changes)
        except StudioError as error:
            self._screen.studio.show_error(error, title="Gallery")
            self._desk.changed(before)

    async def _delete(self, image: ImageRecord) -> None:
        try:
            gone = await (await self._client()).delete_images(Selection(names=[image.image_name]))
        except StudioError as error:
            self._screen.studio.show_error(error, title="Gallery")
            return
        self._deleted += gone
        self._screen.say("It is in the trash. z has it back.")
        self._desk.read_again()

    async def _undo(self) -> None:
        if not self._deleted:
            self._screen.say("Nothing was deleted here.")
            return
        name = self._deleted.pop()
        try:
            await (await self._client()).restore_images(Selection(names=[name]))
        except StudioError as error:
            self._deleted.append(name)
            self._screen.studio.show_error(error, title="Gallery")
            return
        self._screen.say("It is back.")
        self._desk.read_again(name)

    async def _client(self) -> StudioClient:
        return await self._screen.studio.link.client()
