"""The finished pictures of the Generate screen: fetched, shown, and used again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageRecord, Listing
from invoke_tui.domain.gallery.recalling import Choice, everything
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.copying import copy
from invoke_tui.tui.pictures.frames import Picture
from invoke_tui.tui.prompts.preset_values import PROMPTS
from invoke_tui.tui.recalling.metadata import prompts, seed_of
from invoke_tui.tui.recalling.said import in_words, not_as_it_was, values_of
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
        alongside(self._screen, "thumbnails", self._load_thumbnails, names)

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
        if what not in ("show", "path"):
            screen.studio.partners.met(image.image_name)
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
            case "mask":
                self._screen.show_pane(picture=False)
                if said := self._desk.form.pictures.use_mask(image):
                    screen.notify(said, timeout=6, markup=False)
            case "control" | "reference":
                self._steer(image, what)
            case "choose":
                from invoke_tui.tui.recalling.choose import use

                use(screen, image, what)
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
        both, seed = prompts(metadata), seed_of(metadata)
        if what in ("recall", "remix") and metadata:
            beside(self._screen, "recalled", self._recall, metadata, what)
        elif what == "prompt" and both is not None:
            positive, negative = both
            request = GenerationRequest(positive_prompt=positive, negative_prompt=negative)
            self.put(Choice(request, frozenset(PROMPTS)))
        elif what == "seed" and seed is not None:
            self.put(Choice(GenerationRequest(seed=seed), frozenset({"seed"})))
        else:
            self._screen.notify("The picture does not say.", timeout=2, markup=False)

    async def _recall(self, metadata: dict[str, Any], what: str) -> None:
        """Everything, with the models as they are called here; what is not as it was is said."""
        studio = self._screen.studio
        try:
            client = await studio.link.client()
            found = await client.recall(metadata)
        except StudioError as error:
            studio.show_error(error, title="Recall")
            return
        choice = everything(found, metadata)
        if what == "remix":
            choice = replace(choice, names=choice.names - {"seed"})
        self.put(choice)
        if said := not_as_it_was(found.differences):
            self._screen.notify(safe_text(said, limit=600), severity="warning", timeout=8, markup=False)

    def put(self, choice: Choice) -> None:
        """Put settings into prompts and form."""
        panel, request = self._screen.prompts, choice.request
        for editor, name in zip((panel.positive, panel.negative), PROMPTS, strict=True):
            if name in choice.names and editor.text != getattr(request, name):
                editor.rewrite(getattr(request, name))
        self._desk.form.restore(values_of(choice))
        if "seed" in choice.names and request.seed is not None:
            self._desk.form.use_seed(request.seed)
        self._screen.studio.session_changed()
        self._screen.notify(f"Recalled {in_words(choice)}.", timeout=2, markup=False)
