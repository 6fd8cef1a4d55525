"""One LoRA of the next picture, in one line: weighed, switched and removed with keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.text import safe_text

STEP: Final = 0.05
WEIGHTS: Final = (-10.0, 10.0)
NAME_LIMIT: Final = 200


@dataclass
class LoRAEntry:
    """A LoRA on the list; ``record`` is None while no installed model has that key."""

    key: str
    weight: float
    active: bool = True
    record: ModelRecord | None = None
    fits: bool = True

    @property
    def name(self) -> str:
        """What people call it."""
        return safe_text(self.record.name if self.record else self.key, limit=NAME_LIMIT)

    @property
    def counts(self) -> bool:
        """It changes the picture."""
        return self.active and self.fits and self.record is not None


class LoRARow(Widget, can_focus=True):
    """One LoRA in one line: on or off, its name, its weight."""

    ALLOW_SELECT: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,right,plus", "step(1)", "More", show=False, id="lora.more"),
        Binding("down,left,minus", "step(-1)", "Less", show=False, id="lora.less"),
        Binding("pageup", "step(10)", "Much more", show=False, id="lora.much_more"),
        Binding("pagedown", "step(-10)", "Much less", show=False, id="lora.much_less"),
        Binding("enter,space", "flip", "On or off", show=False, id="lora.toggle"),
        Binding("delete,backspace", "drop", "Remove", show=False, id="lora.remove"),
    ]

    class Changed(Message):
        """Its weight, or whether it is on."""

    class Dropped(Message):
        """It is to leave the list."""

        def __init__(self, row: LoRARow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, entry: LoRAEntry) -> None:
        super().__init__()
        self.entry = entry

    @property
    def help_text(self) -> str:
        """What it is, and the keys."""
        words = self.entry.record.trigger_phrases if self.entry.record else ()
        said = f" Triggers: {safe_text(', '.join(words), limit=120)}." if words else ""
        return f"{self.entry.name}.{said} Left and right weigh it, space switches it, delete removes it."

    def render(self) -> Content:
        """``◉ name  0.75``; dim where it does not fit the model."""
        entry = self.entry
        on = entry.active and entry.fits
        weight = f"{entry.weight:.2f}" if entry.fits else _why_not(entry)
        room = max(1, self.size.width - len(weight) - 4)
        name = entry.name if len(entry.name) <= room else entry.name[: room - 1] + "…"
        mark = ("◉ ", "$text-accent") if on else ("○ ", "$text-muted")
        text = (name.ljust(room), "" if on else "$text-muted")
        return Content.assemble(mark, text, " ", (weight, "" if on else "$text-muted"))

    def action_step(self, direction: int) -> None:
        """Weigh it more or less."""
        low, high = WEIGHTS
        self.entry.weight = round(min(high, max(low, self.entry.weight + direction * STEP)), 2)
        self._changed()

    def action_flip(self) -> None:
        """On or off."""
        self.entry.active = not self.entry.active
        self._changed()

    def action_drop(self) -> None:
        """Leave the list."""
        self.post_message(self.Dropped(self))

    def on_click(self) -> None:
        """A click switches it."""
        self.action_flip()

    def _changed(self) -> None:
        self.refresh()
        self.post_message(self.Changed())


def _why_not(entry: LoRAEntry) -> str:
    return f"for {entry.record.base}" if entry.record else "not installed"


def entry_of(row: Any) -> LoRAEntry | None:
    """An entry of a session file, which anybody may have written."""
    if not isinstance(row, list) or len(row) != 3 or not isinstance(row[0], str):
        return None
    key, weight, active = row
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not abs(weight) <= WEIGHTS[1]:
        return None
    return LoRAEntry(key[:500], float(weight), active is not False)
