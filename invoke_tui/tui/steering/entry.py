"""One entry of a list in the form: a line that says what it is; below it, once opened, its fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageCategory
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.tui import actions
from invoke_tui.tui.form_spec import FieldSpec, spec
from invoke_tui.tui.widgets.fields import SmallButton
from invoke_tui.tui.widgets.form_group import FormGroup, Trouble
from invoke_tui.tui.widgets.picture_line import PictureLine
from invoke_tui.tui.widgets.picture_source import PictureSource

if TYPE_CHECKING:
    from invoke_tui.tui.steering.entry_group import EntryGroup


class EntryHead(SmallButton):
    """The line of an entry, which opens and folds it."""

    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("entry")

    class Dropped(Message):
        """The entry is to leave the list."""

    def __init__(self, *, id: str) -> None:
        super().__init__("▸", help_text="Enter opens and folds the entry, delete takes it out.", id=id)
        self.add_class("place-entry")

    def action_drop(self) -> None:
        """Leave the list."""
        self.post_message(self.Dropped())


class Entry(FormGroup):
    """What it holds is kept whether or not its fields were ever shown, as in every group."""

    title: ClassVar[str] = ""
    help_title: ClassVar[str] = ""
    said: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """How fields are asked for where the record does not say it: label, step, dim value, kind, choices."""
    pictures: ClassVar[Mapping[str, ImageCategory]] = {}
    """The fields that name pictures, and what a file becomes in the gallery."""
    begins: ClassVar[str]
    """The field to go to in a new one."""

    class Dropped(Message):
        """It is to leave the list."""

        def __init__(self, entry: Entry) -> None:
            super().__init__()
            self.entry = entry

    def __init__(self, group: EntryGroup, number: int) -> None:
        self.group = group
        self.sources = {name: PictureSource(category) for name, category in self.pictures.items()}
        self.models: list[ModelRecord] = []
        self.main: ModelRecord | None = None
        super().__init__(id=f"{group.id}-{number}")
        self.add_class("entry")

    def compose(self) -> ComposeResult:
        """The line."""
        yield EntryHead(id=f"{self.id}-toggle")

    def on_mount(self) -> None:
        """Say what is kept."""
        self.summarize()

    def declared(self, name: str) -> FieldSpec:
        """How a field is asked for."""
        return replace(spec(name, self.record), **self.said.get(name, {}))

    @classmethod
    def fresh(cls, _group: EntryGroup) -> dict[str, str | bool]:
        """The values of a new one."""
        return {}

    # -- what an entry says -----------------------------------------------------------------------------------

    @property
    def called(self) -> str:
        """In a few words, for the heading of the list."""
        raise NotImplementedError

    def unfit(self) -> Trouble | None:
        """Why it cannot be used with the main model."""
        raise NotImplementedError

    def blamed(self, _error: StudioError) -> str:
        """The field that is to blame for what the studio said; nothing where none is."""
        return ""

    def misfits(self) -> Iterator[Trouble]:
        """What is wrong with fields that are right each on its own, or with the main model."""
        yield from ()

    def trouble(self) -> Trouble | None:
        """The first field that cannot be used as it is."""
        if unfit := self.unfit():
            return unfit
        for name in self.pictures:
            if name in self.used() and (message := self.sources[name].trouble):
                return name, message
        return super().trouble() or next(self.misfits(), None)

    def asked(self) -> dict[str, Any]:
        """Its fields of the request; ``trouble`` has been looked for before."""
        found = {name: source.record for name, source in self.sources.items()}
        return super().asked() | {
            name: record.image_name for name, record in found.items() if record and name in self.used()
        }

    def kept(self) -> dict[str, str | bool]:
        """The raw values that are not the usual ones, for the session."""
        return {name: value for name, value in self.raw.items() if value != self._usual(name)}

    # -- what is shown ----------------------------------------------------------------------------------------

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """These are the models, and this is the one that draws."""
        self.models, self.main = models, main
        self.look_again()

    def changed(self, name: str) -> None:
        """Another picture is looked up; whatever else changes what is shown."""
        if name in self.sources:
            self.sources[name].name(str(self.raw[name]))
            self.group.lookup.start(self.sources[name])
        self.look_again()

    def settle(self) -> None:
        """The fields have been made."""
        self.look_again()

    def look_again(self) -> None:
        """Show the fields that count, with what is known of the pictures and what does not go together."""
        self.group.summarize()
        self.summarize()
        if not self.made:
            return
        for line in self.query(PictureLine):
            source = self.sources[line.field_name]
            line.show(source, facts(source))
            if source.problem or source.record is not None or not source.text:
                self.tell(line.field_name, source.problem)
        wrong = dict(self.misfits())
        if unfit := self.unfit():
            wrong[unfit[0]] = unfit[1]
        for name in (name for name in self.names if name not in self.pictures):
            self.tell(name, self.specs[name].check(str(self.raw[name])) or wrong.get(name, ""))

    def summarize(self) -> None:
        """Say in the line what it is, or why it cannot be used."""
        mark = "▾" if self.opened else "▸"
        unfit = self.unfit()
        for head in self.query_children(EntryHead):
            head.relabel(f"{mark} ✗ {self.called} · {unfit[1]}" if unfit else f"{mark} {self.summary()}")
            head.set_class(unfit is not None, "-unfit")

    def fold(self, *, shut: bool) -> None:
        """Show the fields, or the line alone."""
        super().fold(shut=shut)
        self.summarize()

    # -- how it is laid out -----------------------------------------------------------------------------------

    def picture(self, name: str, *, placeholder: str, offers_last: bool = False) -> PictureLine:
        """The field for a picture."""
        text = str(self.raw[name])
        return PictureLine(self.specs[name], text, placeholder=placeholder, offers_last=offers_last)

    def remover(self) -> SmallButton:
        """What takes the entry out."""
        return SmallButton("take out", help_text="Takes the entry off the list.", id=f"{self.id}-drop")

    # -- events -----------------------------------------------------------------------------------------------

    @on(EntryHead.Dropped)
    def _head_dropped(self, event: EntryHead.Dropped) -> None:
        event.stop()
        self.post_message(self.Dropped(self))

    @on(SmallButton.Pressed)
    def _drop_pressed(self, event: SmallButton.Pressed) -> None:
        if event.button.id == f"{self.id}-drop":
            self.post_message(self.Dropped(self))

    @on(PictureLine.Left)
    def _left(self, event: PictureLine.Left) -> None:
        """Now that it is not being typed any more, say what is wrong with it."""
        event.stop()
        source = self.sources[event.name]
        if not source.busy:
            self.tell(event.name, source.trouble)


def facts(source: PictureSource) -> Content:
    """A picture's name and size."""
    if (record := source.record) is None:
        return Content("")
    return Content.assemble(f"{source.called}\n", (f"{record.width} × {record.height}", "$text-muted"))


def first_words(parts: Iterable[str]) -> str:
    """Those that say something, with a dot between them."""
    return " · ".join(part for part in parts if part)
