"""What pictures are used for: their settings on Generate, what steers the next one, upscaling, the clipboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.tui.beside import beside
from invoke_tui.tui.copying import Copied, copy
from invoke_tui.tui.recalling.choose import use
from invoke_tui.tui.screens.picture_texts import PictureTextsScreen
from invoke_tui.tui.screens.upscale import UpscaleScreen

if TYPE_CHECKING:
    from invoke_tui.domain.request.upscaling import UpscaleRequest
    from invoke_tui.tui.gallery.desk import GalleryDesk
    from invoke_tui.tui.gallery.screen import GalleryScreen

MOST_UPSCALED: Final = 100
"""Pictures that are upscaled at once."""


class Using:
    """Works for one gallery screen."""

    def __init__(self, screen: GalleryScreen, desk: GalleryDesk) -> None:
        self._screen = screen
        self._desk = desk

    def use(self, what: str) -> None:
        """On Generate: ``recall``, ``choose``, ``prompt``, ``seed``, ``remix``, ``init``, ``mask`` and more."""
        if (image := self._chosen()) is not None:
            use(self._screen, image, what)

    def upscale(self) -> None:
        """Ask how, and enqueue: the picture, or all that are selected."""
        if (image := self._chosen()) is not None:
            beside(self._screen, "use", self._upscale, image)

    async def _upscale(self, image: ImageRecord) -> None:
        screen = self._screen
        names = (selection.names if (selection := screen.grid.marks.selection()) else None) or [
            image.image_name
        ]
        if screen.grid.marks.everything or len(names) > MOST_UPSCALED:
            screen.say(f"At most {MOST_UPSCALED} pictures are made larger at once.")
            return
        try:
            client = await self._desk.client()
            images = [await client.image(name) for name in names]
            request: UpscaleRequest | None = await screen.app.push_screen_wait(UpscaleScreen(*images))
            if request is not None:
                done = await client.upscale(request)
                screen.say(f"{len(done.item_ids)} queued. alt+6 shows the queue.", 3)
        except StudioError as error:
            screen.studio.show_error(error, title="Upscale")

    def texts(self) -> None:
        """What the file says."""
        if (image := self._chosen()) is not None:
            self._screen.app.push_screen(PictureTextsScreen(image))

    def copy(self, what: Copied) -> None:
        """To the machine in front of the person."""
        if (image := self._chosen()) is not None:
            copy(self._screen, image, what)

    def _chosen(self) -> ImageRecord | None:
        image = self._screen.grid.image
        if image is None:
            self._screen.say("No picture is chosen.")
        return image
