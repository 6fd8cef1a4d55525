"""The components in the model caches: a legend of the bars that a cursor goes through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual.content import Content
from textual.widget import Widget

from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.memory_cut import Marks, size
from invoke_tui.tui.widgets.model_rows import Rows, cell
from invoke_tui.tui.words import age, bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke_tui.domain.running.device import ComponentUse, WorkerStatus

PART: Final = 15
SIZE: Final = 8
GAUGE: Final = 10
STREAMED: Final = 11
USED: Final = 8
WIDE: Final = 92
"""Cells from which there is room for a gauge beside the percentage."""


@dataclass(frozen=True, slots=True)
class Held:
    """A component and the engine that holds it."""

    worker: WorkerStatus
    use: ComponentUse

    @property
    def key(self) -> str:
        """Its key among those of all engines."""
        return f"{self.worker.pid}:{self.use.key}"

    @property
    def name(self) -> str:
        """What people call it, safe to show."""
        part = safe_text(self.use.part, limit=40)
        model = safe_text(self.use.model or self.use.key, limit=80)
        return f"{model} {part}".strip()


class MemoryList(Rows):
    """Components in the order in which they came."""

    help_text: ClassVar[str] = (
        "What the engine holds. The letters are those of the bars. u drops the component under the cursor, c all "
        "that are not in use. Streamed layers pass through the device call by call."
    )

    def __init__(self) -> None:
        super().__init__(id="memory-list")
        self.held: list[Held] = []
        self._marks = Marks()

    @property
    def row_count(self) -> int:
        """How many there are."""
        return len(self.held)

    @property
    def chosen(self) -> Held | None:
        """The component under the cursor."""
        return self.held[self.cursor] if 0 <= self.cursor < len(self.held) else None

    @property
    def on_device(self) -> bool:
        """Whether any of them lies on a device with memory of its own."""
        return any(held.worker.memory.vram_total for held in self.held)

    def show(self, workers: Sequence[WorkerStatus], marks: Marks) -> None:
        """These are there now; the cursor stays on its component."""
        chosen = self.chosen.key if self.chosen else ""
        self._marks = marks
        self.held = sorted(
            (Held(worker, use) for worker in workers for use in worker.memory.components),
            key=lambda held: marks.order(held.key),
        )
        self.rearrange(cursor=next((i for i, held in enumerate(self.held) if held.key == chosen), None))

    def row(self, index: int, width: int, *, plain: bool) -> Content:
        """Letter, whether it is in use, part, model, size, where it lies, when it was used."""
        held = self.held[index]
        use, mark = held.use, self._marks[held.key]
        used = "now" if use.locked else _ago(use.last_used)
        tail: list[Content | tuple[str, str] | str] = [cell(size(use.total_bytes), SIZE, right=True)]
        if self.on_device:
            share = use.resident_bytes / use.total_bytes if use.total_bytes else 0.0
            if width >= WIDE:
                filled, rest = bar(share, GAUGE)
                tail += [
                    "  ",
                    (filled, "" if plain else mark.colour),
                    (rest, "" if plain else "$text-disabled"),
                ]
            tail.append(f"{100 * share:>5.0f} %")
            streamed = f"{use.streamed_layers} layers" if use.streamed_layers else ""
            tail.append(cell(streamed, STREAMED, right=True))
        tail.append(cell(used, USED, right=True))
        end = Content.assemble(*tail, " ")
        name = cell(safe_text(use.model or use.key, limit=200), width - 4 - PART - end.cell_length)
        return Content.assemble(
            (f" {mark.letter}", "bold" if plain else f"bold {mark.colour}"),
            ("█ " if use.locked else "▓ ", "" if plain else mark.colour),
            cell(safe_text(use.part, limit=40), PART),
            name.stylize("" if plain else "$text-muted"),
            end,
        )


class MemoryHead(Widget):
    """The headings of the list."""

    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, rows: MemoryList) -> None:
        super().__init__(id="memory-head")
        self._rows = rows

    def render(self) -> Content:
        """Above the columns they name; a word where there are none."""
        width = self.size.width
        if not self._rows.row_count:
            return Content.styled("  No model is in memory.", "$text-muted")
        tail = "size".rjust(SIZE)
        if self._rows.on_device:
            tail += "  on the device".ljust(GAUGE + 9) if width >= WIDE else " on GPU"
            tail += "streamed".rjust(STREAMED)
        tail += "used".rjust(USED) + " "
        name = cell("model", width - 4 - PART - len(tail))
        return Content.assemble("    ", cell("part", PART), name, tail).stylize("$text-muted")


def _ago(moment: float) -> str:
    return age(datetime.fromtimestamp(moment, UTC), datetime.now(UTC)) if moment > 0 else ""
