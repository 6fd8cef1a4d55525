"""What refines a picture: two passes, FreeU, the steps in which the CFG scale acts, seeds that differ more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Final

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from invoke_tui.domain.models.families import SD, traits_of
from invoke_tui.domain.models.records import ModelRecord, ModelType
from invoke_tui.domain.request.refinement import FreeU
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.form_spec import FieldSpec, spec
from invoke_tui.tui.widgets.form_group import FormGroup, Trouble, by_name

PASSES: Final = ("hrf_method", "hrf_model", "hrf_scale", "hrf_strength", "hrf_steps")
FREEU: Final = {
    "b1": "How strongly the backbone counts in the first stage; 1 is as it is",
    "b2": "How strongly the backbone counts in the second stage; 1 is as it is",
    "s1": "How strongly the skip connection counts in the first stage; 1 is as it is",
    "s2": "How strongly the skip connection counts in the second stage; 1 is as it is",
}
BEGIN: Final = "cfg_begin_step_percent"
END: Final = "cfg_end_step_percent"
VARIANCE: Final = "seed_variance_strength"
VARIED: Final = "seed_variance_randomize_percent"
NO_UPSCALER: Final = "It needs an upscaler: invoke-tui models install starter-upscaler"
OWN_PICTURE: Final = "Two passes draw their own first picture: take the init image out."


class RefinementForm(FormGroup):
    """Settings that few pictures need; each part is there where the model's family can do it."""

    names: ClassVar[tuple[str, ...]] = ("hrf_enabled", *PASSES, "freeu", *FREEU, BEGIN, END, VARIANCE, VARIED)
    title: ClassVar[str] = "refinement"
    help_title: ClassVar[str] = (
        "Large pictures in two passes, FreeU, where the CFG scale begins and ends, and seeds that differ more."
    )

    def __init__(self, from_picture: Callable[[], bool]) -> None:
        super().__init__(id="refinement-form")
        self._from_picture = from_picture
        self._traits = SD
        self._upscalers: list[ModelRecord] = []

    def declared(self, name: str) -> FieldSpec:
        """FreeU is a switch with four factors here; the upscaler is one of those installed."""
        if name in FREEU:
            return replace(spec(name, FreeU), help=FREEU[name])
        if name == "freeu":
            help_ = "Strengthens the backbone of a UNet and weakens its skip connections"
            return replace(spec(name), kind="switch", help=help_)
        return replace(spec(name), kind="model") if name == "hrf_model" else spec(name)

    def fields(self) -> Iterator[Widget]:
        """Two passes, FreeU, the span of guidance, with a line about each."""
        yield Vertical(
            self.row("hrf_enabled"),
            Vertical(
                _said("Small first, then large over it"),
                self.row("hrf_method"),
                self.row("hrf_model"),
                self.pair(self.row("hrf_scale", "Scale"), self.row("hrf_strength", "Strength")),
                self.row("hrf_steps", "Steps"),
                id="refinement-passes",
            ),
            id="refinement-highres",
        )
        yield Vertical(
            self.row("freeu"),
            Vertical(
                _said("b: stronger shapes · s: weaker detail"),
                self.pair(self.row("b1"), self.row("b2")),
                self.pair(self.row("s1"), self.row("s2")),
                id="refinement-factors",
            ),
            id="refinement-freeu",
        )
        yield self.pair(self.row(BEGIN), self.row(END, "to"))
        yield _said("Steps outside take half the time")
        yield self.pair(self.row(VARIANCE, "Variance"), self.row(VARIED, "of %"))
        yield _said("Seeds differ more; for models of few steps")

    def settle(self) -> None:
        """The fields have been made."""
        self.look_again()

    # -- what counts ------------------------------------------------------------------------------------------

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        if not self.display:
            return ()
        used = [BEGIN, END, VARIANCE, VARIED]
        if self._traits.highres and self.raw["hrf_enabled"]:
            without = () if self.raw["hrf_method"] == "ESRGAN" else ("hrf_model",)
            used += ["hrf_enabled", *(name for name in PASSES if name not in without)]
        if self._traits.freeu and self.raw["freeu"]:
            used += FREEU
        return used

    def asked(self) -> dict[str, Any]:
        """The fields of the request."""
        asked = super().asked()
        factors = {name: asked.pop(name) for name in FREEU if name in asked}
        return asked | ({"freeu": factors} if "b1" in self.used() else {})

    def trouble(self) -> Trouble | None:
        """The first field that cannot be used as it is, and why."""
        return super().trouble() or next(self._clashes(), None)

    def summary(self) -> str:
        """What is on."""
        used = set(self.used())
        parts = ["two passes"] if "hrf_enabled" in used else []
        parts += ["FreeU"] if "b1" in used else []
        if self.raw[BEGIN] or self.raw[END]:
            parts.append(f"CFG {self.raw[BEGIN] or 0} to {self.raw[END] or 1}")
        if self.raw[VARIANCE] not in ("", "0"):
            parts.append(f"seed variance {self.raw[VARIANCE]}")
        return " · ".join(parts)

    def _clashes(self) -> Iterator[Trouble]:
        """What is wrong with fields that are right each on its own."""
        used, model = set(self.used()), self.raw["hrf_model"]
        if "hrf_method" in used and self._from_picture():
            yield "hrf_method", OWN_PICTURE
        elif "hrf_model" in used and not self._upscalers:
            yield "hrf_method", NO_UPSCALER
        elif "hrf_model" in used and model and model not in {one.key for one in self._upscalers}:
            yield "hrf_model", "It is not installed."
        if not any(self.specs[name].check(str(self.raw[name])) for name in (BEGIN, END)):
            begin, end = float(self.raw[BEGIN] or 0), float(self.raw[END] or 1)
            if used and begin >= end:
                yield END, f"more than {begin:g}"

    # -- what is shown ----------------------------------------------------------------------------------------

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Be there for every model; each part where its family can do it."""
        self._traits = traits_of(main)
        self._upscalers = [one for one in models if one.type is ModelType.SPANDREL and not one.missing]
        self.display = main is not None
        self._offer()
        self.look_again()

    def changed(self, name: str) -> None:
        """Other fields may count now."""
        if name == "hrf_model":
            self._offer()
        self.look_again()

    def look_again(self) -> None:
        """Show the fields that count, and what does not go together."""
        self.summarize()
        if not self.made:
            return
        shown = {
            "#refinement-highres": self._traits.highres,
            "#refinement-passes": bool(self.raw["hrf_enabled"]),
            "#row-hrf_model": self.raw["hrf_method"] == "ESRGAN",
            "#refinement-freeu": self._traits.freeu,
            "#refinement-factors": bool(self.raw["freeu"]),
        }
        for selector, display in shown.items():
            self.query_one(selector).display = display
        clashes = dict(self._clashes())
        for name in ("hrf_method", "hrf_model"):
            self.tell(name, clashes.get(name, ""))
        self.tell(END, self.specs[END].check(str(self.raw[END])) or clashes.get(END, ""))

    def _offer(self) -> None:
        """The installed upscalers, and the one that is asked for although it is not there."""
        wanted = str(self.raw["hrf_model"])
        choices = by_name(self._upscalers)
        if wanted and wanted not in {key for _, key in choices}:
            choices.append((f"{safe_text(wanted, limit=80)} (not installed)", wanted))
        self.offer("hrf_model", choices)

    # -- values -----------------------------------------------------------------------------------------------

    @classmethod
    def _usual(cls, name: str) -> str | bool:
        return False if name == "freeu" else "" if name in FREEU else super()._usual(name)


def freeu_values(given: FreeU | None) -> dict[str, str | bool]:
    """FreeU of a request as values of the form."""
    values: dict[str, str | bool] = {"freeu": given is not None}
    for name in FREEU:
        value = getattr(given, name, None)
        values[name] = "" if value in (None, FreeU.model_fields[name].default) else f"{value:.10g}"
    return values


def _said(line: str) -> Static:
    return Static(Content(line), classes="group-said")
