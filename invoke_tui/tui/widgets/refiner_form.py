"""SDXL's second model, which draws the last steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final

from textual.containers import Vertical
from textual.widget import Widget

from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.tui.form_spec import FieldSpec, spec
from invoke_tui.tui.widgets.form_group import FormGroup, by_name

LABELS: Final[dict[str, str]] = {
    "refiner_start": "Starts at",
    "refiner_steps": "Steps",
    "refiner_cfg_scale": "CFG",
    "refiner_scheduler": "Scheduler",
    "refiner_positive_aesthetic_score": "Aesthetic",
    "refiner_negative_aesthetic_score": "against",
}


class RefinerForm(FormGroup):
    """The refiner, and once there is one how it draws."""

    names: ClassVar[tuple[str, ...]] = ("refiner_model", *LABELS)
    title: ClassVar[str] = "SDXL refiner"
    help_title: ClassVar[str] = "SDXL's second model, which takes over for the last steps."

    def __init__(self) -> None:
        super().__init__(id="refiner")

    def declared(self, name: str) -> FieldSpec:
        """The refiner is one of those installed."""
        return replace(spec(name), kind="model", fallback="none") if name == "refiner_model" else spec(name)

    def fields(self) -> Iterator[Widget]:
        """The model; where it starts, and how it goes on."""
        rows = [self.row(name, label) for name, label in LABELS.items()]
        yield self.row("refiner_model", "Refiner")
        yield Vertical(self.pair(*rows[:2]), rows[2], rows[3], self.pair(*rows[4:]), id="refiner-settings")

    def settle(self) -> None:
        """The fields have been made."""
        self._arrange()

    def used(self) -> Iterable[str]:
        """All of them, with a refiner that is there."""
        return self.names if self.display and self.offers("refiner_model") else ()

    def summary(self) -> str:
        """Which one, from where on."""
        if not self.used():
            return ""
        named = {key: label for label, key in self.specs["refiner_model"].choices}
        start = self.raw["refiner_start"] or self.specs["refiner_start"].fallback
        return f"{named[str(self.raw['refiner_model'])]} from {start}"

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Be there for SDXL."""
        self.display = main is not None and "refiner_model" in traits_of(main).roles
        self.offer("refiner_model", by_name(model for model in models if _refines(model)))
        self._arrange()

    def changed(self, name: str) -> None:
        """A refiner was chosen, or let go."""
        self._arrange()

    def _arrange(self) -> None:
        self.summarize()
        if self.made:
            self.query_one("#refiner-settings").display = bool(self.used())


def _refines(model: ModelRecord) -> bool:
    return model.type is ModelType.MAIN and model.base is BaseModelType.SDXL_REFINER and not model.missing
