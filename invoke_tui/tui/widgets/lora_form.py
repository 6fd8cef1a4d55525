"""The LoRAs of the next picture: a list that grows by a few letters of a name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Final

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import LORA_WEIGHT, MOST_LORAS
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.widgets.fields import Field
from invoke_tui.tui.widgets.form_group import FormGroup
from invoke_tui.tui.widgets.lora_row import NAME_LIMIT, WEIGHTS, LoRAEntry, LoRARow, entry_of

OFFERED: Final = 5


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


class LoRAForm(FormGroup):
    """The list, and the way to add to it."""

    names: ClassVar[tuple[str, ...]] = ("loras",)
    title: ClassVar[str] = "LoRAs"
    help_title: ClassVar[str] = "Small additions to the model, each with a weight: styles, things, people."

    def __init__(self) -> None:
        super().__init__(id="loras")
        self._entries: list[LoRAEntry] = []
        self._models: list[ModelRecord] = []
        self._main: ModelRecord | None = None

    def fields(self) -> Iterator[Widget]:
        """The search, what it found, the list."""
        found = Static(id="lora-found")
        found.display = False
        yield Field("LoRA", LoRASearch())
        yield found
        yield Vertical(*map(LoRARow, self._entries), id="lora-rows")

    # -- what the group says --------------------------------------------------------------------------------------

    def used(self) -> Iterable[str]:
        """The list is no single value."""
        return ()

    def asked(self) -> dict[str, Any]:
        """The LoRAs of the request."""
        return {"loras": [{"model": entry.key, "weight": entry.weight} for entry in self._counting()]}

    def summary(self) -> str:
        """Each with its weight."""
        return " · ".join(f"{entry.name} {entry.weight:g}" for entry in self._counting())

    def _counting(self) -> list[LoRAEntry]:
        return [entry for entry in self._entries if entry.counts] if self.display else []

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Offer what fits ``main``; what is on the list and does not fit stays there, and is left out."""
        self._models = [model for model in models if model.type is ModelType.LORA and not model.missing]
        self._main = main
        self.display = main is not None and traits_of(main).loras
        self._recognise()

    def settle(self) -> None:
        """The fields have been made: those that were added meanwhile are shown as well."""
        self._show_rows()

    def _recognise(self) -> None:
        by_key = {model.key: model for model in self._models}
        for entry in self._entries:
            entry.record = by_key.get(entry.key)
            entry.fits = self._fits(entry.record)
        self.summarize()
        if self.made:
            self._show_found()
            for row in self.query(LoRARow):
                row.refresh()

    def changed(self, name: str) -> None:
        """Another list was put in: what cannot be is left out."""
        try:
            rows = json.loads(str(self.raw["loras"]) or "[]")
        except (ValueError, RecursionError):
            rows = None
        found = [entry_of(row) for row in rows[:MOST_LORAS]] if isinstance(rows, list) else []
        self._entries = list({entry.key: entry for entry in found if entry is not None}.values())
        self.raw["loras"] = self._as_text()
        self._recognise()
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
        self._keep()

    def _keep(self) -> None:
        """The list is another one: note it for the session."""
        self.raw["loras"] = self._as_text()
        self.summarize()
        self.post_message(self.Changed())

    def _as_text(self) -> str:
        rows = [[entry.key, entry.weight, entry.active] for entry in self._entries]
        return json.dumps(rows) if rows else ""

    # -- events ---------------------------------------------------------------------------------------------------

    @on(Input.Changed, "#lora-search")
    def _search_typed(self, event: Input.Changed) -> None:
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
        self._keep()

    @on(LoRARow.Dropped)
    def _row_dropped(self, event: LoRARow.Dropped) -> None:
        event.stop()
        place = self._entries.index(event.row.entry)
        del self._entries[place]
        rows = list(self.query(LoRARow))
        neighbour = next(iter(rows[place + 1 : place + 2] or rows[max(0, place - 1) : place]), None)
        (neighbour or self.query_one(LoRASearch)).focus()
        event.row.remove()
        self._keep()

    # -- what is shown --------------------------------------------------------------------------------------------

    def _fits(self, record: ModelRecord | None) -> bool:
        return record is None or self._main is None or record.base in (self._main.base, BaseModelType.ANY)

    def _show_rows(self) -> None:
        if not self.made:
            return
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
    return safe_text(model.name, limit=NAME_LIMIT)
