"""The windows that open over the gallery, and what is said when they close."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke_tui.tui.beside import beside
from invoke_tui.tui.gallery.dropping import bring

if TYPE_CHECKING:
    from invoke_tui.domain.gallery.images import Selection
    from invoke_tui.tui.gallery.deeds import Deeds
    from invoke_tui.tui.gallery.screen import GalleryScreen


class Windows:
    """Works for one gallery screen. Each window comes when it is opened first, and not with the gallery."""

    def __init__(self, screen: GalleryScreen, deeds: Deeds) -> None:
        self._screen = screen
        self._deeds = deeds

    def view(self, compare: list[str]) -> None:
        """The picture as large as the terminal is, or some side by side."""
        from invoke_tui.tui.viewer.screen import ViewerScreen

        grid = self._screen.grid
        viewer = ViewerScreen(self._screen.desk.listing, grid.cursor, grid.pages.total, compare=compare)
        self._screen.app.push_screen(
            viewer, lambda _nothing: None if compare else grid.move_to(viewer.desk.number)
        )

    def export(self, selection: Selection) -> None:
        """Give pictures away."""
        beside(self._screen, "deed", self._export, selection)

    async def _export(self, selection: Selection) -> None:
        from invoke_tui.tui.gallery.export_dialog import ExportScreen

        count = self._screen.grid.marks.count(self._screen.grid.pages.total) or 1
        if said := await self._screen.app.push_screen_wait(ExportScreen(selection, count)):
            self._screen.say(said, 6)

    def bring(self) -> None:
        """Bring pictures, onto the board that is shown."""
        beside(self._screen, "deed", self.ask_what)

    async def ask_what(self, path: str = "") -> None:
        """Ask what to bring, and how."""
        from invoke_tui.tui.gallery.import_dialog import ImportScreen

        board = self._screen.board_tree.shelf.board
        if said := await self._screen.app.push_screen_wait(ImportScreen(board, path)):
            self._screen.say(said, 6)

    def dropped(self, text: str) -> None:
        """Files that are dropped onto the terminal come as text."""
        beside(self._screen, "drop", bring, self._screen, text)

    def housekeeping(self) -> None:
        """Look after the files."""
        beside(self._screen, "deed", self._housekeeping)

    async def _housekeeping(self) -> None:
        from invoke_tui.tui.gallery.keeping.screen import PURGE, HousekeepingScreen

        if await self._screen.app.push_screen_wait(HousekeepingScreen()) == PURGE:
            self._deeds.do("purge")
