"""Which pictures are held against each other, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from invoke_tui.tui.partners import MOST
from invoke_tui.tui.viewer.measures import MOST_AMPLIFIED
from invoke_tui.tui.viewer.scene import Way

WAYS: Final = tuple(Way)


@dataclass
class Comparing:
    """The pictures beside the one that is looked at, by name."""

    others: list[str] = field(default_factory=list)
    way: Way = Way.BESIDE
    turn: int = 0
    times: int = 1

    @property
    def on(self) -> bool:
        """Something is compared."""
        return bool(self.others)

    def begin(self, others: list[str]) -> None:
        """Hold these against the picture that is looked at."""
        self.others, self.way, self.turn = others[: MOST - 1], Way.BESIDE, 0

    def end(self) -> None:
        """Back to one picture."""
        self.others, self.turn = [], 0

    def next_way(self) -> None:
        """Side by side, flicker, difference, and from the start."""
        self.way, self.turn = WAYS[(WAYS.index(self.way) + 1) % len(WAYS)], 0

    def flick(self) -> None:
        """Show the next of them in the same place."""
        self.turn = (self.turn + 1) % (len(self.others) + 1) if self.way is Way.FLICKER else 0
        self.way = Way.FLICKER

    def amplify(self) -> None:
        """A difference twice as strong; after the strongest as it is."""
        self.times = self.times * 2 if self.times < MOST_AMPLIFIED else 1
