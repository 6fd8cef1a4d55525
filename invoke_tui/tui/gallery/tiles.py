"""A grid of thumbnails of any length: what is in sight is fetched and drawn, and nothing else."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from invoke_tui.tui.beside import alongside
from invoke_tui.tui.gallery.captions import caption
from invoke_tui.tui.gallery.layout import BAR, CAPTION, SIZES, USUAL, Layout
from invoke_tui.tui.gallery.marks import Marks
from invoke_tui.tui.gallery.overlays import Overlays
from invoke_tui.tui.gallery.pages import Pages
from invoke_tui.tui.gallery.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.filter import LineFilter
    from textual.style import Style as VisualStyle

    from invoke_tui.domain.gallery.images import ImageOrder, ImagePage, ImageRecord
    from invoke_tui.tui.base import StudioApp


class TileGrid(ScrollView, can_focus=True):
    """Thumbnails in rows, with a cursor. The owner brings the pages that are asked for."""

    ALLOW_SELECT: ClassVar[bool] = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--tile", "grid--cursor", "grid--cursor-blurred", "grid--marked",
    }  # fmt: skip
    cursor: reactive[int] = reactive(0, repaint=False)
    zoom: reactive[int] = reactive(USUAL, repaint=False)

    class Moved(Message):
        """Another picture is under the cursor, or the same one is known better."""

        def can_replace(self, message: Message) -> bool:
            """Where the cursor was a moment ago is of no interest."""
            return isinstance(message, TileGrid.Moved)

    class Wanted(Message):
        """Pages that are in sight and not here; those in sight first."""

        def __init__(self, pages: list[int]) -> None:
            super().__init__()
            self.pages = pages

        def can_replace(self, message: Message) -> bool:
            """What was in sight a moment ago is of no interest."""
            return isinstance(message, TileGrid.Wanted)

    def __init__(self, *, id: str, classes: str) -> None:
        super().__init__(id=id, classes=classes)
        self.pages = Pages()
        self.marks = Marks()
        self.order: ImageOrder = "newest"
        self._layout = Layout.of(1, SIZES[USUAL], None)
        self._looked_at, self._upwards = 0, False
        """The first picture that was in sight last, and whether it goes back to the beginning."""
        self._known_look: VisualStyle | None = None
        self._known_plain = Style()

    def on_mount(self) -> None:
        """Fetch what is in sight."""
        self.thumbnails = Thumbnails(self.studio, self._arrived)
        self._overlays = Overlays(self)
        alongside(self, "thumbnails", self.thumbnails.run)
        self._arrange()

    def on_unmount(self) -> None:
        """Give the terminal its memory back."""
        self.thumbnails.clear()

    @property
    def studio(self) -> StudioApp:
        """The app, as what it is."""
        return cast("StudioApp", self.app)

    # -- what is in it --------------------------------------------------------------------------------------------

    @property
    def image(self) -> ImageRecord | None:
        """The picture under the cursor, if it is here."""
        return self.pages.image(self.cursor)

    @property
    def seen(self) -> tuple[int, int]:
        """First and end of the pictures in sight."""
        return self._layout.seen(self.scroll_offset.y, max(1, self.size.height), self.pages.total)

    def show(self, pages: Pages, cursor: int, *, stay: bool) -> None:
        """These pictures now. ``stay``: the cursor's tile stays where it is on the screen."""
        offset = self._layout.region(self.cursor).y - self.scroll_offset.y if stay else 0
        self.pages = pages
        self.virtual_size = Size(0, self._layout.rows(pages.total) * self._layout.row_height)
        self.set_reactive(TileGrid.cursor, max(0, min(cursor, pages.total - 1)))
        self._scroll(self._layout.region(self.cursor).y - offset)
        self._show_cursor()
        self._look()
        self.refresh()
        self.post_message(self.Moved())

    def put(self, page: ImagePage) -> None:
        """A page has come."""
        self.pages.put(page)
        self._look()
        self.refresh()
        if page.at <= self.cursor < page.at + len(page.images):
            self.post_message(self.Moved())

    def change(self, image: ImageRecord) -> None:
        """A picture is another now."""
        if self.pages.change(image):
            self.refresh()

    def look_again(self) -> None:
        """What could not be had may be there now."""
        self.thumbnails.forget_problems()
        self._look()

    def _arrived(self, names: Sequence[str]) -> None:
        """Thumbnails can be painted."""
        arrived = set(names)
        for number in range(*self.seen):
            image = self.pages.image(number)
            if image is not None and image.image_name in arrived:
                if self._overlays.active:
                    self._overlays.painted([number])
                else:
                    self._refresh_tile(number)

    def _look(self) -> None:
        """Ask for what is in sight, then for what is a screen further the way it goes, then for both ends."""
        first, end = self.seen
        if first >= end:
            return
        if first != self._looked_at:
            self._upwards, self._looked_at = first < self._looked_at, first
        total, screen = self.pages.total, end - first
        further = (max(0, first - screen), first) if self._upwards else (end, min(total, end + screen))
        places = [(first, end), further, (max(0, total - screen), total), (0, min(screen, total))]
        if missing := self.pages.look(first, end, *places[1:]):
            self.post_message(self.Wanted(missing))
        if self.studio.graphics.protocol != "none":
            seen, *others = (self._names(*place) for place in places)
            self.thumbnails.want(seen, list(dict.fromkeys(chain.from_iterable(others))))

    def _names(self, first: int, end: int) -> list[str]:
        found = (self.pages.image(number) for number in range(first, end))
        return [image.image_name for image in found if image is not None]

    # -- size and place -------------------------------------------------------------------------------------------

    def on_resize(self, _event: events.Resize) -> None:
        """Another width has room for other tiles."""
        self._arrange()

    def watch_zoom(self) -> None:
        """Other tiles."""
        self._arrange()

    def _arrange(self) -> None:
        width = self.size.width
        if not self.is_mounted or width < 2:
            return
        layout = Layout.of(width, SIZES[self.zoom], self.studio.graphics.cell_size)
        if layout != self._layout:
            self._layout = layout
            self.virtual_size = Size(0, layout.rows(self.pages.total) * layout.row_height)
        self.thumbnails.resize(layout.tile)
        self._show_cursor()
        self._look()
        self.refresh()

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Other pictures are in sight."""
        super().watch_scroll_y(old, new)
        if round(old) != round(new):
            self._look()

    def watch_cursor(self, old: int, new: int) -> None:
        """Keep the cursor in sight."""
        self._refresh_mark(old)
        self._refresh_mark(new)
        self._show_cursor()
        self.post_message(self.Moved())

    def _show_cursor(self) -> None:
        """Whole rows are scrolled; the row of the cursor shows whole where there is room for it."""
        region, top, height = self._layout.region(self.cursor), self.scroll_offset.y, self.size.height
        if region.y < top or region.height > height:
            self._scroll(region.y)
        elif region.bottom > top + height:
            self._scroll(region.bottom - height)

    def _scroll(self, top: int) -> None:
        self.scroll_to(y=top, animate=False, force=True, immediate=True)

    # -- painting -------------------------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Nothing here has colours of the terminal's own, and looking for them takes longer than painting."""
        return [one for one in super().get_line_filters() if not isinstance(one, ANSIToTruecolor)]

    @property
    def _plain(self) -> Style:
        """``rich_style``, which Textual works out anew for everybody who asks; it changes with the visual style."""
        look = self.visual_style
        if look is not self._known_look:
            self._known_look, self._known_plain = look, self.rich_style
        return self._known_plain

    def on_focus(self) -> None:
        """The cursor changes its colour."""
        self._refresh_mark(self.cursor)

    def on_blur(self) -> None:
        """The cursor changes its colour."""
        self._refresh_mark(self.cursor)

    def picture_region(self, number: int) -> Region:
        """Where a tile's picture is on the screen, or would be."""
        place = self._in_sight(number).shrink((0, 0, CAPTION, BAR))
        return place.translate(self.content_region.offset)

    def cover(self) -> None:
        """What a terminal draws over its cells is drawn again."""
        if self._overlays.active:
            self.refresh()

    def _in_sight(self, number: int) -> Region:
        return self._layout.region(number, self.scroll_offset.y)

    def _refresh_tile(self, number: int) -> None:
        self.refresh(self._in_sight(number))

    def _refresh_mark(self, number: int) -> None:
        """The bar and the caption; where pictures lie over the cells, the caption alone."""
        place = self._in_sight(number)
        if not self._overlays.active:
            self.refresh(Region(place.x, place.y, BAR, place.height))
        self.refresh(Region(place.x, place.bottom - CAPTION, place.width, CAPTION))

    def render_line(self, y: int) -> Strip:
        """One line across the tiles of a row."""
        layout = self._layout
        row, line = divmod(y + self.scroll_offset.y, layout.row_height)
        first = row * layout.columns
        numbers = range(first, min(first + layout.columns, self.pages.total))
        if line == 0:
            self._overlays.painted(numbers)
        segments = chain.from_iterable(self._tile_line(number, line) for number in numbers)
        width = len(numbers) * (layout.tile.columns + BAR)
        return Strip(segments, width).adjust_cell_length(self.size.width, self._plain)

    def _tile_line(self, number: int, line: int) -> list[Segment]:
        """Bar and picture, or bar and caption."""
        image = self.pages.image(number)
        marked = image is not None and image.image_name in self.marks
        look = self.visual_style
        if number == self.cursor:
            look += self.get_visual_style("grid--cursor" if self.has_focus else "grid--cursor-blurred")
        elif marked:
            look += self.get_visual_style("grid--marked")
        chosen = (number == self.cursor or marked) and not self._overlays.active
        bar = Segment("▐" if chosen else " ", self._plain + Style(color=look.rich_style.bgcolor))
        columns, rows = self._layout.tile
        if line < rows:
            return [bar, *self._picture_line(image, line)]
        words = (
            caption(image, self.order, marked=marked, width=columns) if image is not None else Content("…")
        )
        return [bar, *Strip(words.render_segments(look)).adjust_cell_length(columns, look.rich_style)]

    def _picture_line(self, image: ImageRecord | None, line: int) -> Sequence[Segment]:
        columns, rows = self._layout.tile
        panel = self.get_component_rich_style("grid--tile")
        tile = self.thumbnails.get(image.image_name) if image is not None else None
        if tile is None or tile.frame is None:
            word = tile.problem if tile is not None and line == rows // 2 else ""
            return [Segment(word[:columns].center(columns), panel)]
        wide, high = tile.frame.cells
        left, top = (columns - wide) // 2, (rows - high) // 2
        if not top <= line < top + high:
            return _blank(columns, panel)
        return [*_blank(left, panel), *tile.lines[line - top], *_blank(columns - left - wide, panel)]


def _blank(columns: int, style: Style) -> list[Segment]:
    return [Segment(" " * columns, style)] if columns else []
