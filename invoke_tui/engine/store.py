"""Components of the models an item names: found on disk by record, loaded once, shared by the cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models import ModelFormat, ModelIdentifier, ModelRecord, ModelType
from invoke_tui.engine.families import family_of
from invoke_tui.engine.families.base import Family
from invoke_tui.engine.memory.cache import ComponentCache

WHOLE_FOLDER_TYPES = {ModelType.VAE: "vae"}
"""Models that are one component by themselves, and which."""


class ModelStore:
    """Gives out loaded components by identifier. Channels-last where the device likes it."""

    def __init__(self, cache: ComponentCache, *, channels_last: bool) -> None:
        self._cache = cache
        self._channels_last = channels_last
        self._records: dict[str, ModelRecord] = {}

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

    def folder(self, model: ModelIdentifier, part: str) -> Path:
        """The folder of ``model``'s component ``part``. Raises ``BadInputError`` for other layouts."""
        record = self.record(model)
        if record.format is not ModelFormat.DIFFUSERS:
            raise BadInputError(
                f"The model {record.name!r} is stored as {record.format.value}; diffusers folders can be read.",
                hint="Install the diffusers version of the model.",
                code="unsupported_format",
            )
        path = Path(record.path)
        return path if WHOLE_FOLDER_TYPES.get(record.type) == part else path / part

    @contextmanager
    def use(
        self, model: ModelIdentifier, part: str, dtype: torch.dtype, *, working_bytes: int = 0
    ) -> Iterator[Any]:
        """``model``'s component ``part`` in ``dtype``, on the device while inside."""
        folder = self.folder(model, part)
        key = f"{model.key}:{part}:{str(dtype).removeprefix('torch.')}:{folder}"
        with self._cache.use(
            key, lambda: self._load(model, part, folder, dtype), working_bytes=working_bytes
        ) as value:
            yield value

    def _load(self, model: ModelIdentifier, part: str, folder: Path, dtype: torch.dtype) -> Any:
        loader = self.family(model).components.get(part)
        if loader is None:
            raise BadInputError(f"Models of base {model.base!r} have no {part}.", code="wrong_model")
        value = loader(folder, dtype)
        if self._channels_last and part in ("unet", "vae"):
            value = value.to(memory_format=torch.channels_last)
        return value
