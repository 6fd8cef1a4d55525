"""One picture, as large and as sharp as the terminal shows it; and pictures held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.copying import Copied, copy
from invoke_tui.tui.gallery.details import PictureDetails
from invoke_tui.tui.recalling.choose import use
from invoke_tui.tui.screens.base import StudioScreen
from invoke_tui.tui.viewer.deeds import Deeds
from invoke_tui.tui.viewer.desk import ViewerDesk
from invoke_tui.tui.viewer.light import LightBars
from invoke_tui.tui.viewer.slides import Slides
from invoke_tui.tui.viewer.stage import Stage
from invoke_tui.tui.widgets.image_view import ImageView
from invoke_tui.tui.widgets.key_line import KeyLine
from invoke_tui.tui.widgets.picture_pane import Caption
from invoke_tui.tui.widgets.status_bar import StatusBar
from invoke_tui.tui.words import size as bytes_in_words

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import ImageRecord, Listing
    from invoke_tui.tui.viewer.measures import Histogram

LONGEST_NAME: Final = 24
"""Characters of a name that are shown whole below the picture; the details have all of it."""


class ViewerScreen(StudioScreen):
    """A picture of a listing; arrows go to the others."""

    place: ClassVar[actions.Place] = "viewer"
    places: ClassVar[tuple[actions.Place, ...]] = ("viewer",)
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("viewer")
    AUTO_FOCUS = ""
    help_title = "Viewer"
    help_text = (
        "Left and right go through the pictures, + and - come closer and go back, 0 fits, 1 is one to one; arrows move "
        "over what is larger than the screen. Enter shows nothing but the picture. v compares, v again changes how."
    )

    def __init__(self, listing: Listing, at: int, total: int, *, compare: Sequence[str] = ()) -> None:
        """``at`` is the number of the picture; ``compare`` names some that are compared from the start."""
        super().__init__()
        self.stage = Stage(self)
        self.desk = ViewerDesk(self, self.stage, listing, at, total)
        self._compare = compare
        self._deeds = Deeds(self, self.desk)
        self._slides = Slides(self)
        self._rating = False

    def compose(self) -> ComposeResult:
        """Picture, what is known of it, a line, status and keys."""
        with Horizontal(id="viewer"):
            with Vertical(id="viewer-stage"):
                yield ImageView(id="viewer-picture")
                yield Static(id="viewer-word")
            with Vertical(id="viewer-side"):
                yield LightBars()
                yield PictureDetails()
        yield Caption()
        yield StatusBar()
        yield KeyLine()

    async def furnish(self) -> None:
        """Show the first picture, and listen."""
        self.query_one(PictureDetails).can_focus = False  # arrows belong to the picture
        self.set_class(self.app.size.width >= 100, "-details")
        self.desk.open(self._compare)

    def on_unmount(self) -> None:
        """Let go of every picture."""
        self.desk.album.close()

    def on_screen_resume(self) -> None:
        """What a terminal draws over its cells is drawn again."""
        self.query_one(ImageView).refresh()

    # -- what is shown --------------------------------------------------------------------------------------------

    def show_record(self, image: ImageRecord | None) -> None:
        """What is known about the picture."""
        self.query_one(PictureDetails).show(image)
        self.tell()

    def show_histogram(self, histogram: Histogram | None) -> None:
        """How its pixels are spread."""
        self.query_one(LightBars).show(histogram)

    def say_instead(self, message: str, hint: str = "") -> None:
        """Why there is no picture, in its place."""
        self.stage.clear()
        self.add_class("-word")
        text = "\n".join(safe_text(part, limit=500) for part in (message, hint) if part)
        self.query_one("#viewer-word", Static).update(Content(text))
        self.show_histogram(None)
        self._slides.shown()

    @on(ImageView.Broken)
    def _broken(self, event: ImageView.Broken) -> None:
        self.say_instead(event.error.message, event.error.hint or "")

    @on(ImageView.Shown)
    def _shown(self, event: ImageView.Shown) -> None:
        if self.stage.shown(event.picture):
            self.tell()
            self._slides.shown()

    # -- the line below -------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Which picture it is, and how it is shown."""
        image = self.desk.image
        if image is None:
            self.query_one(Caption).say("", "")
            return
        where = f"{self.desk.number + 1:,} of {self.desk.album.total:,}"
        stars = "★" * image.starred + (f" {image.rating} of 5" if image.rating else "")
        weight = bytes_in_words(image.file_size) if image.file_size else ""
        about = [] if self.stage.comparing.on else [f"{image.width} × {image.height}", weight]
        told = [*about, *self.stage.words(), self._slides.words, stars]
        name = safe_text(image.image_name, limit=120)
        short = name if len(name) <= LONGEST_NAME else f"{name[:8]}…"
        self.query_one(Caption).say(f"{where} · {short}", " · ".join(one for one in told if one))

    def say(self, text: str) -> None:
        """A word that goes by itself."""
        self.notify(text, timeout=2.5, markup=False)

    # -- actions --------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Out of slide show, full screen, comparison, and then out."""
        if self._slides.on:
            self._slides.stop()
        elif self.has_class("-full"):
            self.remove_class("-full")
        elif self.stage.comparing.on:
            self.stage.comparing.end()
            self.desk.load()
        else:
            self.dismiss()
        self.tell()

    def action_go(self, by: int) -> None:
        """To another picture."""
        self.desk.go_to(self.desk.number + by)

    def action_edge(self, end: int) -> None:
        """To the first or last picture."""
        self.desk.go_to(self.desk.album.total - 1 if end else 0)

    def action_move(self, across: int, down: int) -> None:
        """Over the picture; where all of it is seen, to another one, or over the details."""
        if self.stage.pan(across, down):
            self.tell()
        elif across:
            self.desk.go_to(self.desk.number + across)
        else:
            self.query_one(PictureDetails).action_scroll(3 * down)

    def action_zoom(self, steps: int) -> None:
        """Closer, farther; 0 fits."""
        self.stage.zoom(steps)
        self.tell()

    def action_exact(self) -> None:
        """One pixel for one pixel."""
        self.stage.exact()
        self.tell()

    def action_full(self) -> None:
        """Nothing but the picture."""
        self.toggle_class("-full")

    def action_details(self) -> None:
        """Show or fold."""
        self.toggle_class("-details")

    def action_histogram(self) -> None:
        """Show or fold."""
        self.toggle_class("-histogram")
        self.desk.count()

    def action_slides(self) -> None:
        """Go on by itself."""
        self._slides.toggle()
        self.tell()

    def action_pace(self, by: int) -> None:
        """More or fewer seconds."""
        self._slides.pace(by)
        self.tell()

    def action_compare(self, count: int) -> None:
        """Hold it against others, and then in another way."""
        comparing = self.stage.comparing
        if comparing.on and count == 2:
            self.stage.next_way()
            self.tell()
        else:
            self.desk.compare(count)

    def action_keep(self) -> None:
        """To be compared with others."""
        if self.desk.image is not None:
            kept = self.studio.partners.keep(self.desk.image.image_name)
            self.say("Kept: v compares others with it." if kept else "Let go.")
            self.tell()

    def action_turn(self) -> None:
        """The next of those that are compared, in the same place."""
        if self.stage.comparing.on:
            self.stage.flick()
            self.tell()
        else:
            self.say("v compares first.")

    def action_amplify(self) -> None:
        """A stronger difference."""
        self.stage.amplify()
        self.tell()

    def action_sharp(self) -> None:
        """Everything, or what the line can take."""
        self.stage.sharp()
        self.tell()

    def action_change(self, what: str) -> None:
        """Star, rate, delete, undo."""
        if what == "undo":
            self._deeds.undo()
        elif self.desk.image is not None:
            self._deeds.change(self.desk.image, what)

    def action_rate(self) -> None:
        """Wait for a digit."""
        self._rating = True
        self.say("0 to 5?")

    def on_key(self, event: events.Key) -> None:
        """A digit after ``e`` rates."""
        if self._rating and event.character is not None:
            self._rating = False
            if event.character in "012345" and self.desk.image is not None:
                event.prevent_default()
                event.stop()
                self._deeds.rate(self.desk.image, int(event.character))

    def action_copy(self, what: Copied) -> None:
        """To the machine in front of the person."""
        if self.desk.image is not None:
            copy(self, self.desk.image, what)

    def action_export(self) -> None:
        """Give it away."""
        if self.desk.image is not None:
            self._deeds.export(self.desk.image)

    def action_texts(self) -> None:
        """What the file says."""
        from invoke_tui.tui.screens.picture_texts import PictureTextsScreen

        if self.desk.image is not None:
            self.app.push_screen(PictureTextsScreen(self.desk.image))

    def action_use(self, what: str) -> None:
        """On Generate."""
        if self.desk.image is not None:
            use(self, self.desk.image, what)
