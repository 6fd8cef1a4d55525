"""An entry that is a model and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.families import traits_of
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.steering.entry import Entry, first_words
from invoke_tui.tui.widgets.form_group import Trouble, by_name

if TYPE_CHECKING:
    from invoke_tui.tui.steering.entry_group import EntryGroup

TRAITS: Final = {
    ModelType.CONTROLNET: ("controlnets", "ControlNets"),
    ModelType.T2I_ADAPTER: ("t2i_adapters", "T2I-Adapters"),
    ModelType.IP_ADAPTER: ("ip_adapters", "IP-Adapters"),
    ModelType.FLUX_REDUX: ("redux", "FLUX Redux models"),
}
"""What a family says of a type of model, and what people call it."""
SHARE: Final = {"step": 0.05}
_NAME_LIMIT: Final = 200


def fitting(
    models: list[ModelRecord], kinds: tuple[ModelType, ...], main: ModelRecord | None
) -> list[ModelRecord]:
    """The installed models of these types that can steer the main model."""
    return [
        one
        for one in models
        if one.type in kinds
        and not one.missing
        and main is not None
        and one.base is main.base
        and getattr(traits_of(main), TRAITS[one.type][0])
    ]


class ModelEntry(Entry):
    """Only models that fit are offered; one that fits no more stays, and says so."""

    kinds: ClassVar[tuple[ModelType, ...]]
    begins: ClassVar[str] = "image"

    def __init__(self, group: EntryGroup, number: int) -> None:
        self._known_as = ""
        super().__init__(group, number)

    @classmethod
    def fresh(cls, group: EntryGroup) -> dict[str, str | bool]:
        """With the first model that fits."""
        found = fitting(group.models, cls.kinds, group.main)
        return {"model": found[0].key} if found else {}

    # -- the model --------------------------------------------------------------------------------------------

    @property
    def model(self) -> ModelRecord | None:
        """The chosen one, where it is installed."""
        wanted = self.raw["model"]
        return next((one for one in self.models if one.key == wanted and one.type in self.kinds), None)

    @property
    def model_name(self) -> str:
        """What people call it."""
        name = self.model.name if self.model else self._known_as or str(self.raw["model"])
        return safe_text(name, limit=_NAME_LIMIT)

    def unfit(self) -> Trouble | None:
        """Why the model cannot steer the main one."""
        if self.main is None or not self.raw["model"]:
            return None
        if not self.group.taken:
            return "model", f"not with {self.main.base}"
        if (model := self.model) is None or model.missing:
            return "model", "not installed"
        if model.base is not self.main.base:
            return "model", f"for {model.base}, not {self.main.base}"
        trait, called = TRAITS[model.type]
        return (
            None
            if getattr(traits_of(self.main), trait)
            else ("model", f"{called}: not with {self.main.base}")
        )

    def misfits(self) -> Iterator[Trouble]:
        """No model; a span that ends before it begins."""
        if not self.raw["model"]:
            yield "model", "Choose a model."
        begin, end = (self.number(name) for name in ("begin", "end"))
        if begin is not None and end is not None and begin > end:
            yield "end", f"at least {begin:g}"

    def number(self, name: str) -> float | None:
        """The number that applies; None while there is none that could."""
        text = str(self.raw[name]) or self.specs[name].fallback
        return float(text) if text and not self.specs[name].check(text) else None

    def trouble(self) -> Trouble | None:
        """The first field that cannot be used as it is."""
        missing = None if self.raw["image"] else ("image", "It needs a picture.")
        return self.unfit() or missing or super().trouble()

    def blamed(self, error: StudioError) -> str:
        """The model, where the studio named it."""
        return "model" if self.model and self.model.name in error.message else ""

    # -- what is shown ----------------------------------------------------------------------------------------

    @property
    def called(self) -> str:
        """Model and weight."""
        return (
            f"{self.model_name} {self.raw['weight'] or self.specs['weight'].fallback}"
            if self.raw["model"]
            else "no model"
        )

    def summary(self) -> str:
        """Model, weight and picture."""
        return first_words((self.called, self.sources["image"].called if self.raw["image"] else "no picture"))

    def look_again(self) -> None:
        """The models that fit, and all the rest."""
        self._offer()
        super().look_again()

    def _offer(self) -> None:
        """The models that fit, and the chosen one although it does not."""
        self._find_again()
        fits = fitting(self.models, self.kinds, self.main)
        choices = by_name(fits)
        wanted = str(self.raw["model"])
        if wanted and wanted not in {key for _, key in choices}:
            unfit = self.unfit()
            choices.append((f"{self.model_name} ({unfit[1] if unfit else 'unknown'})", wanted))
        self.offer("model", choices)

    def _find_again(self) -> None:
        """A model that was named by its name, or had another key where the picture was made."""
        if self.model is not None or not self.raw["model"]:
            return
        names = {str(self.raw["model"]), self._known_as} - {""}
        fits = fitting(self.models, self.kinds, self.main)
        if found := next((one for one in fits if one.name in names), None):
            self.raw["model"] = found.key

    # -- values -----------------------------------------------------------------------------------------------

    def kept(self) -> dict[str, str | bool]:
        """With the name of the model, for a studio that knows it by another key."""
        return super().kept() | ({"called": self.model.name} if self.model else {})

    def restore(self, values: Mapping[str, Any]) -> None:
        """Put raw values back."""
        if isinstance(called := values.get("called"), str):
            self._known_as = called[:_NAME_LIMIT]
        super().restore(values)
