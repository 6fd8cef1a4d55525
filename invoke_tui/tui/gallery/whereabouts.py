"""Where a person was in the gallery, so that the next start begins there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast, get_args

from invoke_tui.domain.gallery.images import ORDERS, ImageOrder, ImageView, Listing
from invoke_tui.tui.gallery.layout import SIZES, USUAL
from invoke_tui.tui.gallery.panes import PANES
from invoke_tui.tui.gallery.shelves import ALL, EVERYTHING, TRASH, Shelf

VIEWS: Final[tuple[ImageView, ...]] = get_args(ImageView)
LONGEST: Final = 2_000
MOST_ORDERS: Final = 500
"""Boards whose order is kept."""


@dataclass
class Whereabouts:
    """A place in the gallery. What it names may be gone: then the gallery begins with all pictures."""

    shelf: str = ALL
    """The key of the line of the tree."""
    label: str = EVERYTHING.label
    query: str = ""
    picture: str = ""
    """Empty: the first, which may be another one by then."""
    view: ImageView = "images"
    zoom: int = USUAL
    pane: str = "pictures"
    archived: bool = False
    folded: list[str] = field(default_factory=list)
    orders: dict[str, ImageOrder] = field(default_factory=dict)
    """Of lines that were given one; the others have that of all pictures."""

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Whereabouts:
        """From a session, where anything may stand."""
        place = cls()
        for name in ("shelf", "label", "query", "picture"):
            if isinstance(value := kept.get(name), str) and len(value) <= LONGEST:
                setattr(place, name, value)
        if (view := kept.get("view")) in VIEWS:
            place.view = cast("ImageView", view)
        if isinstance(zoom := kept.get("zoom"), int):
            place.zoom = max(0, min(zoom, len(SIZES) - 1))
        if (pane := kept.get("pane")) in PANES:
            place.pane = str(pane)
        place.archived = kept.get("archived") is True
        folded, orders = kept.get("folded"), kept.get("orders")
        place.folded = [str(key) for key in folded] if isinstance(folded, list) else []
        if isinstance(orders, dict):
            place.orders = {str(key): order for key, order in orders.items() if order in list(ORDERS)}
        return place

    def noted(self) -> dict[str, Any]:
        """For the session."""
        return asdict(self) | {"orders": dict(list(self.orders.items())[-MOST_ORDERS:])}

    def order(self, shelf: str) -> ImageOrder:
        """How a line's pictures are ordered."""
        return self.orders.get(shelf) or self.orders.get(ALL, "newest")

    @property
    def listing(self) -> Listing:
        """The pictures that were shown."""
        board = None if self.shelf in (ALL, TRASH) or self.shelf.startswith("search:") else self.shelf
        return Listing(
            board_id=board,
            view=self.view,
            query=self.query,
            order=self.order(self.shelf),
            trash=self.shelf == TRASH,
        )

    @property
    def line(self) -> Shelf:
        """What stands for the tree until it is read."""
        return Shelf(self.shelf, self.label, self.listing)
