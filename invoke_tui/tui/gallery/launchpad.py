"""What to press where there are no pictures."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.widgets import Static

from invoke_tui.domain.gallery.images import Listing


class GalleryLaunchpad(Static):
    """Shown instead of a grid with nothing in it."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__(id="gallery-none")

    def show_for(self, listing: Listing, *, saved: bool) -> None:
        """Why there is nothing, and what to do about it; ``saved``: the query is that of a saved search."""
        if listing.trash:
            self.update(Content.assemble(("The trash is empty.\n", "bold"), *_key("b", "back to the boards")))
        elif listing.query:
            way = _key("b", "shows the boards") if saved else _key("esc", "takes the filter away")
            self.update(Content.assemble(("No picture fits.\n", "bold"), *way))
        elif listing.board_id is not None or listing.view != "images":
            self.update(
                Content.assemble(
                    ("No picture here.\n\n", "bold"),
                    *_key("m", "on a picture puts it on a board"),
                    *_key("p", "on a board sends new pictures there"),
                    *_key("a", "shows images, assets or both"),
                )
            )
        else:
            self.update(
                Content.assemble(
                    ("◆\n\n", "$primary"),
                    ("No pictures yet\n", "bold"),
                    ("Everything you make is kept here.\n\n", "$text-muted"),
                    *_key("alt+1", "make the first: write what to see, press ^g"),
                    *_key("I", "bring pictures that you have"),
                    *_key("a", "shows the assets, too: pictures that do not say what made them"),
                    *_key("b", "boards, to sort pictures on"),
                    *_key("F1", "what the keys do here"),
                )
            )


def _key(key: str, what: str) -> list[tuple[str, str]]:
    return [(key, "bold $primary"), (f"  {what}\n", "")]
