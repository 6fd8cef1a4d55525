"""Reference pictures: they say what things look like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from textual.widget import Widget

from invoke_tui.domain.controls import MOST_STEERING, ReferenceRequest
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.families import FamilyTraits
from invoke_tui.domain.images import ImageCategory
from invoke_tui.domain.models import BaseModelType, ModelFormat, ModelType
from invoke_tui.tui.steering.controls import none_installed
from invoke_tui.tui.steering.entry import Entry
from invoke_tui.tui.steering.entry_group import EntryGroup
from invoke_tui.tui.steering.model_entry import SHARE, ModelEntry, fitting
from invoke_tui.tui.widgets.form_group import Trouble

_TO_GET: Final = {
    BaseModelType.SD1: "standard-reference-ip-adapter",
    BaseModelType.SDXL: "standard-reference-ip-adapter-vit-h",
}
"""Sources of a first model; they bring their image encoder."""


class ReferenceEntry(ModelEntry):
    """A picture, and the IP-Adapter that shows it."""

    record = ReferenceRequest
    names: ClassVar[tuple[str, ...]] = (
        "model",
        "image",
        "method",
        "weight",
        "begin",
        "end",
        "clip_vision",
        "mask",
    )
    kinds: ClassVar[tuple[ModelType, ...]] = (ModelType.IP_ADAPTER,)
    pictures: ClassVar[Mapping[str, ImageCategory]] = {"image": "user", "mask": "mask"}
    said: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "model": {"label": "Model", "kind": "choice", "fallback": "choose one"},
        "image": {"label": "Picture"},
        "method": {"label": "Takes", "fallback": "full"},
        "weight": {"label": "Weight", "fallback": "1", **SHARE},
        "begin": {"label": "From", "fallback": "0", **SHARE},
        "end": {"label": "to", "fallback": "1", **SHARE},
        "clip_vision": {"label": "Encoder", "fallback": "ViT-H"},
        "mask": {"label": "Mask", "help": "Where it counts: what is white; of a transparent picture, opaque"},
    }

    def fields(self) -> Iterator[Widget]:
        """Model and picture, how it counts, and where."""
        yield self.row("model")
        yield self.picture("image", placeholder="path, name or last", offers_last=True)
        yield self.row("method")
        yield self.row("weight")
        yield self.pair(self.row("begin"), self.row("end"))
        yield self.row("clip_vision")
        yield self.picture("mask", placeholder="none: everywhere")
        yield self.remover()

    @property
    def _names_encoder(self) -> bool:
        """Folders as InvokeAI keeps them say themselves which encoder they need."""
        return self.model is not None and self.model.format is ModelFormat.INVOKEAI

    def used(self) -> Iterable[str]:
        """The fields that count as things stand."""
        return [name for name in self.names if name != "clip_vision" or not self._names_encoder]

    def misfits(self) -> Iterator[Trouble]:
        """No image encoder at all."""
        yield from super().misfits()
        encoders = [one for one in self.models if one.type is ModelType.CLIP_VISION and not one.missing]
        if self.model is not None and not encoders:
            yield "model", "It needs an image encoder: models install ip-adapter-sd1.5-image-encoder"

    def blamed(self, error: StudioError) -> str:
        """The encoder where it is missing, else the model."""
        named = super().blamed(error)
        return (
            "clip_vision"
            if named and error.code == "missing_component" and not self._names_encoder
            else named
        )

    def look_again(self) -> None:
        """The encoder is asked for where the model does not name it."""
        super().look_again()
        if self.made:
            self.query_one("#row-clip_vision").display = not self._names_encoder


class ReferenceGroup(EntryGroup):
    """IP-Adapters."""

    title: ClassVar[str] = "reference pictures"
    help_title: ClassVar[str] = "Pictures that say what things look like, and the IP-Adapters that show them."
    field: ClassVar[str] = "references"
    most: ClassVar[int] = MOST_STEERING
    word: ClassVar[str] = "a reference picture"
    explained: ClassVar[str] = "They say what things look like"
    kind: ClassVar[type[Entry]] = ReferenceEntry

    def __init__(self) -> None:
        super().__init__(id="references")

    def takes(self, family: FamilyTraits) -> bool:
        """IP-Adapters."""
        return family.ip_adapters

    def missing(self) -> str:
        """Why no entry can be added, and what to do."""
        if self.main is None or not self.taken:
            return f"{self.main.base} models take none." if self.main else ""
        if fitting(self.models, ReferenceEntry.kinds, self.main):
            return ""
        return none_installed("IP-Adapter", self.main.base, _TO_GET)
