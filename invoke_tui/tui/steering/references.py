"""Reference pictures: they say what things look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from textual.widget import Widget

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.images import ImageCategory
from invoke_tui.domain.models.families import FamilyTraits
from invoke_tui.domain.models.records import BaseModelType, ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.request.controls import MOST_STEERING, ReferenceRequest
from invoke_tui.domain.request.references import KINDS, SETTINGS, reference_kind
from invoke_tui.tui.steering.controls import none_installed
from invoke_tui.tui.steering.entry import Entry
from invoke_tui.tui.steering.entry_group import EntryGroup
from invoke_tui.tui.steering.model_entry import SHARE, ModelEntry, fitting
from invoke_tui.tui.widgets.fields import NumberField
from invoke_tui.tui.widgets.form_group import Trouble
from invoke_tui.tui.widgets.picture_line import PictureLine

_TO_GET: Final = {
    BaseModelType.SD1: "starter-reference (for the starter model), standard-reference-ip-adapter",
    BaseModelType.SDXL: "standard-reference-ip-adapter-vit-h",
    BaseModelType.FLUX: "flux-redux, standard-reference-xlabs-flux-ip-adapter-v2",
}
"""Sources of a first model; they bring their image encoder."""
_ENCODERS: Final = {"ip_adapter": ModelType.CLIP_VISION, "flux_redux": ModelType.SIGLIP}
"""What the models of a kind look through."""


class ReferenceEntry(ModelEntry):
    """A picture, and the IP-Adapter or FLUX Redux model that shows it."""

    record = ReferenceRequest
    names: ClassVar[tuple[str, ...]] = ("model", "image", *SETTINGS)
    kinds: ClassVar[tuple[ModelType, ...]] = (ModelType.IP_ADAPTER, ModelType.FLUX_REDUX)
    pictures: ClassVar[Mapping[str, ImageCategory]] = {"image": "user", "mask": "mask"}
    said: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "model": {"label": "Model", "kind": "model", "fallback": "choose one"},
        "image": {"label": "Picture"},
        "method": {"label": "Takes", "fallback": "full"},
        "image_influence": {"label": "Influence", "fallback": "highest"},
        "weight": {"label": "Weight", "fallback": "1", **SHARE},
        "begin": {"label": "From", "fallback": "0", **SHARE},
        "end": {"label": "to", "fallback": "1", **SHARE},
        "clip_vision": {"label": "Encoder"},
        "mask": {"label": "Mask", "help": "Where it counts: what is white; of a transparent picture, opaque"},
    }

    def fields(self) -> Iterator[Widget]:
        """Model and picture, how it counts, and where."""
        yield self.row("model")
        yield self.picture("image", placeholder="path, name or last", offers_last=True)
        yield self.row("method")
        yield self.row("image_influence")
        yield self.row("weight")
        yield self.pair(self.row("begin"), self.row("end"))
        yield self.row("clip_vision")
        yield self.picture("mask", placeholder="none: everywhere")
        yield self.remover()

    @property
    def _kind(self) -> str:
        return reference_kind(self.model) if self.model else "ip_adapter"

    @property
    def _takes(self) -> set[str]:
        """The settings that the model has; folders as InvokeAI keeps them say themselves which encoder they need."""
        takes = set(KINDS[self._kind].fields)
        named = self.model is not None and self.model.format is ModelFormat.INVOKEAI
        return takes - {"clip_vision"} if named or len(KINDS[self._kind].encoders) < 2 else takes

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        takes = {"model", "image", *self._takes}
        return [name for name in self.names if name in takes or self.raw[name]]

    def misfits(self) -> Iterator[Trouble]:
        """Settings that the model does not have; no image encoder at all."""
        yield from super().misfits()
        if self.model is None:
            return
        kind = KINDS[self._kind]
        for name in SETTINGS:
            if self.raw[name] and name not in self._takes:
                yield name, f"{kind.called} has none of it: leave it empty."
        wanted = _ENCODERS.get(self._kind)
        if wanted and not any(one.type is wanted and not one.missing for one in self.models):
            yield "model", "Its image encoder is not installed: 'invoke-tui models starter' lists it."

    def blamed(self, error: StudioError) -> str:
        """The encoder where it is missing, else the model."""
        named = super().blamed(error)
        encoder = named and error.code == "missing_component" and "clip_vision" in self._takes
        return "clip_vision" if encoder else named

    def look_again(self) -> None:
        """The settings that the model has, within its bounds."""
        kind = KINDS[self._kind]
        low, high = kind.weights
        self.specs["weight"] = replace(self.specs["weight"], minimum=low, maximum=high)
        for control in self.query("#field-weight").results(NumberField):
            control.spec = self.specs["weight"]
        self.fall_back("clip_vision", kind.clip_vision)
        super().look_again()
        if self.made:
            used = set(self.used())
            for name in (name for name in SETTINGS if name not in self.pictures):
                self.query_one(f"#row-{name}").display = name in used
            self.query(PictureLine)[1].display = "mask" in used


class ReferenceGroup(EntryGroup):
    """IP-Adapters and FLUX Redux."""

    title: ClassVar[str] = "reference pictures"
    help_title: ClassVar[str] = "Pictures that say what things look like, and the models that show them."
    field: ClassVar[str] = "references"
    most: ClassVar[int] = MOST_STEERING
    word: ClassVar[str] = "a reference picture"
    explained: ClassVar[str] = "They say what things look like"
    kind: ClassVar[type[Entry]] = ReferenceEntry

    def __init__(self) -> None:
        super().__init__(id="references")

    def takes(self, family: FamilyTraits) -> bool:
        """IP-Adapters and FLUX Redux."""
        return family.ip_adapters or family.redux

    def missing(self, main: ModelRecord) -> str:
        """Why the main model can use no entry, and what to do."""
        if not self.taken:
            return f"{main.base} models take no reference pictures."
        if fitting(self.models, ReferenceEntry.kinds, main):
            return ""
        called = "FLUX Redux model or IP-Adapter" if main.base is BaseModelType.FLUX else "IP-Adapter"
        return none_installed(called, main.base, _TO_GET)
