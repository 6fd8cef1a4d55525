"""The settings of a picture, generated from ``GenerationRequest``'s fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Select

from invoke_tui.domain.models.families import FamilyTraits, traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.presets import usable
from invoke_tui.domain.schedulers import SCHEDULER_LABELS, SchedulerName
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.beside import beside
from invoke_tui.tui.form_spec import spec, usual_values
from invoke_tui.tui.steering.controls import ControlGroup
from invoke_tui.tui.steering.references import ReferenceGroup
from invoke_tui.tui.steering.regions import RegionGroup
from invoke_tui.tui.widgets.advanced_form import AdvancedForm
from invoke_tui.tui.widgets.choice import Choice
from invoke_tui.tui.widgets.fields import Field, NumberField, SmallButton, Toggle
from invoke_tui.tui.widgets.form_group import FormGroup
from invoke_tui.tui.widgets.lora_form import LoRAForm
from invoke_tui.tui.widgets.picture_form import PictureForm
from invoke_tui.tui.widgets.refinement_form import RefinementForm
from invoke_tui.tui.widgets.refiner_form import RefinerForm

NUMBERS: Final = ("width", "height", "steps", "cfg_scale", "guidance", "seed", "count")
CHOICES: Final = ("model", "scheduler")
MODEL_LIMIT: Final = 2000


class SettingsForm(Vertical):
    """Model, size, steps, guidance, scheduler, seed, count; the rest in groups that are folded."""

    class Changed(Message):
        """Some value changed."""

    class ModelChosen(Message):
        """Another model."""

    def __init__(self) -> None:
        super().__init__(id="settings")
        self._all: list[ModelRecord] = []
        self._models: list[ModelRecord] = []
        self._wanted_model = ""
        self.loras = LoRAForm()
        self.pictures = PictureForm(self._asked_size)
        self.refinement = RefinementForm(lambda: bool(self.pictures.text))
        self.advanced = AdvancedForm()
        self.groups: tuple[FormGroup, ...] = (
            self.loras,
            self.pictures,
            ControlGroup(),
            ReferenceGroup(),
            RegionGroup(),
            self.refinement,
            RefinerForm(),
            self.advanced,
        )
        """The foldable parts, as they are laid out."""

    def compose(self) -> ComposeResult:
        """One line per group."""
        yield Field("Model", Choice(spec("model")))
        with Horizontal(classes="form-pair"):
            yield self._number("width", "Size")
            yield SmallButton("⇄", help_text="Swaps width and height.", id="swap")
            yield self._number("height", "")
        with Horizontal(classes="form-pair"):
            yield self._number("steps")
            yield self._number("cfg_scale")
        yield self._number("guidance")
        yield Field("Scheduler", Choice(spec("scheduler")))
        with Horizontal(classes="form-pair"):
            yield self._number("seed")
            yield Toggle("random", value=True, help_text="Draws a new seed for every press", id="random-seed")
        yield self._number("count")
        yield from self.groups

    def _number(self, name: str, label: str | None = None) -> Field:
        field = spec(name)
        return Field(field.label if label is None else label, NumberField(field), id=f"row-{name}")

    def on_mount(self) -> None:
        """The seed is drawn until someone says otherwise."""
        self._seed_state()

    # -- the models -----------------------------------------------------------------------------------------------

    def show_models(self, models: list[ModelRecord]) -> None:
        """Offer the models; the default is the first."""
        self._all = models
        self._models = [m for m in models if _draws(m)][:MODEL_LIMIT]
        select = self._choice("model")
        wanted = self._wanted_model or select.chosen
        with self.prevent(Select.Changed):
            select.set_options((Text(safe_text(model.name, limit=200)), model.key) for model in self._models)
            keys = {model.key for model in self._models}
            if wanted in keys:
                select.value = wanted
            elif self._models:
                select.value = self._models[0].key
        self._wanted_model = ""
        self._show_defaults()
        self.post_message(self.ModelChosen())

    @property
    def model(self) -> ModelRecord | None:
        """The chosen model."""
        key = self._choice("model").chosen
        return next((model for model in self._models if model.key == key), None)

    def _show_defaults(self) -> None:
        """The dim values are those that the chosen model asks for, else its family's."""
        model, family = self.model, traits_of(self.model)
        usual = usual_values(model)
        for name in NUMBERS:
            field = self._input(name)
            value = usual.get(name)
            field.placeholder = f"{value:g}" if value is not None else field.spec.fallback
        self.query_one("#row-guidance", Field).display = family.guidance is not None
        self._offer_schedulers(family, usual["scheduler"])
        for group in self.groups:
            group.show(self._all, model)
        self._seed_state()

    def _offer_schedulers(self, family: FamilyTraits, usual: SchedulerName) -> None:
        """Those the family knows; a choice it does not know is let go."""
        choice = self._choice("scheduler")
        before = choice.chosen
        with self.prevent(Select.Changed):
            choice.set_options((Text(SCHEDULER_LABELS[name]), name) for name in family.schedulers)
            choice.prompt = SCHEDULER_LABELS[usual if usual in family.schedulers else family.scheduler]
            if before in family.schedulers:
                choice.value = before

    def _asked_size(self) -> tuple[int | None, int | None]:
        """Width and height as they are typed."""
        width, height = (self._input(name).value.strip() for name in ("width", "height"))
        return int(width) if width else None, int(height) if height else None

    # -- values ---------------------------------------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """The raw values by field name, for the session."""
        values: dict[str, Any] = {name: self._input(name).value for name in NUMBERS}
        values |= {name: self._choice(name).chosen for name in CHOICES}
        values["random_seed"] = self._random.value
        if self._wanted_model:
            values["model"] = self._wanted_model
        for group in self.groups:
            values |= group.values()
        return values

    def restore(self, values: Mapping[str, Any]) -> None:
        """Put raw values back; what is not named is left alone, what cannot be is left out."""
        for name in NUMBERS:
            if isinstance(raw := values.get(name), str):
                self._input(name).value = raw if not spec(name).check(raw) else ""
        for name in CHOICES:
            if isinstance(raw := values.get(name), str):
                self._choose(name, raw)
        if isinstance(random := values.get("random_seed"), bool):
            self._random.value = random
        for group in self.groups:
            group.restore(values)
        self._seed_state()

    def _choose(self, name: str, raw: str) -> None:
        select = self._choice(name)
        if name == "model":
            match = next((model.key for model in self._models if raw in (model.key, model.name)), None)
            if match is None:
                self._wanted_model = raw if not self._models else ""
                return
            raw = match
        if raw and raw in {value for _, value in select._options}:
            select.value = raw
            if name == "model":
                self._show_defaults()  # at once: what comes next may be of its family only
        elif not raw:
            select.clear()

    def request(self, prompt: str, negative: str) -> GenerationRequest | None:
        """What the person asks for, or None with the first wrong field focused and explained."""
        for name in NUMBERS:
            if not self._check(name):
                self._input(name).focus()
                return None
        for group in self.groups:
            if trouble := group.trouble():
                group.complain(trouble)
                return None
        try:
            return GenerationRequest.model_validate(self._asked(prompt, negative))
        except ValidationError as error:
            self._blame(error)
            return None

    def now(self, prompt: str, negative: str) -> GenerationRequest:
        """What the form says as far as it can be asked for; nothing is complained of."""
        return usable(self._asked(prompt, negative))[0]

    def _asked(self, prompt: str, negative: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"positive_prompt": prompt, "negative_prompt": negative}
        for name in NUMBERS:
            raw = self._input(name).value.strip()
            drawn = name == "seed" and self._random.value
            if raw and not drawn and self.query_one(f"#row-{name}", Field).display:
                asked[name] = raw
        asked |= {name: value for name in CHOICES if (value := self._choice(name).chosen)}
        for group in self.groups:
            asked |= group.asked()
        return asked

    def _blame(self, error: ValidationError) -> None:
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else ""
            if name in NUMBERS:
                self.query_one(f"#row-{name}", Field).complain(safe_text(problem["msg"], limit=80))
                self._input(name).focus()
                return
            if group := next((group for group in self.groups if name in group.names), None):
                group.complain((name, safe_text(problem["msg"], limit=80)))
                return
        self.notify(safe_text(error.errors()[0]["msg"], limit=200), severity="error", markup=False)

    def swap(self) -> None:
        """Portrait to landscape and back."""
        width, height = self._input("width"), self._input("height")
        wide, high = width.value or width.placeholder_text, height.value or height.placeholder_text
        width.value, height.value = high, wide

    def add_lora(self, record: ModelRecord) -> None:
        """One more LoRA, in sight."""
        self.loras.add(record)
        beside(self.loras, "open", self.loras.open)

    @property
    def seed(self) -> int | None:
        """The seed that is held; None while each press draws one."""
        raw = self._input("seed").value.strip()
        return None if self._random.value or not raw or spec("seed").check(raw) else int(raw)

    @property
    def count(self) -> int:
        """How many pictures of each prompt."""
        raw = self._input("count").value.strip()
        return int(raw) if raw and not spec("count").check(raw) else 1

    def use_seed(self, seed: int) -> None:
        """Hold the seed."""
        self._random.value = False
        self._seed_state()
        self._input("seed").value = str(seed)

    def reset(self) -> None:
        """Back to what the model asks for."""
        self.restore(dict.fromkeys((*NUMBERS, "scheduler"), ""))
        for group in self.groups:
            group.reset()
        self._random.value = True
        self._seed_state()

    # -- events ---------------------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if isinstance(event.input, NumberField):
            self._check(event.input.spec.name)
            self.pictures.size_changed()
        self.post_message(self.Changed())

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        if event.select.id == "field-model":
            self._show_defaults()
            self.post_message(self.ModelChosen())
        self.post_message(self.Changed())

    @on(FormGroup.Changed)
    def _group_changed(self, event: FormGroup.Changed) -> None:
        event.stop()
        self.refinement.look_again()
        self.post_message(self.Changed())

    @on(Toggle.Changed)
    def _toggled(self, event: Toggle.Changed) -> None:
        if event.toggle.id == "random-seed":
            self._seed_state()
            if not event.value:
                self._input("seed").focus()
        self.post_message(self.Changed())

    @on(SmallButton.Pressed, "#swap")
    def _swap_pressed(self) -> None:
        self.swap()

    def _check(self, name: str) -> bool:
        if name == "seed" and self._random.value:
            message = ""
        else:
            message = spec(name).check(self._input(name).value)
        self.query_one(f"#row-{name}", Field).complain(message)
        return not message

    def _seed_state(self) -> None:
        random = self._random.value
        field = self._input("seed")
        field.disabled = random
        field.placeholder = "drawn" if random else "0"
        self._check("seed")

    # -- controls -------------------------------------------------------------------------------------------------

    def _input(self, name: str) -> NumberField:
        return self.query_one(f"#field-{name}", NumberField)

    def _choice(self, name: str) -> Choice:
        return self.query_one(f"#field-{name}", Choice)

    @property
    def _random(self) -> Toggle:
        return self.query_one("#random-seed", Toggle)


def _draws(model: ModelRecord) -> bool:
    """Whether a model can begin a picture: refiners only finish one."""
    return model.type is ModelType.MAIN and not model.missing and model.base is not BaseModelType.SDXL_REFINER
