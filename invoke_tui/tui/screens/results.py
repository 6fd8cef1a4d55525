"""The finished pictures of the Generate screen: fetched, shown, and used again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.images import ImageRecord, Listing
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import recall
from invoke_tui.tui.beside import beside
from invoke_tui.tui.copying import copy
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.steering.entry_group import EntryGroup
from invoke_tui.tui.widgets.picture_pane import PicturePane, prompt_of
from invoke_tui.tui.widgets.results_strip import ResultsStrip

if TYPE_CHECKING:
    from invoke_tui.tui.screens.desk import Desk
    from invoke_tui.tui.screens.generate import GenerateScreen

STRIP_START: Final = 30
THUMBNAIL_FROM: Final = 4_000_000
"""Pixels from which the thumbnail is shown instead of the file: no terminal shows the difference."""


class Results:
    """Works for one Generate screen; everything slow runs in the screen's workers."""

    def __init__(self, desk: Desk, screen: GenerateScreen) -> None:
        self._desk = desk
        self._screen = screen

    def load(self) -> None:
        """Fill the strip."""
        beside(self._screen, "strip", self._load)

    async def _load(self) -> None:
        screen = self._screen
        try:
            client = await screen.studio.link.client()
            page = await client.images(limit=STRIP_START)
        except StudioError as error:
            screen.studio.show_error(error, title="Pictures")
            return
        images = [one for one in page.images if one.image_category == "general" and not one.is_intermediate]
        screen.query_one(ResultsStrip).set_images(images)
        if images:
            self._desk.newest(images[0])
        if images and screen.query_one(PicturePane).empty and not screen.studio.state.running:
            self.show(images[0])

    def show(self, image: ImageRecord) -> None:
        """Show one large."""
        beside(self._screen, "show", self._show, image)

    async def _show(self, image: ImageRecord) -> None:
        pane = self._screen.query_one(PicturePane)
        try:
            client = await self._screen.studio.link.client()
            large = image.width * image.height > THUMBNAIL_FROM
            data = await (client.thumbnail if large else client.image_file)(image.image_name)
        except StudioError as error:
            pane.show_error(error.message, error.hint)
            return
        text = f"{prompt_of(image)} ({image.width} × {image.height})".strip()
        pane.show(Picture(data, image.width, image.height, text=text))
        pane.show_image(image)

    def load_thumbnails(self, names: list[str]) -> None:
        """Fetch what the strip asks for."""
        self._screen.run_worker(self._load_thumbnails(names), group="thumbnails")

    async def _load_thumbnails(self, names: list[str]) -> None:
        from invoke_tui.tui.pictures.thumbnails import thumbnail_strips

        strip, studio = self._screen.query_one(ResultsStrip), self._screen.studio
        for name in names:
            try:
                client = await studio.link.client()
                data = await client.thumbnail(name)
                strips = await asyncio.to_thread(thumbnail_strips, data, strip.tile, studio.graphics)
            except StudioError:
                strip.missed(name)
                continue
            strip.put(name, strips)

    def use(self, image: ImageRecord, what: str) -> None:
        """Do what was asked for with a picture of the strip."""
        screen = self._screen
        match what:
            case "show":
                self._desk.following = screen.query_one(ResultsStrip).selected == 0
                self.show(image)
            case "open":
                beside(screen, "open", self._open, image.image_name)
            case "path":
                copy(screen, image, "path")
            case "init":
                screen.show_pane(picture=False)
                self._desk.form.pictures.use(image)
            case "control" | "reference":
                self._steer(image, what)
            case "upscale":
                beside(screen, "tool", self._upscale, image)
            case _:
                self.recall(image.metadata, what)

    async def _open(self, name: str) -> None:
        """Look at it closely; the newest pictures are its neighbours."""
        from invoke_tui.tui.viewer.screen import ViewerScreen

        listing = Listing()
        try:
            client = await self._screen.studio.link.client()
            at = await client.image_place(listing, name)
            total = (await client.images(listing, limit=1, metadata=False)).total
        except StudioError as error:
            self._screen.studio.show_error(error, title="Pictures")
            return
        self._screen.app.push_screen(ViewerScreen(listing, at, total))

    def _steer(self, image: ImageRecord, what: str) -> None:
        """Use a picture as control or reference picture, where the model can."""
        group = self._desk.form.query_one(f"#{what}s", EntryGroup)
        if why := group.closed():
            self._screen.notify(why, severity="warning", timeout=6, markup=False)
            return
        self._screen.show_pane(picture=False)
        group.take(image)

    async def _upscale(self, image: ImageRecord) -> None:
        from invoke_tui.tui.screens.upscale import UpscaleScreen

        request = await self._screen.app.push_screen_wait(UpscaleScreen(image))
        if request is not None:
            self._desk.upscale(request)

    def recall(self, metadata: dict[str, Any] | None, what: str) -> None:
        """Put what made a picture back: all (``recall``), all but the seed (``remix``), ``prompt``, ``seed``."""
        screen = self._screen
        form = self._desk.form
        done: list[str] = []
        if what in ("recall", "remix", "prompt") and (both := recall.prompts(metadata)):
            screen.prompts.positive.rewrite(both[0])
            screen.prompts.negative.rewrite(both[1])
            done.append("prompt")
        if what in ("recall", "remix"):
            form.restore(recall.form_values(metadata))
            done.append("settings")
        if what in ("recall", "seed") and (seed := recall.seed(metadata)) is not None:
            form.use_seed(seed)
            done.append(f"seed {seed}")
        said = f"Recalled {', '.join(done)}." if done else "The picture does not say."
        screen.notify(said, timeout=2, markup=False)
        if what in ("recall", "remix") and metadata:
            beside(screen, "recalled", self._compare, metadata)

    async def _compare(self, metadata: dict[str, Any]) -> None:
        """Take models that are here under other names, and say what is not as it was."""
        try:
            client = await self._screen.studio.link.client()
            found = await client.recall(metadata)
        except StudioError:
            return  # the settings are there; a studio that is away is told elsewhere
        self._desk.form.restore(recall.models_found(metadata, found.request))
        if said := recall.not_as_it_was(found.differences):
            self._screen.notify(safe_text(said, limit=600), severity="warning", timeout=8, markup=False)
