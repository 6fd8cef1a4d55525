"""Which models there are, and finding the one a person means."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType, SourceType
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.studio.database import Database
from invoke_tui.studio.models import records, rows
from invoke_tui.studio.models.catalogue import Catalogue
from invoke_tui.studio.models.files import delete_files as delete_files_of
from invoke_tui.studio.models.files import refuse_unusable, usable
from invoke_tui.studio.models.fingerprint import fingerprint
from invoke_tui.studio.models.intake import Intake, Look, look_at
from invoke_tui.studio.models.readers import Reader
from invoke_tui.studio.models.starter import STARTER_KEY, starter_look
from invoke_tui.studio.models.walk import Found, walk

_BATCH = 64


class Models:
    """The installed models of one root, kept in the database and in memory.

    Nothing here publishes an event: whoever changes the list compares ``revision`` and says so.
    """

    def __init__(self, database: Database, folder: Path, default: str | None = None) -> None:
        self.folder = Path(os.path.abspath(folder))
        self._database = database
        self._default = default
        self._catalogue = Catalogue()
        self._intake = Intake(database, self._catalogue)
        self._ignored: set[str] = set()
        self._passed: dict[str, str] = {}  # looked at and not registered: path and stamp
        self._loaded = False
        self._looking = asyncio.Lock()

    @property
    def revision(self) -> int:
        """A number that is another one after every change of the list."""
        return self._catalogue.revision

    # -- what there is --------------------------------------------------------------------------------------------

    def all(self) -> list[ModelRecord]:
        """Every model, the default one first, then by name."""
        return self._catalogue.sorted(self._default_key())

    def as_json(self) -> bytes:
        """``all()`` as a JSON array, made once for each state of the list."""
        return self._catalogue.json(self._default_key())

    async def main(self, wanted: str | None) -> ModelRecord:
        """The main model with this key or name; the default one for None."""
        if wanted is not None:
            return await self.find(wanted, ModelType.MAIN)
        model = self._catalogue.by_key.get(self._default_key())
        if model is None:
            raise NotFoundError(
                "No model is installed.",
                hint=f"Put a model into {self.folder}, or use one where it lies: invoke-tui models scan DIR.",
                code="no_model",
            )
        return model

    async def vae(self, wanted: str) -> ModelRecord:
        """The VAE with this key or name."""
        return await self.find(wanted, ModelType.VAE)

    async def find(self, wanted: str, type_: ModelType | None = None) -> ModelRecord:
        """The usable model with this key or name; the models folder is looked at again before it is called unknown."""
        if self._catalogue.called(wanted, type_) is None:
            await self.refresh()
        return usable(self.known(wanted, type_))

    def known(self, wanted: str, type_: ModelType | None = None) -> ModelRecord:
        """The model with this key or name, be it missing or not. Raises ``NotFoundError`` with names that are near."""
        model = self._catalogue.called(wanted, type_)
        if model is not None:
            return model
        kind = f"{type_.value} model" if type_ else "model"
        meant = self._catalogue.like(wanted, type_)
        hint = f"There is {', '.join(meant)}." if meant else f"No {kind} is installed."
        raise NotFoundError(f"There is no {kind} “{wanted[:200]}”.", hint=hint, code="model_not_found")

    def pick(
        self,
        type_: ModelType,
        bases: Collection[BaseModelType],
        wanted: str | None = None,
        variant: str | None = None,
    ) -> ModelRecord | None:
        """The model of a type for one of some bases: the ``wanted`` one by key or name, else the first by name, those
        of the ``variant`` before others. Models for any base fit too; missing ones are not picked."""
        fitting = self._catalogue.of(type_, bases)
        if wanted is not None:
            return next((m for m in fitting if wanted == m.key or wanted.lower() == m.name.lower()), None)
        preferred = [m for m in fitting if variant is None or m.variant == variant]
        return next(iter([*preferred, *fitting]), None)

    def embeddings(self, names: Iterable[str]) -> dict[str, ModelRecord]:
        """The embeddings with these names or keys, by key. Those of several families may share a name."""
        found = (m for name in names for m in self._catalogue.all_called(name, ModelType.EMBEDDING))
        return {record.key: record for record in found}

    def by_key(self, key: str) -> ModelRecord | None:
        """The model with this key, if it is installed."""
        return self._catalogue.by_key.get(key)

    def at(self, path: str) -> ModelRecord | None:
        """The model whose files lie at ``path``."""
        return self._catalogue.at(path)

    def require(self, key: str) -> ModelRecord:
        """The model with this key, which must be usable."""
        model = self.by_key(key)
        if model is None:
            raise NotFoundError("The model of this item is not installed any more.", code="model_not_found")
        return usable(model)

    def named_in(self, keys: Iterable[str]) -> dict[str, ModelRecord]:
        """The records of those keys that name a model."""
        return {key: model for key in keys if (model := self.by_key(key))}

    def with_content(self, fingerprint: str) -> ModelRecord | None:
        """The model with this content."""
        return self._catalogue.with_content(fingerprint) if fingerprint else None

    def may_have_content(self, size: int) -> bool:
        """Whether a model of so many bytes is there: only then a fingerprint is worth reading."""
        return self._catalogue.sizes[size] > 0

    def stamp_of(self, record: ModelRecord) -> str:
        """The stamp its files had when they were last read."""
        return self._intake.stamps.get(record.path, "")

    def manages(self, path: str) -> bool:
        """Whether ``path`` lies inside the models folder."""
        return Path(path).is_relative_to(self.folder)

    # -- changing it ----------------------------------------------------------------------------------------------

    async def refresh(self) -> bool:
        """Look at the models folder again; true when the list of models is another one now."""
        async with self._looking:
            await self._load()
            before = self.revision
            await self._intake.take([starter_look()])
            await self._look_at(await asyncio.to_thread(self._unseen))
            await self._intake.mark_missing()
            return self.revision != before

    async def add(
        self,
        entry: ScanEntry,
        *,
        source: str = "",
        source_type: SourceType = "path",
        in_place: bool = True,
        overrides: dict[str, Any] | None = None,
    ) -> ModelRecord:
        """Register what a look found. A model that is there already, by path or by content, is updated, never doubled;
        one whose files were missing is found again. ``overrides`` win over the entry and stay through rescans; with a
        ``type`` even a model nobody could identify is taken. Raises ``BadInputError``."""
        [record] = await self.add_all(
            [(entry, overrides or {})], source=source, source_type=source_type, in_place=in_place
        )
        return record

    async def add_all(
        self,
        found: Sequence[tuple[ScanEntry, dict[str, Any]]],
        *,
        source: str = "",
        source_type: SourceType = "path",
        in_place: bool = True,
    ) -> list[ModelRecord]:
        """``add`` for many, in one transaction: all or none."""
        await self._load()
        for entry, overrides in found:
            refuse_unusable(entry, overrides)

        def looks() -> list[Look]:
            return [
                look_at(
                    entry,
                    overrides=overrides,
                    about={
                        "source": source or entry.path,
                        "source_type": source_type,
                        "in_place": in_place,
                    },
                    asked_for=True,
                )
                for entry, overrides in found
            ]

        taken = await self._intake.take(await asyncio.to_thread(looks))
        self._ignored -= {record.path for record in taken}
        return taken

    async def edit(self, key: str, changes: dict[str, Any]) -> ModelRecord:
        """Set fields by hand; they survive rescans. ``default_settings`` may be partial. Raises ``BadInputError``."""
        await self._load()
        record = records.changed(self._there(key), changes)
        await self._intake.keep(record)
        return record

    async def set_hash(self, key: str, digest: str) -> ModelRecord:
        """Keep the hash of the whole content that was computed on demand."""
        record = self._there(key).model_copy(update={"hash": digest})
        await self._intake.keep(record)
        return record

    async def replace(self, key: str, entry: ScanEntry) -> ModelRecord:
        """Another form of the same model takes the place of its files, in the models folder: what a person set and
        the key stay. The old files are deleted where they were ours."""
        old = self._there(key)
        made = await asyncio.to_thread(fingerprint, Path(entry.path))
        record = records.looked_again(records.found_again(old, entry), entry, made)
        record = record.model_copy(update={"name": old.name, "format": entry.format, "in_place": False})
        await self._intake.keep(record)
        if not old.in_place and self.manages(old.path):
            await asyncio.to_thread(Path(old.path).unlink, missing_ok=True)
        return record

    async def remove(self, key: str, *, delete_files: bool) -> ModelRecord:
        """Take a model off the list. Its files go only when asked for, lie in the models folder and are not used in
        place; otherwise ``BadInputError`` and nothing is changed."""
        await self._load()
        record = self._there(key)
        if record.key == STARTER_KEY:
            raise BadInputError("The starter model comes with invoke-tui and stays.", code="not_removable")
        managed = self.manages(record.path)
        if delete_files and (record.in_place or not managed):
            raise BadInputError(
                f"The files of {record.name} are used where they lie ({record.path}) and are not deleted.",
                hint="Remove the record only, and delete the files yourself.",
                code="not_ours",
            )
        if delete_files:
            await asyncio.to_thread(delete_files_of, Path(record.path), self.folder, record.key)
        ignore = managed and not delete_files
        await self._database.write(lambda c: rows.remove(c, record, ignore=ignore))
        if ignore:
            self._ignored.add(record.path)
        self._catalogue.drop(key)
        self._intake.stamps.pop(record.path, None)
        return record

    async def mark_missing(self) -> None:
        """Hold every record against the disk, without looking for new ones."""
        await self._intake.mark_missing()

    def _there(self, key: str) -> ModelRecord:
        model = self.by_key(key)
        if model is None:
            raise NotFoundError(f"There is no model with the key “{key[:200]}”.", code="model_not_found")
        return model

    async def _look_at(self, unseen: Sequence[Found]) -> None:
        """Read what is new in the models folder, and register what can be told."""
        reader = Reader()
        try:
            for start in range(0, len(unseen), _BATCH):
                finds = unseen[start : start + _BATCH]
                entries = await reader.read([found.path for found in finds])
                looks = await asyncio.to_thread(_own_looks, finds, entries)
                self._passed |= {look.entry.path: look.stamp for look in looks}
                for record in await self._intake.take([look for look in looks if look.entry.status == "new"]):
                    self._passed.pop(record.path, None)
        finally:
            await reader.close()

    async def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            found, self._intake.stamps, self._ignored = await self._database.read(rows.load)
            self._catalogue.touch(found)

    def _unseen(self) -> list[Found]:
        """What lies in the models folder and was not read since it changed last."""
        if not self.folder.is_dir():
            return []
        return [
            found
            for found in walk(self.folder)
            if not found.problem
            and found.stamp not in (self._intake.stamps.get(found.path), self._passed.get(found.path))
            and found.path not in self._ignored
            and not self._is_part_of_another(found.path)
        ]

    def _is_part_of_another(self, path: str) -> bool:
        """Whether a folder above is a model: encoder and tokenizer side by side are one, and look like two."""
        above = (folder for folder in Path(path).parents if folder != self.folder)
        return any(self._catalogue.at(str(folder)) for folder in above if self.manages(str(folder)))

    def _default_key(self) -> str:
        wanted = self._default and self._catalogue.called(self._default, ModelType.MAIN)
        if wanted and not wanted.missing:
            return wanted.key
        if STARTER_KEY in self._catalogue.by_key:
            return STARTER_KEY
        mains = self._catalogue.of(ModelType.MAIN, set(BaseModelType))
        return mains[0].key if mains else ""


def _own_looks(finds: Sequence[Found], entries: Sequence[ScanEntry]) -> list[Look]:
    """Looks at what a person put into the models folder."""
    return [
        look_at(entry, found=found, about={"in_place": False, "source": found.path})
        for found, entry in zip(finds, entries, strict=True)
    ]
