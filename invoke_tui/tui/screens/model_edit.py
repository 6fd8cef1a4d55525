"""Edit a model: what it is called, what it is, what it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.schedulers import SCHEDULER_LABELS
from invoke_tui.domain.text import safe_text
from invoke_tui.tui import actions
from invoke_tui.tui.modal import ModalScreen
from invoke_tui.tui.model_form import changes, number_spec, numbers_of
from invoke_tui.tui.screens.scan_kind import kind_choice
from invoke_tui.tui.widgets.fields import Field, NumberField, SmallButton, Toggle

if TYPE_CHECKING:
    from invoke_tui.domain.errors import StudioError
    from invoke_tui.tui.screens.model_desk import ModelDesk

KINDS = ("type", "base", "format")
VAE_LIMIT = 500


class SignedField(NumberField):
    """A number that may be below zero: plus and minus are typed, arrows step."""

    def __init__(self, name: str) -> None:
        super().__init__(number_spec(name))
        self.restrict = r"-?[0-9]*\.?[0-9]*"

    def on_key(self, event: Any) -> None:
        """Minus is part of the number."""


class EditModelScreen(ModalScreen[None], inherit_bindings=False):
    """A form; saving sends what was changed, and an error stays in the window."""

    place: ClassVar[actions.Place] = "edit"
    places: ClassVar[tuple[actions.Place, ...]] = ("edit", "dialog")
    BINDINGS: ClassVar[list[BindingType]] = [*actions.bindings("edit"), *actions.bindings("dialog")]
    AUTO_FOCUS = "#edit-name"
    help_title = "Edit a model"
    help_text = (
        "What you set here stays, also when the file is scanned again. Empty settings mean that the model does not "
        "ask: then the family's usual values hold."
    )

    def __init__(self, desk: ModelDesk, model: ModelRecord, models: Sequence[ModelRecord]) -> None:
        super().__init__()
        self._desk = desk
        self._model = model
        self._vaes = [known for known in models if _decodes(known, model)][:VAE_LIMIT]
        self._main = model.type is ModelType.MAIN
        self._numbers = numbers_of(model.type)

    def compose(self) -> ComposeResult:
        """Name and kind, then the settings of this kind of model."""
        model = self._model
        with Vertical(classes="dialog -form", id="edit"):
            yield Static(Content(f"Edit {safe_text(model.name, limit=80)}"), classes="dialog-title")
            with VerticalScroll(id="edit-fields", can_focus=False):
                yield from self._texts()
                yield Field("Type", kind_choice("type", model.type.value))
                yield Field("Base", kind_choice("base", model.base.value))
                yield Field("Format", kind_choice("format", model.format.value))
                yield Field(
                    "Variant", _line("variant", model.variant or "", "normal, inpaint, dev, schnell, …")
                )
                yield from self._settings()
            yield Static(id="edit-problem")
            with Horizontal(classes="dialog-buttons"):
                yield SmallButton(" Save ^g ", help_text="Keeps the changes.", id="save")
                yield SmallButton(" Leave it esc ", help_text="Goes back, nothing is changed.", id="close")

    def _texts(self) -> ComposeResult:
        model = self._model
        yield Field("Name", _line("name", model.name, ""))
        yield Field("About", _line("description", model.description, "what it is good for"))
        triggers = ", ".join(model.trigger_phrases)
        yield Field(
            "Triggers", _line("trigger_phrases", triggers, "words for the prompt, with commas between")
        )

    def _settings(self) -> ComposeResult:
        asked = self._model.default_settings
        yield Static(Content("Settings it asks for"), classes="heading")
        for first in range(0, len(self._numbers), 2):
            with Horizontal(classes="form-pair"):
                for name in self._numbers[first : first + 2]:
                    field = SignedField(name) if name == "weight" else NumberField(number_spec(name))
                    value = getattr(asked, name)
                    field.value = f"{value:g}" if value is not None else ""
                    yield Field(field.spec.label, field, id=f"row-{name}")
        if self._main:
            schedulers = [(label, name) for name, label in SCHEDULER_LABELS.items()]
            yield Field("Scheduler", _choice("scheduler", schedulers, asked.scheduler))
            vaes = [(safe_text(vae.name, limit=100), vae.key) for vae in self._vaes]
            if asked.vae and asked.vae not in {key for _, key in vaes}:
                vaes.append((f"{safe_text(asked.vae, limit=60)} (not installed)", asked.vae))
            yield Field("VAE", _choice("vae", vaes, asked.vae))
            precisions = [("fp16", "fp16"), ("fp32", "fp32")]
            yield Field("VAE in", _choice("vae_precision", precisions, asked.vae_precision))
        with Horizontal(classes="form-pair", id="edit-switches"):
            yield Toggle(
                "run on the processor",
                value=bool(asked.cpu_only),
                help_text="Keeps it off the GPU; good for text encoders that do not fit",
                id="edit-cpu_only",
            )
            yield Toggle(
                "keep in fp8",
                value=bool(asked.fp8_storage),
                help_text="Half the memory for its weights, a little less exact",
                id="edit-fp8_storage",
            )

    def on_mount(self) -> None:
        """Everything typed from now on is a change."""
        self.query_one("#edit-problem", Static).display = False

    # -- values ---------------------------------------------------------------------------------------------------

    def _values(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name in ("name", "description", "trigger_phrases", "variant"):
            values[name] = self.query_one(f"#edit-{name}", Input).value.strip()
        for name in KINDS:
            values[name] = str(self.query_one(f"#kind-{name}", Select).value)
        for name in self._numbers:
            values[name] = self.query_one(f"#field-{name}", NumberField).value.strip()
        if self._main:
            for name in ("scheduler", "vae", "vae_precision"):
                select = self.query_one(f"#edit-{name}", Select)
                values[name] = None if select.is_blank() else str(select.value)
        for name in ("cpu_only", "fp8_storage"):
            values[name] = self.query_one(f"#edit-{name}", Toggle).value or None
        return values

    def _wrong(self) -> Iterator[NumberField]:
        for name in self._numbers:
            field = self.query_one(f"#field-{name}", NumberField)
            message = field.spec.check(field.value)
            self.query_one(f"#row-{name}", Field).complain(message)
            if message:
                yield field

    @on(Input.Changed)
    def _typed(self) -> None:
        list(self._wrong())

    @on(SmallButton.Pressed, "#save")
    def action_save(self) -> None:
        """Send what was changed."""
        wrong = list(self._wrong())
        if wrong:
            wrong[0].focus()
            return
        changed = changes(self._model, self._values())
        if not changed:
            self.dismiss(None)
            return
        key, name = self._model.key, safe_text(self._model.name, limit=80)
        self._desk.ask(
            lambda client: client.edit_model(key, changed),
            said=f"{name} is changed.",
            failed=self._refused,
            done=self.action_close,
        )

    def _refused(self, error: StudioError) -> None:
        if not self.is_attached:
            self._desk.complain(error)
            return
        problem = self.query_one("#edit-problem", Static)
        problem.display = True
        problem.update(Content.styled(safe_text(error, limit=600), "$text-error"))

    @on(SmallButton.Pressed, "#close")
    def action_close(self) -> None:
        """Back to the list."""
        if self.is_current:
            self.dismiss(None)


def _line(name: str, value: str, placeholder: str) -> Widget:
    """A line of text; what cannot be shown is not in it, and unchanged text is not sent."""
    shown = safe_text(value, limit=4000)
    return Input(value=shown, placeholder=placeholder, compact=True, select_on_focus=False, id=f"edit-{name}")


def _choice(name: str, options: Sequence[tuple[str, str]], value: str | None) -> Widget:
    """A choice whose first line leaves it to the family."""
    chosen: dict[str, Any] = {"value": value} if value else {}
    return Select(
        [(Text(label), key) for label, key in options],
        prompt="as usual",
        compact=True,
        id=f"edit-{name}",
        **chosen,
    )


def _decodes(vae: ModelRecord, model: ModelRecord) -> bool:
    fits = vae.base in (model.base, BaseModelType.ANY)
    return vae.type is ModelType.VAE and not vae.missing and fits
