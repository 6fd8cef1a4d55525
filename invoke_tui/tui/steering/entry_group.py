"""A foldable part of the form that is a list of entries."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, ClassVar, Final

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.families import FamilyTraits, traits_of
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.steering.entry import Entry, EntryHead
from invoke_tui.tui.widgets.fields import SmallButton
from invoke_tui.tui.widgets.form_group import FormGroup, Trouble
from invoke_tui.tui.widgets.picture_lookup import PictureLookup
from invoke_tui.tui.widgets.picture_source import PictureSource

_NAMED: Final = 3
"""The most entries that the heading names."""


class EntryGroup(FormGroup):
    """Entries are added below the last one, each opened and folded on its own."""

    names: ClassVar[tuple[str, ...]] = ()
    field: ClassVar[str]
    """The field of the request that the entries fill, and the name of their values in the session."""
    most: ClassVar[int]
    word: ClassVar[str]
    """What one entry is called, with its article."""
    explained: ClassVar[str]
    """One line of what it is for."""
    kind: ClassVar[type[Entry]]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.entries: list[Entry] = []
        self.models: list[ModelRecord] = []
        self.main: ModelRecord | None = None
        self.lookup = PictureLookup(self, self._sources, self._arrived)
        self._numbers = count(1)

    # -- what a kind of list says -----------------------------------------------------------------------------

    def takes(self, family: FamilyTraits) -> bool:
        """Whether the family can be steered by such entries."""
        raise NotImplementedError

    def missing(self, main: ModelRecord) -> str:
        """Why the main model can use no entry, and what to do; nothing where it can."""
        raise NotImplementedError

    def closed(self) -> str:
        """Why no entry can be added; nothing where one can."""
        if self.main is None:
            return "There is no model to draw with."
        if len(self.entries) >= self.most:
            return f"{self.most} are the most of one picture."
        return self.missing(self.main)

    # -- how it is laid out -----------------------------------------------------------------------------------

    def fields(self) -> Iterator[Widget]:
        """What it is for, the entries, the way to add one."""
        yield Static(Content(self.explained), classes="group-said")
        yield Vertical(*self.entries, classes="entries")
        yield Static(classes="entries-missing")
        yield SmallButton(f"+ {self.word}", help_text=f"Adds {self.word}.", id=f"{self.id}-add")

    def settle(self) -> None:
        """The fields have been made."""
        self._offer()

    def _offer(self) -> None:
        """The way to add one, or why there is none."""
        if not self.made:
            return
        why = self.closed()
        below = self.query_one(".entries-missing", Static)
        below.update(Content(why))
        below.display = bool(why)
        self.query_one(f"#{self.id}-add").display = not why

    # -- what it says -----------------------------------------------------------------------------------------

    @property
    def taken(self) -> bool:
        """The main model can be steered by such entries."""
        return self.main is not None and self.takes(traits_of(self.main))

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Be there where the model can use it, and where entries wait for one that can."""
        self.models, self.main = models, main
        for entry in self.entries:
            entry.show(models, main)
        self._stand()

    def _stand(self) -> None:
        self.display = self.main is not None and (self.taken or bool(self.entries))
        self._offer()
        self.summarize()

    def summary(self) -> str:
        """How many, and which; what does not fit comes first."""
        if not self.entries:
            return ""
        if wrong := next((one for entry in self.entries if (one := entry.unfit())), None):
            return f"{len(self.entries)} · ✗ {wrong[1]}"
        named = ", ".join(entry.called for entry in self.entries[:_NAMED])
        return f"{len(self.entries)} · {named}{', …' if len(self.entries) > _NAMED else ''}"

    def used(self) -> Iterable[str]:
        """It has no fields of its own."""
        return ()

    def trouble(self) -> Trouble | None:
        """The first entry that cannot be used as it is: its place and the field, and why."""
        found = ((place, entry.trouble()) for place, entry in enumerate(self.entries) if self.display)
        return next((_at(place, one) for place, one in found if one), None)

    async def show_trouble(self, name: str, message: str) -> None:
        """Open the entry, and say it there."""
        place, _, field = name.partition(".")
        await self.open()
        await self.entries[int(place)].show_trouble(field, message)

    def changed(self, name: str) -> None:
        """It has no fields of its own."""

    # -- the pictures it names --------------------------------------------------------------------------------

    def _sources(self) -> list[PictureSource]:
        return [source for entry in self.entries for source in entry.sources.values()]

    def _arrived(self, source: PictureSource) -> None:
        for entry in self.entries:
            if any(source is one for one in entry.sources.values()):
                entry.look_again()
                self.post_message(self.Changed())

    @property
    def busy(self) -> bool:
        """Something that it names is being looked up."""
        return self.display and self.lookup.busy

    async def settled(self) -> None:
        """Wait until everything that it names has been looked up."""
        await self.lookup.settled()

    def newest(self, image: ImageRecord | None) -> None:
        """The last result is this one now."""
        self.lookup.newest(image)

    def refused(self, error: StudioError) -> None:
        """Say it at the first entry that the message is about."""
        for place, entry in enumerate(self.entries if self.display else ()):
            if field := entry.blamed(error):
                self.complain(_at(place, (field, safe_text(f"{error} {error.hint}".strip(), limit=300))))
                return

    # -- values -----------------------------------------------------------------------------------------------

    def asked(self) -> dict[str, Any]:
        """The list of the request."""
        return (
            {self.field: [entry.asked() for entry in self.entries]} if self.display and self.entries else {}
        )

    def values(self) -> dict[str, str | bool]:
        """The entries as one text, for the session."""
        return {self.field: json.dumps([entry.kept() for entry in self.entries])}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Put a list back that ``values`` gave, in the place of the one that is here."""
        text = values.get(self.field)
        if not isinstance(text, str) or text == self.values()[self.field]:
            return
        try:
            rows = json.loads(text or "[]")
        except (ValueError, RecursionError):
            return
        if any(entry.has_focus_within for entry in self.entries):
            self.query_one(f"#{self.id}-toggle").focus()
        self.query(Entry).remove()  # at once, or the focus goes from one that leaves to the next that does
        self.entries = []
        for row in rows[: self.most] if isinstance(rows, list) else ():
            if isinstance(row, dict):
                self._made(row)
        if self.made:
            self.query_one(".entries").mount_all(self.entries)
        self._stand()

    def reset(self) -> None:
        """Back to nothing."""
        self.restore({self.field: "[]"})

    def _made(self, values: Mapping[str, Any]) -> Entry:
        entry = self.kind(self, next(self._numbers))
        self.entries.append(entry)
        entry.show(self.models, self.main)
        entry.restore(values)
        return entry

    # -- adding and removing ----------------------------------------------------------------------------------

    def add(self, values: Mapping[str, Any]) -> None:
        """One more entry, opened and in sight."""
        beside(self, "add", self._add, dict(values))

    def take(self, image: ImageRecord) -> None:
        """Use a picture of the gallery: in a new entry, as there is no asking which."""
        self.add(self.kind.fresh(self) | {"image": image.image_name})

    async def _add(self, values: dict[str, Any]) -> None:
        entry = self._made(values)
        self._stand()
        if self.made:
            await self.query_one(".entries").mount(entry)
        await self.open()
        await entry.open()
        entry.query_one(f"#field-{entry.begins}").focus()
        self.post_message(self.Changed())

    @on(Entry.Dropped)
    def _dropped(self, event: Entry.Dropped) -> None:
        event.stop()
        place = self.entries.index(event.entry)
        self.entries.remove(event.entry)
        self._stand()
        left = self.entries[place : place + 1] or self.entries[-1:]
        toggle = f"#{self.id}-add" if self.query_one(f"#{self.id}-add").display else f"#{self.id}-toggle"
        (left[0].query_one(EntryHead) if left else self.query_one(toggle)).focus()
        event.entry.remove()
        self.post_message(self.Changed())

    @on(SmallButton.Pressed)
    def _add_pressed(self, event: SmallButton.Pressed) -> None:
        if event.button.id == f"{self.id}-add":
            self.add(self.kind.fresh(self))


def _at(place: int, trouble: Trouble) -> Trouble:
    return f"{place}.{trouble[0]}", trouble[1]
