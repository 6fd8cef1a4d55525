"""What a picture is compared with: those that were kept for it, else the one that was looked at or used last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MOST: Final = 4
"""Pictures that are compared at once."""
_RECENT: Final = 2


@dataclass
class Partners:
    """Names of pictures, for as long as the screen runs: a picture is made, and then held against its origin."""

    kept: list[str] = field(default_factory=list)
    """Those to compare with, when somebody compares."""
    _recent: list[str] = field(default_factory=list)
    _made: str = ""

    def keep(self, name: str) -> bool:
        """Keep a picture to compare with, or let it go; whether it is kept now."""
        if name in self.kept:
            self.kept.remove(name)
            return False
        self.kept = [*self.kept, name][1 - MOST :]
        return True

    def met(self, name: str) -> None:
        """A picture was looked at, or brought to Generate."""
        self._recent = [*(one for one in self._recent if one != name), name][-_RECENT:]

    def made(self, name: str) -> None:
        """A picture came out on Generate: the origin of the next ones has somebody to be held against."""
        self._made = name

    def of(self, name: str) -> list[str]:
        """What to hold against a picture: what is kept, else the one that was met last before it or made last."""
        if kept := [one for one in self.kept if one != name]:
            return kept
        return [one for one in (self._made, *self._recent) if one not in ("", name)][-1:]

    def forget(self, name: str) -> None:
        """The picture is gone."""
        self.kept = [one for one in self.kept if one != name]
        self._recent = [one for one in self._recent if one != name]
        self._made = "" if self._made == name else self._made
