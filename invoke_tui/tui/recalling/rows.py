"""The lines to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.content import Content
from textual.geometry import Region

from invoke_tui.domain.gallery.replay import HOLDS_BACK
from invoke_tui.tui.recalling.actions import RECALL
from invoke_tui.tui.recalling.lines import Line
from invoke_tui.tui.widgets.model_rows import Rows, cell

LABEL: Final = 16
KEYS: Final = {one.do.split("'")[1]: one.keys for one in RECALL if one.do.startswith("check_group")}
"""The key of each group."""
_SHOWN: Final = 400
"""Characters of a value that can be in one line."""


class RecallRows(Rows):
    """Lines that are checked or not; those that only say something cannot be."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__(id="recall-rows")
        self.lines = list(lines)
        self._checked: set[int] = set()
        self._keys = _first_of_groups(self.lines)
        self.set_reactive(Rows.cursor, next((at for at, line in enumerate(lines) if line.names), 0))

    @property
    def row_count(self) -> int:
        """Lines there are."""
        return len(self.lines)

    @property
    def line(self) -> Line | None:
        """The one under the cursor."""
        return self.lines[self.cursor] if self.cursor < len(self.lines) else None

    @property
    def wanted(self) -> list[Line]:
        """Those that are checked, else the one under the cursor if it can be recalled."""
        checked = [line for at, line in enumerate(self.lines) if at in self._checked]
        return checked or [line for line in [self.line] if line is not None and line.names]

    def show(self, lines: Sequence[Line]) -> None:
        """Other lines; the cursor and what was checked stay where that is still there."""
        kept = {_same(self.lines[at]) for at in self._checked}
        here = _same(self.line) if self.line is not None else None
        self.lines = list(lines)
        self._checked = {at for at, one in enumerate(self.lines) if one.names and _same(one) in kept}
        self._keys = _first_of_groups(self.lines)
        self.rearrange(cursor=next((at for at, one in enumerate(self.lines) if _same(one) == here), None))

    def keep_in_sight(self) -> None:
        """The list is higher or lower than it was."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def toggle(self, which: Callable[[Line], bool]) -> int:
        """Check those that are meant, or where all of them are checked let them be; how many are meant."""
        meant = {at for at, line in enumerate(self.lines) if line.names and which(line)}
        self._checked = self._checked - meant if meant <= self._checked else self._checked | meant
        self.refresh()
        return len(meant)

    def check_only(self, which: Callable[[Line], bool]) -> None:
        """Check those that are meant and no others."""
        self._checked = {at for at, line in enumerate(self.lines) if line.names and which(line)}
        self.refresh()

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Mark, label, what the picture says, what the form has."""
        line = self.lines[index]
        room = width - LABEL - 8
        beside = max(0, room * 2 // 5) if any(one.now for one in self.lines) else 0
        mark, colour = self._mark(index, line)
        muted = "$text-muted"
        if plain:
            colour = muted = ""
        head = Content.assemble((f" {self._keys.get(index, ' ')} ", muted), (f"{mark} ", colour))
        label = cell(line.label, LABEL).stylize(muted)
        if line.difference is not None:
            return Content.assemble(head, label, " ", cell(_flat(line.value), room).stylize(colour))
        value = cell(_flat(line.value), room - beside)
        now = cell(f"now {_flat(line.now)}" if line.now else "", beside).stylize(muted)
        return Content.assemble(head, label, " ", value, " " if beside else "", now)

    def _mark(self, index: int, line: Line) -> tuple[str, str]:
        if line.difference is not None:
            held = line.difference.kind in HOLDS_BACK
            return ("✗", "$text-error") if held else ("!", "$text-warning")
        return ("◉", "$text-accent") if index in self._checked else ("○", "$text-muted")


def _same(line: Line) -> tuple[str, str]:
    """What makes a line the same as one before."""
    return line.label, line.value


def _first_of_groups(lines: Sequence[Line]) -> dict[int, str]:
    """The keys that check a group, each before the first line of it."""
    first: dict[str, int] = {}
    for at, line in enumerate(lines):
        if line.group:
            first.setdefault(line.group, at)
    return {at: KEYS[group] for group, at in first.items()}


def _flat(text: str) -> str:
    return " ".join(text[:_SHOWN].split())
