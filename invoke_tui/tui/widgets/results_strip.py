"""The latest pictures as a strip of thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from invoke_tui.tui import actions

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord

LIMIT: Final = 60
GAP: Final = 1


class ResultsStrip(Widget, can_focus=True):
    """Newest at the left. The owner fetches the thumbnails that are asked for."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("strip")
    help_text: ClassVar[str] = (
        "Your latest pictures. Left and right choose, enter opens one large, r puts all its settings back into the "
        "form, p its prompt, s its seed, R what you choose. i starts the next picture from it, M says by it which part "
        "may change, c and f steer the next by it: where things are, what they look like. u makes it larger, y copies "
        "where the file lies."
    )
    selected: reactive[int] = reactive(0)

    class Chosen(Message):
        """A picture is to be shown, or something of it to be used."""

        def __init__(self, image: ImageRecord, what: str) -> None:
            super().__init__()
            self.image = image
            self.what = what

    class Wanted(Message):
        """Thumbnails that are on the screen and not here yet."""

        def __init__(self, names: list[str]) -> None:
            super().__init__()
            self.names = names

    def __init__(self) -> None:
        super().__init__(id="strip", classes="place-strip")
        self._images: list[ImageRecord] = []
        self._thumbnails: dict[str, list[Strip]] = {}
        self._asked: set[str] = set()
        self._first = 0

    @property
    def images(self) -> list[ImageRecord]:
        """The records, newest first."""
        return self._images

    @property
    def image(self) -> ImageRecord | None:
        """The chosen one."""
        return self._images[self.selected] if self.selected < len(self._images) else None

    def set_images(self, images: list[ImageRecord]) -> None:
        """Start over with these."""
        self._images = images[:LIMIT]
        self.selected = min(self.selected, max(0, len(self._images) - 1))
        self._look()

    def add(self, image: ImageRecord) -> None:
        """A new picture: it comes first; the choice stays on what was chosen, unless that was the newest."""
        if any(image.image_name == known.image_name for known in self._images):
            return
        self._images = [image, *self._images][:LIMIT]
        if self.selected > 0:
            self.selected = min(self.selected + 1, len(self._images) - 1)
        self._look()

    def put(self, name: str, strips: list[Strip]) -> None:
        """A thumbnail has come."""
        self._thumbnails[name] = strips
        while len(self._thumbnails) > LIMIT * 2:
            self._thumbnails.pop(next(iter(self._thumbnails)))
        self.refresh()

    def missed(self, name: str) -> None:
        """A thumbnail could not be fetched; it may be asked for again."""
        self._asked.discard(name)

    @property
    def tile(self) -> tuple[int, int]:
        """Columns and rows of one thumbnail."""
        rows = max(1, self.size.height - 1)
        return rows * 2, rows

    def on_resize(self, _event: events.Resize) -> None:
        """Other sizes need other thumbnails."""
        self._thumbnails.clear()
        self._asked.clear()
        self._look()

    def watch_selected(self) -> None:
        """Keep the choice on the screen."""
        self._look()

    def _look(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        columns = self.tile[0] + GAP
        room = max(1, self.size.width // columns)
        if self.selected < self._first:
            self._first = self.selected
        elif self.selected >= self._first + room:
            self._first = self.selected - room + 1
        seen = self._images[self._first : self._first + room]
        wanted = [image.image_name for image in seen if image.image_name not in self._asked]
        if wanted:
            self._asked.update(wanted)
            self.post_message(self.Wanted(wanted))
        self.refresh()

    # -- painting -------------------------------------------------------------------------------------------------

    def render(self) -> Content:
        """Nothing: lines are rendered one by one."""
        return Content("")

    def render_line(self, y: int) -> Strip:
        """One line across all tiles; the last line marks the choice."""
        width = self.size.width
        columns, rows = self.tile
        base = self.rich_style
        parts: list[Strip] = []
        used = 0
        for index in range(self._first, len(self._images)):
            if used + columns > width:
                break
            if y < rows:
                parts.append(self._tile_line(self._images[index], y, columns))
            else:
                parts.append(self._mark(index, columns))
            parts.append(Strip.blank(GAP, base))
            used += columns + GAP
        if not parts:
            return Strip.blank(width, base)
        return Strip.join(parts).adjust_cell_length(width, base)

    def _tile_line(self, image: ImageRecord, y: int, columns: int) -> Strip:
        strips = self._thumbnails.get(image.image_name)
        panel = self.get_component_rich_style("strip--tile")
        if strips is None:
            return Strip.blank(columns, panel)
        top = (self.tile[1] - len(strips)) // 2
        if not top <= y < top + len(strips):
            return Strip.blank(columns, panel)
        line = strips[y - top]
        left = (columns - line.cell_length) // 2
        return Strip.join([Strip.blank(left, panel), line]).adjust_cell_length(columns, panel)

    def _mark(self, index: int, columns: int) -> Strip:
        chosen = index == self.selected
        name = "strip--chosen" if chosen and self.has_focus else "strip--marked" if chosen else "strip--plain"
        style: Style = self.get_component_rich_style(name)
        glyph = "▔" if chosen else " "
        return Strip([Segment(glyph * columns, style)], columns)

    COMPONENT_CLASSES: ClassVar[set[str]] = {"strip--tile", "strip--chosen", "strip--marked", "strip--plain"}

    # -- actions --------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Choose another and show it."""
        if self._images:
            self.selected = max(0, min(len(self._images) - 1, self.selected + by))
            self._tell("show")

    def action_open(self) -> None:
        """As large as the terminal is."""
        self._tell("open")

    def action_show(self) -> None:
        """Show beside the form."""
        self._tell("show")

    def action_recall(self) -> None:
        """All settings back into the form."""
        self._tell("recall")

    def action_recall_prompt(self) -> None:
        """The prompt back into the form."""
        self._tell("prompt")

    def action_recall_seed(self) -> None:
        """The seed into the form."""
        self._tell("seed")

    def action_choose(self) -> None:
        """What of it is put back is chosen."""
        self._tell("choose")

    def action_start_from(self) -> None:
        """The picture as the one to start from."""
        self._tell("init")

    def action_steer(self, how: str) -> None:
        """As a control or a reference picture, or as a mask."""
        self._tell(how)

    def action_upscale(self) -> None:
        """Make it larger."""
        self._tell("upscale")

    def action_copy_path(self) -> None:
        """The path to the clipboard."""
        self._tell("path")

    def _tell(self, what: str) -> None:
        if self.image is not None:
            self.post_message(self.Chosen(self.image, what))

    def on_click(self, event: events.Click) -> None:
        """Choose by mouse."""
        index = self._first + event.x // (self.tile[0] + GAP)
        if index < len(self._images):
            self.selected = index
            self._tell("show")

    def on_focus(self) -> None:
        """The mark changes its colour."""
        self.refresh()

    def on_blur(self) -> None:
        """The mark changes its colour."""
        self.refresh()
