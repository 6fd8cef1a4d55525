"""Components of the models an item names: found on disk by record, loaded once, shared by the cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import torch
from torch import nn

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import ModelIdentifier, ModelRecord, ModelType
from invoke_tui.engine.adapters.embeddings import Embedding, load_embedding
from invoke_tui.engine.adapters.lora.file import LoRA, load_lora
from invoke_tui.engine.adapters.lora.names import Names, names_of
from invoke_tui.engine.families import family_of
from invoke_tui.engine.families.base import Family
from invoke_tui.engine.loading.controls import T2I_ADAPTER_PART, controlnet_part
from invoke_tui.engine.loading.layouts.text import CLIP_G, CLIP_L
from invoke_tui.engine.loading.load import load_part
from invoke_tui.engine.loading.parts import CLIP_CLASS, CLIP_PROJECTION_CLASS, Part, Place
from invoke_tui.engine.loading.reader import Reader
from invoke_tui.engine.loading.references import (
    SIGLIP_PART,
    clip_vision_part,
    ip_adapter_part,
    ip_adapter_place,
    redux_part,
)
from invoke_tui.engine.loading.t5 import T5_PARTS
from invoke_tui.engine.loading.tools import load_tool
from invoke_tui.engine.loading.upscalers import Upscaler, load_upscaler
from invoke_tui.engine.memory.cache import ComponentCache
from invoke_tui.engine.vision.tool import PictureTool

_FOLDERS: Final = {
    "text_encoder": ("text_encoder", "text_encoder_2", "text_encoder_3"),
    "tokenizer": ("tokenizer", "tokenizer_2", "tokenizer_3"),
}
"""Where a text encoder that is a model of its own keeps its components, if it has folders for them at all."""


EIGHT_BIT_PARTS: Final = ("unet", "transformer")
"""Components that ``fp8_storage`` is for; a VAE makes visible noise of it."""


class ModelStore:
    """Gives out loaded components by identifier, in the precision the device prefers unless told otherwise."""

    def __init__(
        self, cache: ComponentCache, dtype: torch.dtype, reader: Reader, *, channels_last: bool = False
    ) -> None:
        self._cache = cache
        self._dtype = dtype
        self._channels_last = channels_last
        self._reader = reader
        self._records: dict[str, ModelRecord] = {}
        self._names: WeakKeyDictionary[nn.Module, Names] = WeakKeyDictionary()

    def know(self, records: Mapping[str, ModelRecord]) -> None:
        """Learn the records of an item's models, by key."""
        self._records.update(records)

    def record(self, model: ModelIdentifier) -> ModelRecord:
        """The record of ``model``. Raises ``NotFoundError`` for a model that is not installed or whose files left."""
        record = self._records.get(model.key)
        if record is None:
            raise NotFoundError(
                f"The model {model.name!r} is not installed.", hint="Install it or choose another model."
            )
        if record.missing or not Path(record.path).exists():
            raise NotFoundError(
                f"The files of the model {record.name!r} are not at {record.path}.",
                hint="Move them back or install the model again.",
                code="model_file_missing",
            )
        return record

    def family(self, model: ModelIdentifier) -> Family:
        """The family that draws with ``model``."""
        return family_of(self.record(model).base)

    def part(self, model: ModelIdentifier, role: str) -> tuple[Part, Place]:
        """What the component of ``model`` is and where it lies.

        The identifier's submodel type says which component is meant; ``role`` (``unet``, ``vae``, ``text_encoder``,
        …) does where it says nothing.
        """
        record = self.record(model)
        path, name = Path(record.path), model.submodel_type or role
        if record.type is ModelType.VAE:
            return family_of(record.base).parts(record)["vae"], Place(path, "vae", whole=True)
        if record.type is ModelType.CONTROLNET:
            return controlnet_part(record), Place(path, "controlnet", whole=True)
        if record.type is ModelType.T2I_ADAPTER:
            return T2I_ADAPTER_PART, Place(path, "t2i_adapter", whole=True)
        if record.type is ModelType.IP_ADAPTER:
            return ip_adapter_part(record), ip_adapter_place(record)
        if record.type is ModelType.CLIP_VISION:
            return clip_vision_part(record), Place(path, "clip_vision", whole=True)
        if record.type is ModelType.FLUX_REDUX:
            return redux_part(record, name)
        if record.type is ModelType.SIGLIP:
            return SIGLIP_PART, Place(path, "siglip", whole=True)
        if record.type in (ModelType.T5_ENCODER, ModelType.CLIP_EMBED):
            kind = "tokenizer" if name.startswith("tokenizer") else "text_encoder"
            parts = T5_PARTS if record.type is ModelType.T5_ENCODER else _clip_parts(record)
            return parts[kind], _own_place(path, kind)
        part = family_of(record.base).parts(record).get(name)
        if part is None:
            raise BadInputError(f"Models of base {record.base} have no {name}.", code="wrong_model")
        return part, Place(path, name)

    def precision(self, model: ModelIdentifier, role: str) -> torch.dtype:
        """The number type that component computes in."""
        return self.part(model, role)[0].precision(self._dtype)

    @contextmanager
    def use(
        self, model: ModelIdentifier, role: str, *, dtype: torch.dtype | None = None, working_bytes: int = 0
    ) -> Iterator[Any]:
        """``model``'s component, on the device while inside; ``dtype`` overrides its precision."""
        part, place = self.part(model, role)
        chosen = dtype or part.precision(self._dtype)
        key = f"{model.key}:{place.name}:{str(chosen).removeprefix('torch.')}:{place.path}"

        record = self.record(model)
        wishes = record.default_settings
        fp8 = bool(wishes.fp8_storage) and place.name in EIGHT_BIT_PARTS

        def load() -> Any:
            value = load_part(part, place, chosen, replace(self._reader, keep_fp8=fp8))
            if self._channels_last and place.name in ("unet", "vae"):
                value = value.to(memory_format=torch.channels_last)
            return value

        with self._cache.use(
            key + (":fp8" if fp8 else ""),
            load,
            working_bytes=working_bytes,
            model=record.name,
            part=place.name,
            on_cpu=bool(wishes.cpu_only) and place.name.startswith("text_encoder"),
            fp8=fp8,
        ) as value:
            yield value

    @contextmanager
    def lora(self, model: ModelIdentifier) -> Iterator[LoRA]:
        """A LoRA's patches, kept in RAM like any component."""
        record = self.record(model)
        path = Path(record.path)
        with self._cache.use(
            f"{model.key}:lora:{path}:{record.fingerprint}",
            lambda: load_lora(path, self._reader),
            model=record.name,
            part="lora",
        ) as value:
            yield value

    @contextmanager
    def upscaler(
        self, model: ModelIdentifier, *, dtype: torch.dtype, working_bytes: int = 0
    ) -> Iterator[Upscaler]:
        """A picture-to-picture network, on the device while inside, in ``dtype`` or the nearest it computes in."""
        record = self.record(model)
        if record.type is not ModelType.SPANDREL:
            raise BadInputError(
                f"{record.name} is a {record.type} model, not an upscaler.", code="wrong_model"
            )
        path = Path(record.path)
        with self._cache.use(
            f"{model.key}:upscaler:{str(dtype).removeprefix('torch.')}:{path}:{record.fingerprint}",
            lambda: load_upscaler(path, dtype, self._reader),
            working_bytes=working_bytes,
            model=record.name,
            part="upscaler",
        ) as value:
            yield value

    @contextmanager
    def tool(self, model: ModelIdentifier, *, working_bytes: int = 0) -> Iterator[PictureTool]:
        """A network that looks at pictures, on the device while inside."""
        record = self.record(model)
        if record.type is not ModelType.PICTURE_TOOL:
            raise BadInputError(
                f"{record.name} is a {record.type} model, not a picture tool.", code="wrong_model"
            )
        with self._cache.use(
            f"{model.key}:tool:{record.variant}:{record.path}:{record.fingerprint}",
            lambda: load_tool(record, self._reader),
            working_bytes=working_bytes,
            model=record.name,
            part=record.variant or "tool",
        ) as value:
            yield value

    def embedding(self, model: ModelIdentifier) -> Embedding:
        """A textual inversion's vectors; they are small and outlive their place in the cache."""
        record = self.record(model)
        path = Path(record.path)
        with self._cache.use(
            f"{model.key}:embedding:{path}:{record.fingerprint}",
            lambda: load_embedding(path, self._reader),
            model=record.name,
            part="embedding",
        ) as value:
            found: Embedding = value
        return found

    def names(self, model: ModelIdentifier, role: str, module: nn.Module) -> Names:
        """What the layers of ``model``'s loaded component may be called."""
        if module not in self._names:
            layouts = self.part(model, role)[0].layouts
            self._names[module] = names_of(module, layouts[0] if layouts else None)
        return self._names[module]


def _clip_parts(record: ModelRecord) -> dict[str, Part]:
    large = record.variant != "gigantic"
    return {
        "text_encoder": Part(
            "model", CLIP_CLASS if large else CLIP_PROJECTION_CLASS, (CLIP_L if large else CLIP_G,)
        ),
        "tokenizer": Part("tokenizer", "CLIPTokenizer", constant={} if large else {"pad_token": "!"}),
    }


def _own_place(path: Path, kind: str) -> Place:
    found = next((name for name in _FOLDERS[kind] if (path / name).is_dir()), None)
    return Place(path, found or kind, whole=found is None)
