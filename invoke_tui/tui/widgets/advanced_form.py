"""What few pictures need set: parts of the model and their precision, how text is read, tiling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final

from textual.widget import Widget

from invoke_tui.domain.models.families import SD, traits_of
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.tui.form_spec import FieldSpec, spec, usual_values
from invoke_tui.tui.widgets.form_group import FormGroup, by_name

ROLES: Final[dict[str, tuple[ModelType, str]]] = {
    "vae": (ModelType.VAE, "VAE"),
    "t5_encoder": (ModelType.T5_ENCODER, "T5"),
    "clip_embed": (ModelType.CLIP_EMBED, "CLIP L"),
    "clip_g": (ModelType.CLIP_EMBED, "CLIP G"),
}
"""Field of the request that a part of the model is chosen in: the type of model that fills it, and its label."""
NUMBERS: Final = ("clip_skip", "cfg_rescale_multiplier")
SEAMLESS: Final = ("seamless_x", "seamless_y")


class AdvancedForm(FormGroup):
    """Each field is there where the model's family knows it."""

    names: ClassVar[tuple[str, ...]] = (
        *NUMBERS, *ROLES, "vae_precision", "long_prompts", "ignored_to_negative", *SEAMLESS,
    )  # fmt: skip
    title: ClassVar[str] = "advanced"
    help_title: ClassVar[str] = (
        "CLIP skip, CFG rescale, the VAE and its precision, text encoders, how long prompts and ignored words are "
        "read, seamless tiling."
    )

    def __init__(self) -> None:
        super().__init__(id="advanced")
        self._traits = SD

    def declared(self, name: str) -> FieldSpec:
        """Parts of the model are chosen among those installed."""
        return replace(spec(name), kind="model") if name in ROLES else spec(name)

    def fields(self) -> Iterator[Widget]:
        """Numbers, parts, text, tiling."""
        yield self.pair(*map(self.row, NUMBERS))
        for name, (_, label) in ROLES.items():
            yield self.row(name, label)
        yield self.row("vae_precision", "VAE in")
        yield self.row("long_prompts", "Long text")
        yield self.row("ignored_to_negative")
        yield self.pair(*map(self.row, SEAMLESS))

    def settle(self) -> None:
        """The fields have been made."""
        self._arrange()

    @property
    def truncates(self) -> bool:
        """Whether a long prompt is cut after its first chunk."""
        return self.raw["long_prompts"] == "truncate"

    def known(self) -> Iterable[str]:
        """The fields that the family of the model knows."""
        unknown = {name for name in ROLES if name not in self._traits.roles}
        if not self._traits.cfg_rescale:
            unknown.add("cfg_rescale_multiplier")
        if not self._traits.seamless:
            unknown.update(SEAMLESS)
        return [name for name in self.names if name not in unknown]

    def used(self) -> Iterable[str]:
        """Those; a part counts where it fits the model."""
        return [name for name in self.known() if name not in ROLES or self.offers(name)]

    def summary(self) -> str:
        """What is set."""
        return " · ".join(self._said(name) for name in self.used() if self.raw[name] != self._usual(name))

    def _said(self, name: str) -> str:
        field, value = self.specs[name], str(self.raw[name])
        if field.kind == "switch":
            return field.label
        if name in ROLES:
            return next(label for label, key in field.choices if key == value)
        return f"{field.label} {value}"

    def show(self, models: list[ModelRecord], main: ModelRecord | None) -> None:
        """Be there for every model, with the parts that fit it."""
        self._traits = traits_of(main)
        self.display = main is not None
        usual = usual_values(main)
        for name in NUMBERS:
            self.fall_back(name, usual.get(name))
        for name in ROLES:
            self.offer(name, by_name(model for model in models if _fits(model, name, main)))
        self._arrange()

    def changed(self, name: str) -> None:
        """Only what the heading says follows from a value."""
        self.summarize()

    def _arrange(self) -> None:
        self.summarize()
        if not self.made:
            return
        known = set(self.known())
        for name in ("cfg_rescale_multiplier", *ROLES):
            self.query_one(f"#row-{name}").display = name in known
        for name in SEAMLESS:
            self.query_one(f"#field-{name}").display = name in known


def _fits(model: ModelRecord, role: str, main: ModelRecord | None) -> bool:
    if model.type is not ROLES[role][0] or model.missing or main is None:
        return False
    if role in ("clip_embed", "clip_g"):
        return model.variant in (None, "large" if role == "clip_embed" else "gigantic")
    return model.base in (main.base, BaseModelType.ANY)
