"""What the viewer shows: the pictures that are here, how closely, and how they are compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from invoke_tui.tui.beside import beside
from invoke_tui.tui.pictures.fit import DEFAULT_CELL, Cells
from invoke_tui.tui.viewer.comparing import Comparing
from invoke_tui.tui.viewer.geometry import Look, Size, larger_than, panned, scale_of, settled, zoomed
from invoke_tui.tui.viewer.scene import Scene, Way, pane_of
from invoke_tui.tui.viewer.sharpness import WORTH_IT, affordable
from invoke_tui.tui.widgets.image_view import ImageView

if TYPE_CHECKING:
    from invoke_tui.tui.pictures.frames import Showable
    from invoke_tui.tui.viewer.original import Original
    from invoke_tui.tui.viewer.screen import ViewerScreen


class Stage:
    """Works for one viewer."""

    def __init__(self, screen: ViewerScreen) -> None:
        self._screen = screen
        self._originals: tuple[Original, ...] = ()
        self._look = Look()
        self._scene: Scene | None = None
        self._full = False
        self.reading = False
        """A large picture is fetched or decoded, which takes a while."""
        self.comparing = Comparing()

    @property
    def first(self) -> Original | None:
        """The picture that is looked at."""
        return self._originals[0] if self._originals else None

    def show(self, *originals: Original) -> None:
        """Show a picture, or some that are compared."""
        self._originals = originals
        self._draw()

    def clear(self) -> None:
        """Show nothing."""
        self._originals, self._scene, self.reading = (), None, False
        self._view.clear()

    def fit(self) -> None:
        """Whatever is shown next is shown whole."""
        self._look = Look()

    @property
    def _view(self) -> ImageView:
        return self._screen.query_one(ImageView)

    def _draw(self) -> None:
        if not self._originals:
            return
        self.reading = any(original.large for original in self._originals)
        comparing = self.comparing
        red, green, blue = self._screen.background_colors[1].rgb
        image = self._screen.desk.image
        self._scene = Scene(
            self._originals,
            self._look,
            self._screen.studio.pacer,
            comparing.way,
            comparing.turn,
            comparing.times,
            self._full,
            (red, green, blue),
            f"{image.image_name} ({image.width} × {image.height})" if image is not None else "",
        )
        self._view.show(self._scene)

    # -- how closely ----------------------------------------------------------------------------------------------

    @property
    def _room(self) -> Size:
        """Pixels that a picture has on the screen."""
        cell = self._screen.studio.graphics.cell_size or DEFAULT_CELL
        room = Cells(max(1, self._view.size.width), max(1, self._view.size.height))
        if len(self._originals) > 1 and self.comparing.way is Way.BESIDE:
            room = pane_of(self._originals, room, cell)
        return room.columns * cell[0], room.rows * cell[1]

    def pan(self, across: int, down: int) -> bool:
        """Move over a picture; false where all of it is seen."""
        if self.first is None or not larger_than(self._look, self.first.size, self._room):
            return False
        self._look = panned(self._look, self.first.size, self._room, across, down)
        self._draw()
        return True

    def zoom(self, steps: int) -> None:
        """Closer or farther; 0 fits."""
        if self.first is not None:
            self._look = zoomed(self._look, self.first.size, self._room, steps) if steps else Look()
            self._draw()

    def exact(self) -> None:
        """One pixel for one pixel, in the same place."""
        if self.first is not None:
            look = Look(1.0, self._look.x, self._look.y)
            self._look = settled(look, self.first.size, self._room)
            self._draw()

    # -- comparing ------------------------------------------------------------------------------------------------

    def next_way(self) -> None:
        """Another way to compare."""
        self.comparing.next_way()
        self._draw()

    def flick(self) -> None:
        """The next in the same place."""
        self.comparing.flick()
        self._draw()

    def amplify(self) -> None:
        """A stronger difference."""
        self.comparing.amplify()
        self._draw()

    # -- what the line can take -----------------------------------------------------------------------------------

    def sharp(self) -> None:
        """Everything from now on, or what the line can take."""
        self._full = not self._full
        self._draw()

    def shown(self, picture: Showable) -> bool:
        """A picture is on the screen; whether it is what was to be shown last. Should it have been smaller than it
        could be, it is sent again."""
        scene = self._scene
        if scene is None or picture is not scene:
            return False
        self.reading = False
        if scene.sent.share < 1:
            beside(self._screen, "sharpen", self._sharpen, scene)
        return True

    async def _sharpen(self, scene: Scene) -> None:
        studio, sent = self._screen.studio, scene.sent
        before = studio.pacer.bandwidth
        await studio.pacer.ready()
        if self._scene is not scene or studio.pacer.bandwidth is None or studio.pacer.bandwidth == before:
            return
        share = affordable(sent.cells, sent.pixels, studio.graphics.protocol, studio.pacer)
        if share > sent.share * WORTH_IT:
            self._draw()

    # -- in words -------------------------------------------------------------------------------------------------

    def words(self) -> Iterator[str]:
        """How it is shown, in some words."""
        comparing, scene = self.comparing, self._scene
        if self.reading:
            yield "reading…"
        if self.first is not None and self._look.scale is not None:
            yield f"{scale_of(self._look, self.first.size, self._room):.0%}"
        if comparing.on:
            yield comparing.way.value
            if comparing.way is Way.FLICKER:
                yield f"{comparing.turn + 1} of {len(comparing.others) + 1}"
            if comparing.way is Way.DIFFERENCE:
                yield f"× {comparing.times}" if comparing.times > 1 else ""
                yield scene.sent.told if scene is not None else ""
        if kept := self._screen.studio.partners.kept:
            yield f"{len(kept)} kept"
        if scene is not None and scene.sent.factor > 1:
            yield f"softer: every {scene.sent.factor}. pixel"
        if self._full:
            yield "full quality"
        elif scene is not None and scene.sent.share < 1 and scene.pacer.bandwidth is not None:
            yield "smaller for the slow line, Q for all of it"
