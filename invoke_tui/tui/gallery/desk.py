"""The working half of the gallery: lists are loaded, kept up to date, and found again by the picture one is on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.events import (
    Event,
    GalleryChanged,
    ImageAdded,
    ImportChanged,
    ImportProgress,
    KeepingChanged,
    ModelsChanged,
    Snapshot,
)
from invoke_tui.domain.gallery.images import ImagePage, ImageRecord, ImageView, Listing
from invoke_tui.tui.beside import alongside, beside
from invoke_tui.tui.gallery.completion import Known
from invoke_tui.tui.gallery.pages import SIZE, Pages
from invoke_tui.tui.gallery.shelves import Shelves
from invoke_tui.tui.gallery.wishes import Wishes

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.gallery.screen import GalleryScreen
    from invoke_tui.tui.gallery.whereabouts import Whereabouts

OTHERS_AFTER: Final = 0.1
"""Seconds the first pictures have for themselves."""
CHANGED_AFTER: Final = 0.1
"""Seconds in which changes gather before the list is read again."""
DETAILS_AFTER: Final = 0.08
"""Seconds the cursor rests before everything about the picture is fetched."""
MOST_AT_ONCE: Final = 1_000
"""Pictures that are asked for at once where many names are wanted."""


class GalleryDesk:
    """Works for one gallery screen; what takes time runs in the screen's workers."""

    def __init__(self, screen: GalleryScreen) -> None:
        self._screen = screen
        self.listing = Listing()
        self.shelves = Shelves()
        self.record: ImageRecord | None = None
        """The picture the details are about, with its metadata."""
        self._pages: Wishes[tuple[Listing, int]] = Wishes(self._fetch)
        self.loaded = False
        """A list was shown."""
        self.at_work = ""
        """What the daemon does to the gallery meanwhile, in a few words."""
        self.made = ""
        """The board that was made here just now: the tree goes to it once it is there."""
        self.unsaid: set[str] = set()
        """Imports whose end somebody else tells."""
        self._stale = False
        self._changing: Any = None

    def begin_at(self, place: Whereabouts) -> None:
        """What is to be shown first."""
        self.listing = place.listing
        self.shelves = Shelves(view=place.view, archived=place.archived, folded=frozenset(place.folded))

    def open(self, name: str) -> None:
        """Load, go to the picture of a ``name``, and listen to the studio."""
        self._screen.studio.studio_events.subscribe(self._screen, self._event)
        alongside(self._screen, "pages", self._pages.run)
        beside(self._screen, "list", self._open, name)

    async def _open(self, name: str) -> None:
        """Pictures first, everything else after their first row."""
        await self._load(self.listing, name, False)
        await asyncio.sleep(OTHERS_AFTER)
        self.load_shelves()
        beside(self._screen, "models", self._load_models)

    async def client(self) -> StudioClient:
        """The studio, once it can be reached."""
        return await self._screen.studio.link.client()

    # -- the list -------------------------------------------------------------------------------------------------

    def show(self, listing: Listing, *, name: str = "") -> None:
        """Another list, from its beginning or from the picture of a ``name``."""
        if listing != self.listing:
            self.listing = listing
            self._screen.grid.clear_marks()
            self._screen.grid.moved = False
            self.load(name=name)

    def load(self, *, keep: bool = False, name: str = "") -> None:
        """Read the list; ``keep`` its place, or go to the picture of a ``name``."""
        image = self._screen.grid.image
        if keep and not name and image is not None and self._screen.grid.moved:
            name = image.image_name
        beside(self._screen, "list", self._load, self.listing, name, keep)

    async def _load(self, listing: Listing, name: str, keep: bool) -> None:
        grid = self._screen.grid
        try:
            client = await self.client()
            place = await self._place(client, listing, name, grid.cursor if keep and grid.moved else 0)
            page = await self._page(client, listing, place // SIZE)
            if place >= page.total:
                place = max(0, page.total - 1)
                page = await self._page(client, listing, place // SIZE)
            pages = Pages(page.total, page.revision)
            pages.put(page)
            if keep:  # what is in sight is all there before the old list goes: nothing blinks
                around = grid.seen[1] - grid.seen[0]
                for number in pages.look(max(0, place - around), min(page.total, place + around)):
                    pages.put(await self._page(client, listing, number))
        except StudioError as error:
            self._screen.studio.show_error(error, title="Gallery")
            return
        self.loaded = True
        grid.order = listing.order
        grid.show(pages, place, stay=keep)
        grid.moved = grid.moved or (grid.image is not None and grid.image.image_name == name)
        self._screen.listed(page)

    async def _place(self, client: StudioClient, listing: Listing, name: str, otherwise: int) -> int:
        """Where a picture is now."""
        if name:
            try:
                return await client.image_place(listing, name)
            except NotFoundError:
                pass
        return otherwise

    async def _page(self, client: StudioClient, listing: Listing, number: int) -> ImagePage:
        return await client.images(listing, at=number * SIZE, limit=SIZE, metadata=False)

    def want(self, pages: list[int]) -> None:
        """These pages are looked at."""
        self._pages.want([(self.listing, number) for number in pages])

    async def _fetch(self, wish: tuple[Listing, int]) -> None:
        listing, number = wish
        try:
            page = await self._page(await self.client(), listing, number)
        except StudioError:
            return  # that the studio is away is told elsewhere; when it is back, the list is read again
        grid = self._screen.grid
        if listing != self.listing:
            return
        if page.revision != grid.pages.revision:
            self.changed()
        else:
            grid.put(page)

    async def names(self, first: int, last: int) -> list[str]:
        """The names of pictures of the list, both included. Raises ``StudioError``."""
        here = [self._screen.grid.pages.image(number) for number in range(first, last + 1)]
        if all(here):
            return [image.image_name for image in here if image is not None]
        client, found = await self.client(), []
        for at in range(first, last + 1, MOST_AT_ONCE):
            limit = min(MOST_AT_ONCE, last + 1 - at)
            page = await client.images(self.listing, at=at, limit=limit, metadata=False)
            found += [image.image_name for image in page.images]
        return found

    # -- the studio -----------------------------------------------------------------------------------------------

    def _event(self, event: Event) -> None:
        match event:
            case Snapshot():
                self._screen.grid.look_again()
                self.changed()
            case GalleryChanged() | ImageAdded():
                self.changed()
            case ImportProgress() | ImportChanged() | KeepingChanged():
                self._working(event)
            case ModelsChanged():
                beside(self._screen, "models", self._load_models)
            case _:
                pass

    def _working(self, event: ImportProgress | ImportChanged | KeepingChanged) -> None:
        """Work goes on while nobody looks at its window: how far it is, and what came of it, is told here."""
        if isinstance(event, KeepingChanged):
            step = event.step
            self.at_work = _far(step.doing, step.done, step.total) if step is not None else ""
        elif not event.job.status.finished:
            self.at_work = _far("bringing pictures", event.job.done, event.job.total)
        else:
            self.at_work = ""
            # a window over the gallery tells it itself
            if self._screen.studio.screen is self._screen and event.job.job_id not in self.unsaid:
                from invoke_tui.tui.gallery.import_dialog import summary

                self._screen.say(summary(event.job), 6)
        self._screen.tell()

    def changed(self) -> None:
        """Read again what is shown, in a moment; while another screen is shown, when this one is again."""
        if not self._screen.is_current:
            self._stale = True
        elif self._changing is None:
            self._changing = self._screen.set_timer(CHANGED_AFTER, self._changed)

    def _changed(self) -> None:
        self._changing = None
        self.load(keep=True)
        self.load_shelves()

    def resumed(self) -> None:
        """The screen is shown again."""
        if self._stale:
            self._stale = False
            self._changed()

    def load_shelves(self) -> None:
        """Boards, searches and the trash."""
        beside(self._screen, "shelves", self._load_shelves)

    async def _load_shelves(self) -> None:
        try:
            client = await self.client()
            boards, searches, trash = (
                await client.boards(),
                await client.saved_searches(),
                await client.trash(),
            )
        except StudioError:
            return  # the list tells it
        self.shelves = replace(self.shelves, boards=boards, searches=searches, in_trash=trash.count)
        line = self._screen.query_line
        line.known = Known([one.board_name for one in boards.boards], line.known.models)
        self._screen.show_shelves()

    def fold(self, folded: set[str]) -> None:
        """These boards show nothing of what is within them."""
        self.shelves = replace(self.shelves, folded=frozenset(folded))
        self._screen.show_shelves()

    def count(self, view: ImageView) -> None:
        """Boards tell how many they have of these."""
        self.shelves = replace(self.shelves, view=view)
        self._screen.show_shelves()

    async def _load_models(self) -> None:
        try:
            models = await (await self.client()).models()
        except StudioError:
            return
        line = self._screen.query_line
        line.known = Known(line.known.boards, models)

    # -- one picture ----------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """The cursor is on another picture, or on the same, which may have changed: look it up once it rests."""
        beside(self._screen, "record", self._load_record)

    async def _load_record(self) -> None:
        await asyncio.sleep(DETAILS_AFTER)
        if (image := self._screen.grid.image) is None:
            return
        try:
            record = await (await self.client()).image(image.image_name)
        except StudioError:
            return  # it is gone, which the list will say in a moment
        self.record = record
        self._screen.show_record(record)

    async def full(self, image: ImageRecord) -> ImageRecord:
        """A picture with its metadata. Raises ``StudioError``."""
        if self.record is not None and self.record.image_name == image.image_name:
            return self.record
        return await (await self.client()).image(image.image_name)


def _far(doing: str, done: int, total: int | None) -> str:
    return f"{doing} {done:,} of {total:,}" if total else f"{doing}…"
