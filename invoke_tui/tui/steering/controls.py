"""Control pictures: they say where things are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import on
from textual.binding import BindingType
from textual.widget import Widget

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageCategory
from invoke_tui.domain.models.families import FamilyTraits
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.controls import (
    FLUX_UNION,
    MOST_STEERING,
    PREPROCESSORS,
    USUAL,
    ControlRequest,
    knows_kinds,
    preprocessor_named,
)
from invoke_tui.tui import actions
from invoke_tui.tui.steering.entry import Entry
from invoke_tui.tui.steering.entry_group import EntryGroup
from invoke_tui.tui.steering.model_entry import SHARE, ModelEntry, fitting
from invoke_tui.tui.steering.preview import ControlPreview
from invoke_tui.tui.widgets.fields import SmallButton
from invoke_tui.tui.widgets.form_group import Trouble

if TYPE_CHECKING:
    from invoke_tui.tui.base import StudioApp

NONE: Final = "none"
AUTO: Final = "auto"
_MADE: Final = (
    (f"{NONE}: it is one already", NONE),
    *((f"{name}: {one.makes}", name) for name, one in PREPROCESSORS.items()),
)
_TO_GET: Final = {
    BaseModelType.SD1: "starter-canny (for the starter model), hard-edge-detection-canny-sd-1-controlnet",
    BaseModelType.SDXL: "hard-edge-detection-canny-sdxl-controlnet",
    BaseModelType.FLUX: "flux.1-dev-controlnet-union",
}
"""Sources of a first model."""


class ControlEntry(ModelEntry):
    """A picture, and the ControlNet or T2I-Adapter that reads it."""

    record = ControlRequest
    names: ClassVar[tuple[str, ...]] = (
        "model",
        "image",
        "preprocessor",
        "weight",
        "begin",
        "end",
        "control_mode",
        "resize_mode",
        "kind",
    )
    kinds: ClassVar[tuple[ModelType, ...]] = (ModelType.CONTROLNET, ModelType.T2I_ADAPTER)
    pictures: ClassVar[Mapping[str, ImageCategory]] = {"image": "control"}
    said: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "model": {"label": "Model", "kind": "model", "fallback": "choose one"},
        "image": {"label": "Picture"},
        "preprocessor": {"label": "Made by", "kind": "choice", "choices": _MADE, "fallback": AUTO},
        "weight": {"label": "Weight", **SHARE},
        "begin": {"label": "From", "fallback": "0", **SHARE},
        "end": {"label": "to", **SHARE},
        "control_mode": {"label": "Mode", "fallback": "balanced"},
        "resize_mode": {"label": "Resize", "fallback": "just_resize"},
        "kind": {"label": "Shows", "fallback": "as it is made"},
    }
    BINDINGS: ClassVar[list[BindingType]] = actions.bindings("control")
    places: ClassVar[tuple[actions.Place, ...]] = ("control",)

    def fields(self) -> Iterator[Widget]:
        """Model and picture, what is made of it, how it acts."""
        yield self.row("model")
        yield self.picture("image", placeholder="path, name or last", offers_last=True)
        preview = SmallButton(
            "preview", help_text="Shows what is made of the picture, beside it.", id=f"{self.id}-preview"
        )
        yield self.pair(self.row("preprocessor"), preview)
        yield self.row("weight")
        yield self.pair(self.row("begin"), self.row("end"))
        yield self.row("control_mode")
        yield self.row("resize_mode")
        yield self.row("kind")
        yield self.remover()

    # -- what counts ------------------------------------------------------------------------------------------

    @property
    def preprocessor(self) -> str:
        """What is made of the picture, by name; ``none`` where nothing is."""
        wish = self.model.default_settings.preprocessor if self.model else None
        return preprocessor_named(str(self.raw["preprocessor"]) or wish or NONE)

    @property
    def _flux(self) -> bool:
        return self.model is not None and self.model.base is BaseModelType.FLUX

    @property
    def _modes(self) -> bool:
        """Whether the model knows control modes."""
        return self.model is None or (self.model.type is ModelType.CONTROLNET and not self._flux)

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        left_out = set() if self._modes or self.raw["control_mode"] else {"control_mode"}
        if self.model is None or not (knows_kinds(self.model) or self.raw["kind"]):
            left_out.add("kind")
        return [name for name in self.names if name not in left_out]

    def misfits(self) -> Iterator[Trouble]:
        """Modes and kinds that the model does not know."""
        yield from super().misfits()
        if self.model is None:
            return
        called = "FLUX.1's ControlNets" if self._flux else "T2I-Adapters"
        if not self._modes and self.raw["control_mode"]:
            yield "control_mode", f"{called} have no modes: choose the first line."
        kind = self.raw["kind"]
        if kind and not knows_kinds(self.model):
            yield "kind", "The model reads one kind of picture: choose the first line."
        elif kind and self._flux and kind not in FLUX_UNION:
            yield "kind", f"FLUX.1's know: {', '.join(FLUX_UNION)}."

    def asked(self) -> dict[str, Any]:
        """Nothing said is what the model asks for."""
        return {"preprocessor": AUTO} | super().asked()

    def blamed(self, error: StudioError) -> str:
        """The preprocessor or the model, where the studio named it."""
        made = error.code == "no_preprocessor" and self.preprocessor in error.message
        return "preprocessor" if made else super().blamed(error)

    def look_again(self) -> None:
        """What the chosen model asks for is dim; fields it does not know are not there."""
        weight, end = USUAL[self.model.type if self.model else ModelType.CONTROLNET]
        self.fall_back("weight", weight)
        self.fall_back("end", end)
        wish = self.model.default_settings.preprocessor if self.model else None
        self.fall_back("preprocessor", f"{AUTO}: {preprocessor_named(wish or NONE)}")
        super().look_again()
        if self.made:
            used = set(self.used())
            for name in ("control_mode", "kind"):
                self.query_one(f"#row-{name}").display = name in used

    # -- the preview ------------------------------------------------------------------------------------------

    def action_preview(self) -> None:
        """Show what is made of the picture, beside it."""
        source = self.sources["image"]
        if source.record is None:
            self.complain(("image", source.trouble or "It needs a picture."))
        else:
            studio = cast("StudioApp", self.app)
            studio.push_screen(ControlPreview(source.record, self.preprocessor))

    @on(SmallButton.Pressed)
    def _preview_pressed(self, event: SmallButton.Pressed) -> None:
        if event.button.id == f"{self.id}-preview":
            self.action_preview()


class ControlGroup(EntryGroup):
    """ControlNets and T2I-Adapters."""

    title: ClassVar[str] = "control pictures"
    help_title: ClassVar[str] = "Pictures that say where things are, and the models that read them."
    field: ClassVar[str] = "controls"
    most: ClassVar[int] = MOST_STEERING
    word: ClassVar[str] = "a control picture"
    explained: ClassVar[str] = "They say where things are: edges, depth, …"
    kind: ClassVar[type[Entry]] = ControlEntry

    def __init__(self) -> None:
        super().__init__(id="controls")

    def takes(self, family: FamilyTraits) -> bool:
        """ControlNets or T2I-Adapters."""
        return family.controlnets or family.t2i_adapters

    def missing(self, main: ModelRecord) -> str:
        """Why the main model can use no entry, and what to do."""
        if not self.taken:
            return f"{main.base} models take no control pictures."
        found = fitting(self.models, ControlEntry.kinds, main)
        return "" if found else none_installed("ControlNet", main.base, _TO_GET)


def none_installed(called: str, base: BaseModelType, to_get: Mapping[BaseModelType, str]) -> str:
    """That there is no such model for a family, and how to get one."""
    way = f"invoke-tui models install {to_get[base]}" if base in to_get else "alt+5, then i, installs one."
    return f"No {called} is installed for {base}: {way}"
