"""A part of the settings form that is folded until someone opens it.

What it holds is a dictionary of raw values by field name, whether or not its fields are on the screen: they are made
when it is opened first, and are a view of that dictionary. A group says which fields it has (``names``), how they are
laid out (``fields``), what is wrong with them (``trouble``) and what they add to the request (``asked``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, ClassVar, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageRecord
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.form_spec import FieldSpec, spec
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Field, NumberField, SmallButton, Toggle

Trouble = tuple[str, str]
"""A field and what is wrong with it."""
MOST: Final = 500
"""As many models are offered in one list."""


class FormGroup(Vertical):
    """A heading with a summary; below it, once opened, the fields."""

    names: ClassVar[tuple[str, ...]]
    title: ClassVar[str]
    help_title: ClassVar[str]
    record: ClassVar[type[Record]] = GenerationRequest
    """Whose fields these are."""

    class Changed(Message):
        """Something that changes the picture."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, classes="form-group")
        self.specs = {name: self.declared(name) for name in self.names}
        self.raw: dict[str, str | bool] = {name: self._usual(name) for name in self.names}
        self._opening = asyncio.Lock()
        self.made = False
        """The fields are there, shown or not."""

    def compose(self) -> ComposeResult:
        """The heading."""
        with Horizontal(classes="form-pair"):
            yield SmallButton(f"▸ {self.title}", help_text=self.help_title, id=f"{self.id}-toggle")
            yield Static(classes="group-summary")

    def declared(self, name: str) -> FieldSpec:
        """How a field is asked for."""
        return spec(name, self.record)

    # -- what a group says ------------------------------------------------------------------------------------

    def fields(self) -> Iterable[Widget]:
        """The fields, as they are laid out."""
        raise NotImplementedError

    def summary(self) -> str:
        """In a few words what it adds, for the heading; nothing where it adds nothing."""
        raise NotImplementedError

    def trouble(self) -> Trouble | None:
        """The first field that cannot be used as it is."""
        wrong = ((name, self.specs[name].check(str(self.raw[name]))) for name in self.used())
        return next(((name, message) for name, message in wrong if message), None)

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        raise NotImplementedError

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Be there where the model can use it."""
        raise NotImplementedError

    def changed(self, name: str) -> None:
        """A field has another value: show what follows from it."""
        raise NotImplementedError

    # -- the pictures it names --------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Something that it names is being looked up."""
        return False

    async def settled(self) -> None:
        """Wait until everything that it names has been looked up."""

    def newest(self, image: ImageRecord | None) -> None:
        """The last result is this one now."""

    def refused(self, error: StudioError) -> None:
        """The studio did not take the request: say it at the field that is to blame, where it is one of these."""

    # -- values -----------------------------------------------------------------------------------------------

    def asked(self) -> dict[str, Any]:
        """The fields of the request that are set here."""
        return {name: value for name in self.used() if (value := self.raw[name]) != ""}

    def values(self) -> dict[str, str | bool]:
        """The raw values, for the session."""
        return dict(self.raw)

    def restore(self, values: Mapping[str, Any]) -> None:
        """Put raw values back; what is not named is left alone, what cannot be is left out."""
        for name, field in self.specs.items():
            value = values.get(name)
            if isinstance(value, bool if field.kind == "switch" else str):
                self._put(name, value if self._allowed(field, value) else self._usual(name))

    def reset(self) -> None:
        """Back to nothing."""
        self.restore({name: self._usual(name) for name in self.names})

    def offers(self, name: str) -> bool:
        """Whether what a field names is among its choices."""
        return self.raw[name] in {value for _, value in self.specs[name].choices}

    def offer(self, name: str, choices: Iterable[tuple[str, str]]) -> None:
        """Other choices for a field; what it names is chosen again as soon as it is among them."""
        found = tuple(choices)
        if found == self.specs[name].choices:
            return
        self.specs[name] = replace(self.specs[name], choices=found)
        for control in self.query(f"#field-{name}").results(Choice):
            with self.prevent(Select.Changed):
                control.set_options((Text(label), value) for label, value in found)
        self._view(name)

    def fall_back(self, name: str, value: float | str | None) -> None:
        """Another value applies while a number is empty, or nothing is chosen."""
        declared = self.declared(name).fallback
        shown = declared if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        self.specs[name] = replace(self.specs[name], fallback=shown)
        for control in self.query(f"#field-{name}"):
            if isinstance(control, NumberField):
                control.placeholder = shown
            elif isinstance(control, Choice):
                control.prompt = shown

    def _put(self, name: str, value: str | bool) -> None:
        if self.raw[name] == value:
            return
        self.raw[name] = value
        if self.made:
            self.call_after_refresh(self._view, name)
        self.changed(name)

    def _view(self, name: str) -> None:
        """The field shows the value that is kept."""
        value = self.raw[name]
        for control in self.query(f"#field-{name}"):
            if isinstance(control, Choice):
                with self.prevent(Select.Changed):
                    control.choose(str(value))
            elif isinstance(control, Toggle):
                control.value = bool(value)
            elif isinstance(control, Input) and control.value != value:
                control.value = str(value)

    @staticmethod
    def _allowed(field: FieldSpec, value: Any) -> bool:
        if field.kind == "choice":
            return value == "" or value in {text for _, text in field.choices}
        return field.kind == "switch" or not field.check(value)

    @classmethod
    def _usual(cls, name: str) -> str | bool:
        default = cls.record.model_fields[name].default
        return default if isinstance(default, bool) else ""

    # -- fields -----------------------------------------------------------------------------------------------

    def row(self, name: str, label: str | None = None) -> Widget:
        """The control of a field with its label, holding what is kept."""
        field, value = self.specs[name], self.raw[name]
        if field.kind == "switch":
            return Toggle(field.label, value=bool(value), help_text=field.help, id=f"field-{name}")
        if field.kind in ("choice", "model"):
            control: Widget = Choice(field, str(value))
        elif field.kind == "text":
            control = Input(str(value), placeholder=field.fallback, compact=True, id=f"field-{name}")
            control.help_text = f"{field.help}."  # type: ignore[attr-defined]
        else:
            control = NumberField(field)
            control.value = str(value)
        return Field(field.label if label is None else label, control, id=f"row-{name}")

    def pair(self, *rows: Widget, id: str | None = None) -> Horizontal:
        """Fields side by side."""
        return Horizontal(*rows, classes="form-pair", id=id)

    @property
    def opened(self) -> bool:
        """Its fields are shown."""
        return self.has_class("-open")

    async def open(self) -> None:
        """Show the fields."""
        async with self._opening:
            if not self.made:
                await self.mount(Vertical(*self.fields(), classes="group-body"))
                self.made = True
                for name in self.names:
                    self._view(name)
                    self._check(name)
                self.settle()
        self.fold(shut=False)

    def settle(self) -> None:
        """The fields have been made: show what follows from their values."""

    def fold(self, *, shut: bool) -> None:
        """Show the fields, or the heading alone."""
        self.set_class(not shut, "-open")
        mark = "▸" if shut else "▾"
        self.query_one(f"#{self.id}-toggle", SmallButton).relabel(f"{mark} {self.title}")
        if not shut:
            self.call_after_refresh(self.scroll_visible)

    def summarize(self) -> None:
        """Say in the heading what is set."""
        if self.is_mounted:
            said = self.summary() if self.display else ""
            self.query_one(".group-summary", Static).update(Content.styled(said, "$text-muted"))

    def complain(self, trouble: Trouble) -> None:
        """Say at a field what is wrong with it, and go there."""
        beside(self, "complain", self.show_trouble, *trouble)

    async def show_trouble(self, name: str, message: str) -> None:
        """Open the group, say at a field what is wrong with it, and go there."""
        await self.open()
        self.tell(name, message)
        self.query_one(f"#field-{name}").focus()

    def tell(self, name: str, message: str) -> None:
        """Say below a field what is wrong with it, or that nothing is."""
        for row in self.query(f"#row-{name}").results(Field):
            row.complain(message)

    def _check(self, name: str) -> None:
        if self.specs[name].kind in ("integer", "decimal"):
            self.tell(name, self.specs[name].check(str(self.raw[name])))

    # -- events -----------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._take(event.input.id, event.input.value)

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        if isinstance(event.select, Choice):
            self._take(event.select.id, event.select.chosen)

    @on(Toggle.Changed)
    def _toggled(self, event: Toggle.Changed) -> None:
        event.stop()
        self._take(event.toggle.id, event.toggle.value)

    def _take(self, id_: str | None, value: str | bool) -> None:
        """A field shows another value than the one that is kept: someone changed it."""
        name = (id_ or "").removeprefix("field-")
        if name not in self.raw or self.raw[name] == value:
            return
        self.raw[name] = value
        self._check(name)
        self.changed(name)
        self.post_message(self.Changed())

    @on(SmallButton.Pressed)
    async def _pressed(self, event: SmallButton.Pressed) -> None:
        event.stop()
        if event.button.id == f"{self.id}-toggle":
            if self.opened:
                self.fold(shut=True)
            else:
                await self.open()


def by_name(models: Iterable[ModelRecord]) -> list[tuple[str, str]]:
    """Models as choices: what people call them, and their keys."""
    return [(safe_text(model.name, limit=200), model.key) for model in islice(models, MOST)]
