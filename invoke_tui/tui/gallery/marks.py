"""Which pictures are selected: some by name, or all of a listing but those that were let go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from invoke_tui.domain.gallery.images import Listing, Selection

MOST: Final = 10_000
"""Names that one selection can hold (``Selection.names``); all of a listing has no such limit."""


class Marks:
    """A selection that grows and shrinks."""

    def __init__(self) -> None:
        self._listing: Listing | None = None
        self._names: dict[str, None] = {}
        """Those selected; of all of a listing, those that are not."""
        self._before: dict[str, None] | None = None
        """What was selected before the range that grows."""

    def __contains__(self, name: object) -> bool:
        return (name in self._names) != (self._listing is not None)

    def count(self, total: int) -> int:
        """How many are selected, of a listing with so many."""
        return total - len(self._names) if self._listing is not None else len(self._names)

    @property
    def everything(self) -> bool:
        """All of a listing was asked for."""
        return self._listing is not None

    def flip(self, name: str) -> None:
        """Select a picture, or let it go."""
        if name in self._names:
            del self._names[name]
        elif len(self._names) < MOST:
            self._names[name] = None

    def all_of(self, listing: Listing) -> None:
        """Select all of a listing."""
        self.clear()
        self._listing = listing

    def clear(self) -> None:
        """Let all go."""
        self._listing, self._names, self._before = None, {}, None

    def forget(self, names: Iterable[str]) -> None:
        """These are no longer in the list."""
        if self._listing is None:
            for name in names:
                self._names.pop(name, None)

    # -- a range that grows ---------------------------------------------------------------------------------------

    def begin_range(self) -> None:
        """What is selected now stays, whatever the range becomes."""
        if self._listing is not None:
            self.clear()
        self._before = dict(self._names)

    def set_range(self, names: Iterable[str]) -> None:
        """The range is these now."""
        both = dict(self._before or {}) | dict.fromkeys(names)
        self._names = dict(list(both.items())[:MOST])

    def end_range(self) -> None:
        """The range stays as it is."""
        self._before = None

    @property
    def ranging(self) -> bool:
        """A range grows."""
        return self._before is not None

    # -- what it comes to -----------------------------------------------------------------------------------------

    def selection(self) -> Selection | None:
        """What is selected; None for nothing."""
        if self._listing is not None:
            return Selection(listing=self._listing, left_out=list(self._names))
        return Selection(names=list(self._names)) if self._names else None
