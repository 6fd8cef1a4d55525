"""Which models there are, and finding the one a person means."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

import invoke_tui
from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.models import ModelRecord, ModelType
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import models, now
from invoke_tui.studio.models import diffusers_folder

STARTER_NAME: Final = "starter"
STARTER_KEY: Final = str(uuid5(NAMESPACE_URL, "invoke-tui/starter"))


class Models:
    """The installed models of one root, kept in the database and in memory."""

    def __init__(self, database: Database, folder: Path, default: str | None = None) -> None:
        self._database = database
        self._folder = folder
        self._default = default
        self._by_key: dict[str, ModelRecord] = {}

    async def refresh(self) -> bool:
        """Look at the disk again; true when the list of models is another one now."""
        before = dict(self._by_key)
        found = await asyncio.to_thread(self._discover)
        known = {key: model.model_copy(update={"missing": False}) for key, model in before.items()}
        if before and all(known.get(model.key) == model for model in found):
            stored = list(known.values())
        else:
            stored = await self._database.write(lambda c: _merge(c, found))
        self._by_key = await asyncio.to_thread(_with_missing, stored)
        return self._by_key != before

    def all(self) -> list[ModelRecord]:
        """Every model, the default one first, then by name."""
        default = self._choose_default()
        key = default.key if default else ""
        return sorted(self._by_key.values(), key=lambda m: (m.key != key, m.name.lower(), m.key))

    async def main(self, wanted: str | None) -> ModelRecord:
        """The main model with this key or name; the default one for None."""
        if wanted is not None:
            return await self._find(wanted, ModelType.MAIN)
        model = self._choose_default()
        if model is None:
            raise NotFoundError(
                "No model is installed.",
                hint=f"Put a diffusers folder of a Stable Diffusion model into {self._folder}.",
                code="no_model",
            )
        return model

    async def vae(self, wanted: str) -> ModelRecord:
        """The VAE with this key or name."""
        return await self._find(wanted, ModelType.VAE)

    def by_key(self, key: str) -> ModelRecord | None:
        """The model with this key, if it is installed."""
        return self._by_key.get(key)

    def require(self, key: str) -> ModelRecord:
        """The model with this key, which must be usable."""
        model = self._by_key.get(key)
        if model is None:
            raise NotFoundError("The model of this item is not installed any more.", code="model_not_found")
        return _usable(model)

    def named_in(self, keys: Iterable[str]) -> dict[str, ModelRecord]:
        """The records of those keys that name a model."""
        return {key: self._by_key[key] for key in keys if key in self._by_key}

    async def _find(self, wanted: str, kind: ModelType) -> ModelRecord:
        model = self._look_up(wanted, kind)
        if model is None and await self.refresh():
            model = self._look_up(wanted, kind)
        if model is not None:
            return _usable(model)
        names = sorted({m.name for m in self._by_key.values() if m.type is kind})
        near = difflib.get_close_matches(wanted.lower(), [name.lower() for name in names], n=3, cutoff=0.4)
        meant = [name for name in names if name.lower() in near] or names[:5]
        hint = f"There is {', '.join(meant)}." if meant else f"No {kind.value} model is installed."
        raise NotFoundError(
            f"There is no {kind.value} model “{wanted[:200]}”.", hint=hint, code="model_not_found"
        )

    def _look_up(self, wanted: str, kind: ModelType) -> ModelRecord | None:
        found = self._by_key.get(wanted)
        if found is not None and found.type is kind:
            return found
        named = [m for m in self.all() if m.type is kind and m.name.lower() == wanted.lower()]
        return next(iter(sorted(named, key=lambda m: (m.missing, m.name != wanted))), None)

    def _choose_default(self) -> ModelRecord | None:
        mains = [m for m in self._by_key.values() if m.type is ModelType.MAIN and not m.missing]
        wanted = (self._default or "").lower()
        chosen = [m for m in mains if wanted and wanted in (m.key, m.name.lower())]
        starter = [m for m in mains if m.key == STARTER_KEY]
        return next(iter([*chosen, *starter, *sorted(mains, key=lambda m: m.name.lower())]), None)

    def _discover(self) -> list[ModelRecord]:
        found = [
            model
            for folder in diffusers_folder.find(self._folder)
            if (model := diffusers_folder.read(folder))
        ]
        starter = _starter()
        return [starter, *found] if starter else found


def _starter() -> ModelRecord | None:
    """The model that ships in the package. Its path is found anew at every start: packages move."""
    read = diffusers_folder.read(Path(invoke_tui.__file__).parent / "starter" / "model")
    if read is None:
        return None
    return read.model_copy(
        update={
            "key": STARTER_KEY,
            "name": STARTER_NAME,
            "description": "The small model that comes with invoke-tui: simple scenes at 128 pixels.",
            "source": "invoke-tui",
        }
    )


def _merge(connection: Connection, found: list[ModelRecord]) -> list[ModelRecord]:
    """Store what was found and read everything back; models whose files are gone stay, as missing."""
    for model in found:
        values = {
            "key": model.key,
            "name": model.name,
            "base": model.base.value,
            "type": model.type.value,
            "path": model.path,
            "config": model.model_dump_json(),
            "updated_at": now(),
        }
        connection.execute(delete(models).where((models.c.path == model.path) & (models.c.key != model.key)))
        connection.execute(
            insert(models)
            .values(values | {"created_at": now()})
            .on_conflict_do_update(index_elements=["key"], set_=values)
        )
    return [ModelRecord.model_validate_json(text) for text in connection.scalars(select(models.c.config))]


def _with_missing(stored: list[ModelRecord]) -> dict[str, ModelRecord]:
    return {m.key: m.model_copy(update={"missing": not Path(m.path).exists()}) for m in stored}


def _usable(model: ModelRecord) -> ModelRecord:
    if model.missing or not Path(model.path).exists():
        raise NotFoundError(
            f"The files of the model {model.name} are gone: {model.path}.",
            hint="Put them back, or choose another model.",
            code="model_missing",
        )
    return model
