"""The LoRAs of the next picture: added by a few letters of their name, weighed, switched and removed with keys."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from invoke_tui.domain.families import traits_of
from invoke_tui.domain.models import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.parameters import LORA_WEIGHT, MOST_LORAS
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.fields import Field

OFFERED: Final = 5
STEP: Final = 0.05
WEIGHTS: Final = (-10.0, 10.0)
_NAME_LIMIT: Final = 200


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
        return safe_text(self.record.name if self.record else self.key, limit=_NAME_LIMIT)


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


class LoRASearch(Input):
    """A few letters of a name; below it the best of what fits."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "point(-1)", "Before", show=False, id="lora.before"),
        Binding("down", "point(1)", "Next", show=False, id="lora.next"),
    ]

    def __init__(self) -> None:
        super().__init__(placeholder="add by name", compact=True, max_length=200, id="lora-search")
        self.help_text = "A few letters of a LoRA's name; up and down choose among those found, enter adds."
        self.found: list[ModelRecord] = []
        self.place = 0

    class Pointed(Message):
        """Another one of those found."""

    def action_point(self, by: int) -> None:
        """The one above or below."""
        if self.found:
            self.place = (self.place + by) % len(self.found)
            self.post_message(self.Pointed())


class LoRAList(Vertical):
    """The list, and the way to add to it."""

    class Changed(Message):
        """Something that changes the picture."""

    def __init__(self) -> None:
        super().__init__(id="loras")
        self._entries: list[LoRAEntry] = []
        self._models: list[ModelRecord] = []
        self._main: ModelRecord | None = None

    def compose(self) -> ComposeResult:
        """The search, what it found, the list."""
        yield Field("LoRA", LoRASearch())
        yield Static(id="lora-found")
        yield Vertical(id="lora-rows")

    def on_mount(self) -> None:
        """Nothing is looked for yet."""
        self.query_one("#lora-found").display = False

    def show(self, models: Iterable[ModelRecord], main: ModelRecord | None) -> None:
        """Offer what fits ``main``; what is on the list and does not fit stays there, and is left out."""
        self._models = [model for model in models if model.type is ModelType.LORA and not model.missing]
        self._main = main
        self.display = main is not None and traits_of(main).loras
        by_key = {model.key: model for model in self._models}
        for entry in self._entries:
            entry.record = by_key.get(entry.key)
            entry.fits = self._fits(entry.record)
        self._show_found()
        for row in self.query(LoRARow):
            row.refresh()

    def asked(self) -> list[dict[str, Any]]:
        """The LoRAs of the request."""
        if not self.display:
            return []
        return [
            {"model": entry.key, "weight": entry.weight}
            for entry in self._entries
            if entry.active and entry.fits and entry.record is not None
        ]

    def value(self) -> str:
        """The list as text, for the session."""
        return json.dumps([[entry.key, entry.weight, entry.active] for entry in self._entries])

    def restore(self, text: str) -> None:
        """Put a list back that ``value`` gave; what cannot be is left out."""
        try:
            rows = json.loads(text or "[]")
        except (ValueError, RecursionError):
            return
        found = [_entry(row) for row in rows[:MOST_LORAS]] if isinstance(rows, list) else []
        kept = {entry.key: entry for entry in found if entry is not None}
        self._entries = list(kept.values())
        self.show(self._models, self._main)
        self._show_rows()

    def add(self, record: ModelRecord) -> None:
        """Put a LoRA on the list, with the weight its own settings ask for."""
        if len(self._entries) >= MOST_LORAS or any(entry.key == record.key for entry in self._entries):
            return
        weight = record.default_settings.weight
        low, high = WEIGHTS
        chosen = LORA_WEIGHT if weight is None else min(high, max(low, weight))
        self._entries.append(LoRAEntry(record.key, chosen, True, record, self._fits(record)))
        self._show_rows()
        self.post_message(self.Changed())

    # -- events ---------------------------------------------------------------------------------------------------

    @on(Input.Changed, "#lora-search")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show_found()

    @on(Input.Submitted, "#lora-search")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        search = self.query_one(LoRASearch)
        if search.found and search.value.strip():
            self.add(search.found[search.place])
            search.value = ""

    @on(LoRASearch.Pointed)
    def _pointed(self, event: LoRASearch.Pointed) -> None:
        event.stop()
        self._draw_found()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """What was found goes when the search is left."""
        if isinstance(event.widget, LoRASearch):
            self.query_one("#lora-found").display = False

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """And comes back with it."""
        if isinstance(event.widget, LoRASearch):
            self._draw_found()

    @on(LoRARow.Changed)
    def _row_changed(self, event: LoRARow.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    @on(LoRARow.Dropped)
    def _row_dropped(self, event: LoRARow.Dropped) -> None:
        event.stop()
        place = self._entries.index(event.row.entry)
        del self._entries[place]
        rows = list(self.query(LoRARow))
        neighbour = next(iter(rows[place + 1 : place + 2] or rows[max(0, place - 1) : place]), None)
        (neighbour or self.query_one(LoRASearch)).focus()
        event.row.remove()
        self.post_message(self.Changed())

    # -- what is shown --------------------------------------------------------------------------------------------

    def _fits(self, record: ModelRecord | None) -> bool:
        return record is None or self._main is None or record.base in (self._main.base, BaseModelType.ANY)

    def _show_rows(self) -> None:
        rows = self.query_one("#lora-rows", Vertical)
        shown = {id(row.entry): row for row in rows.query(LoRARow)}
        for key, row in shown.items():
            if key not in {id(entry) for entry in self._entries}:
                row.remove()
        rows.mount_all(LoRARow(entry) for entry in self._entries if id(entry) not in shown)

    def _show_found(self) -> None:
        search = self.query_one(LoRASearch)
        listed = {entry.key for entry in self._entries}
        fitting = [m for m in self._models if self._fits(m) and m.key not in listed]
        search.found = best(search.value, fitting)
        search.place = 0
        self._draw_found()

    def _draw_found(self) -> None:
        search, below = self.query_one(LoRASearch), self.query_one("#lora-found", Static)
        typed = search.value.strip()
        below.display = bool(typed) and search.has_focus
        lines = [
            Content.assemble(("› ", "$text-accent") if number == search.place else "  ", _shown(model))
            for number, model in enumerate(search.found)
        ]
        none = f"no LoRA for {self._main.base} models is called so" if self._main else "no LoRA is called so"
        below.update(Content("\n").join(lines) if lines else Content.styled(none, "$text-muted"))


def best(typed: str, models: Iterable[ModelRecord]) -> list[ModelRecord]:
    """The models whose names have the letters of ``typed`` in this order, the closest first."""
    wanted = typed.strip().casefold()
    if not wanted:
        return []
    found = [(score, m.name.casefold(), m) for m in models if (score := _score(wanted, m.name.casefold()))]
    return [model for _, _, model in sorted(found, key=lambda one: one[:2])[:OFFERED]]


def _score(wanted: str, name: str) -> tuple[int, int] | None:
    """How far a name is from what was typed; None when it has not those letters."""
    at = name.find(wanted)
    if at == 0:
        return 1, len(name)
    if at > 0:
        return (2 if not name[at - 1].isalnum() else 3), at
    place = first = -1
    for letter in wanted.replace(" ", ""):
        place = name.find(letter, place + 1)
        if place < 0:
            return None
        first = place if first < 0 else first
    return 4, place - first


def _shown(model: ModelRecord) -> str:
    return safe_text(model.name, limit=_NAME_LIMIT)


def _why_not(entry: LoRAEntry) -> str:
    return f"for {entry.record.base}" if entry.record else "not installed"


def _entry(row: Any) -> LoRAEntry | None:
    """An entry of a session file, which anybody may have written."""
    if not isinstance(row, list) or len(row) != 3 or not isinstance(row[0], str):
        return None
    key, weight, active = row
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not abs(weight) <= WEIGHTS[1]:
        return None
    return LoRAEntry(key[:500], float(weight), active is not False)
