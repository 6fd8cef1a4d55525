"""The list of what may stand at the cursor: a small window beside it that takes no focus."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.events import Click
from textual.geometry import Offset, Size
from textual.widgets import Static

from invoke_tui.domain.text import safe_text

if TYPE_CHECKING:
    from invoke_tui.tui.prompts.completion import Candidate

ROWS: Final = 8
WIDEST: Final = 56
ICONS: Final = {
    "embedding": "<>", "lora": "L ", "trigger": "! ", "wildcard": "__", "template": "T ", "history": "~ ",
    "key": ": ", "value": "  ",
}  # fmt: skip


class CompletionPopup(Static):
    """Shows candidates; the editor tells it what to do. A click chooses."""

    def __init__(self, choose: Callable[[], None]) -> None:
        super().__init__(classes="completion")
        self._choose = choose
        self._candidates: list[Candidate] = []
        self._at = 0
        self._first = 0
        self.chosen = False
        """Somebody moved to one of them."""
        self.display = False

    @property
    def is_open(self) -> bool:
        """There is something to choose from."""
        return self.display and bool(self._candidates)

    @property
    def candidate(self) -> Candidate | None:
        """The one that would be taken."""
        return self._candidates[self._at] if self.is_open else None

    def show(self, candidates: list[Candidate], cursor: Offset, screen: Size) -> None:
        """Show what there is below the cursor, or above it where there is no room below."""
        kept = self.candidate
        self._candidates = candidates
        same = [
            n
            for n, other in enumerate(candidates)
            if kept and (other.kind, other.name) == (kept.kind, kept.name)
        ]
        self._at = same[0] if same and self._at else 0
        if not candidates:
            self.close()
            return
        rows = min(ROWS, len(candidates))
        width = min(WIDEST, screen.width, max(self._width(candidate) for candidate in candidates))
        below = screen.height - cursor.y - 1
        x = max(0, min(cursor.x, screen.width - width))
        y = cursor.y + 1 if below >= rows or below >= cursor.y else max(0, cursor.y - rows)
        self.styles.width, self.styles.height = width, min(rows, max(1, screen.height - y))
        self.absolute_offset = Offset(x, y)
        self.display = True
        self._draw()

    def close(self) -> None:
        """Nothing to choose from."""
        self._candidates = []
        self._at = self._first = 0
        self.chosen = False
        self.display = False

    def step(self, by: int) -> None:
        """Another candidate; past the end the first comes."""
        self._at = (self._at + by) % len(self._candidates)
        self.chosen = True
        self._draw()

    def on_click(self, event: Click) -> None:
        """Choose what is clicked at."""
        event.stop()
        if self.is_open and (at := self._first + event.y) < len(self._candidates):
            self._at = at
            self._choose()

    def _draw(self) -> None:
        rows = min(ROWS, len(self._candidates))
        self._first = max(min(self._first, self._at), self._at - rows + 1)
        width = int(self.styles.width.value) if self.styles.width else WIDEST
        lines = []
        for number, candidate in enumerate(self._candidates[self._first : self._first + rows], self._first):
            name, note = safe_text(candidate.name, limit=200), safe_text(candidate.note, limit=200)
            left = Content.assemble((f" {ICONS[candidate.kind]} ", "$text-muted"), name)
            line = Content.assemble(left, (f"  {note}" if note else "", "$text-muted")).truncate(
                width, ellipsis=True
            )
            line = line.pad_right(max(0, width - line.cell_length))
            lines.append(
                line.stylize("$block-cursor-foreground on $block-cursor-background")
                if number == self._at
                else line
            )
        self.update(Content("\n").join(lines))

    @staticmethod
    def _width(candidate: Candidate) -> int:
        note = len(candidate.note) + 2 if candidate.note else 0
        return Content(safe_text(candidate.name, limit=200)).cell_length + note + 5
