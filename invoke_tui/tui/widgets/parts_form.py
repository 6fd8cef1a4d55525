"""The models that stand in for parts of the main model, or come after it: VAE, text encoders, SDXL's refiner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Select

from invoke_tui.domain.families import traits_of
from invoke_tui.domain.models import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.parameters import GenerationRequest
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.form_spec import spec
from invoke_tui.tui.widgets.fields import Field, NumberField

LIMIT: Final = 500
ROLES: Final[dict[str, tuple[ModelType, str]]] = {
    "vae": (ModelType.VAE, "VAE"),
    "t5_encoder": (ModelType.T5_ENCODER, "T5"),
    "clip_embed": (ModelType.CLIP_EMBED, "CLIP L"),
    "clip_g": (ModelType.CLIP_EMBED, "CLIP G"),
    "refiner_model": (ModelType.MAIN, "Refiner"),
}
"""Field of the request: the type of model that fills it, and its label."""
REFINER_NUMBERS: Final[dict[str, str]] = {
    "refiner_start": "starts at",
    "refiner_steps": "Steps",
    "refiner_cfg_scale": "CFG",
    "refiner_positive_aesthetic_score": "aesthetic",
    "refiner_negative_aesthetic_score": "against",
}
REFINER_SCHEDULER: Final = "refiner_scheduler"


class PartChoice(Select[str]):
    """A model for one role; the first line means what the model brings, or one that fits."""

    def __init__(self, name: str) -> None:
        prompt = "none" if name == "refiner_model" else "automatic"
        super().__init__([], prompt=prompt, compact=True, id=f"part-{name}")
        self.help_text = f"{GenerationRequest.model_fields[name].description}. Enter opens the list."

    @property
    def chosen(self) -> str:
        """The key of the model, or nothing."""
        return "" if self.is_blank() else str(self.value)


class RefinerScheduler(Select[str]):
    """The scheduler of the last steps; the first line is the usual one."""

    def __init__(self) -> None:
        field = spec(REFINER_SCHEDULER)
        options = [(Text(text), value) for text, value in field.choices]
        super().__init__(options, prompt=field.fallback, compact=True, id=f"part-{REFINER_SCHEDULER}")
        self.help_text = f"{field.help}. Enter opens the list."

    @property
    def chosen(self) -> str:
        """The name of the scheduler, or nothing."""
        return "" if self.is_blank() else str(self.value)


class PartsForm(Vertical):
    """One line for each role that the family of the main model knows."""

    class Changed(Message):
        """Another model in some role."""

    def __init__(self) -> None:
        super().__init__(id="parts")
        self._wanted: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Every role; those that do not apply are hidden."""
        for name, (_, label) in ROLES.items():
            yield Field(label, PartChoice(name), id=f"row-{name}")
        fields = [
            Field(text, NumberField(spec(name)), id=f"row-{name}") for name, text in REFINER_NUMBERS.items()
        ]
        with Vertical(id="row-refiner"):
            for pair in (fields[:2], fields[2:3], fields[3:]):
                with Horizontal(classes="form-pair"):
                    yield from pair
            yield Field("Scheduler", RefinerScheduler(), id=f"row-{REFINER_SCHEDULER}")

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Offer what fits ``main``."""
        roles = traits_of(main).roles
        for name, (type_, _) in ROLES.items():
            self.query_one(f"#row-{name}", Field).display = name in roles
            choice = self.query_one(f"#part-{name}", PartChoice)
            wanted = self._wanted.pop(name, "") or choice.chosen
            fitting = [m for m in models if _fits(m, name, type_, main)][:LIMIT]
            with self.prevent(Select.Changed):
                choice.set_options((Text(safe_text(m.name, limit=200)), m.key) for m in fitting)
                if wanted in {m.key for m in fitting}:
                    choice.value = wanted
        self._show_refiner()

    def asked(self) -> dict[str, Any]:
        """The fields of the request that are set here."""
        asked: dict[str, Any] = {}
        for name in ROLES:
            choice = self.query_one(f"#part-{name}", PartChoice)
            if choice.chosen and self.query_one(f"#row-{name}", Field).display:
                asked[name] = choice.chosen
        if "refiner_model" in asked:
            for name in REFINER_NUMBERS:
                if raw := self.query_one(f"#field-{name}", NumberField).value.strip():
                    asked[name] = raw
            if scheduler := self.query_one(RefinerScheduler).chosen:
                asked[REFINER_SCHEDULER] = scheduler
        return asked

    def values(self) -> dict[str, str]:
        """The raw values, for the session."""
        kept = {name: self.query_one(f"#part-{name}", PartChoice).chosen for name in ROLES}
        numbers = {name: self.query_one(f"#field-{name}", NumberField).value for name in REFINER_NUMBERS}
        return kept | self._wanted | numbers | {REFINER_SCHEDULER: self.query_one(RefinerScheduler).chosen}

    def restore(self, values: Mapping[str, Any]) -> None:
        """Put raw values back; models are chosen as soon as they are offered."""
        for name in ROLES:
            if isinstance(raw := values.get(name), str):
                choice = self.query_one(f"#part-{name}", PartChoice)
                if raw in {value for _, value in choice._options}:
                    choice.value = raw
                elif raw:
                    self._wanted[name] = raw
                else:
                    choice.clear()
        for name in REFINER_NUMBERS:
            if isinstance(raw := values.get(name), str):
                self.query_one(f"#field-{name}", NumberField).value = "" if spec(name).check(raw) else raw
        if isinstance(raw := values.get(REFINER_SCHEDULER), str):
            scheduler = self.query_one(RefinerScheduler)
            if raw in {value for _, value in scheduler._options}:
                scheduler.value = raw
            elif not raw:
                scheduler.clear()
        self._show_refiner()

    @on(Select.Changed)
    def _chosen(self, event: Select.Changed) -> None:
        event.stop()
        self._show_refiner()
        self.post_message(self.Changed())

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if isinstance(event.input, NumberField):
            field = event.input.spec
            self.query_one(f"#row-{field.name}", Field).complain(field.check(event.input.value))
        self.post_message(self.Changed())

    def _show_refiner(self) -> None:
        refines = bool(self.query_one("#part-refiner_model", PartChoice).chosen)
        shown = self.query_one("#row-refiner_model", Field).display
        self.query_one("#row-refiner").display = refines and shown


def _fits(model: ModelRecord, role: str, type_: ModelType, main: ModelRecord | None) -> bool:
    if model.type is not type_ or model.missing or main is None:
        return False
    if role == "refiner_model":
        return model.base is BaseModelType.SDXL_REFINER
    if role in ("clip_embed", "clip_g"):
        return model.variant in (None, "large" if role == "clip_embed" else "gigantic")
    return model.base in (main.base, BaseModelType.ANY)
