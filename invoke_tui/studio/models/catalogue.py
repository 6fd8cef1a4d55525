"""The models in memory, and the ways to find one: by key, path, content, name, or by what is needed."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable

from pydantic import TypeAdapter

from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType

_LIST: TypeAdapter[list[ModelRecord]] = TypeAdapter(list[ModelRecord])


class Catalogue:
    """Records by several names at once. ``revision`` grows with every change."""

    def __init__(self) -> None:
        self.by_key: dict[str, ModelRecord] = {}
        self.revision = 0
        self.sizes: Counter[int] = Counter()
        self._by_path: dict[str, str] = {}
        self._by_content: dict[str, str] = {}
        self._by_name: dict[str, set[str]] = {}
        self._sorted: list[ModelRecord] | None = None
        self._json: bytes | None = None

    def put(self, record: ModelRecord) -> None:
        """Add a record, or put it in the place of the one with its key."""
        old = self.by_key.get(record.key)
        if old == record:
            return
        if old is not None:
            self._forget(old)
        self.by_key[record.key] = record
        self.sizes[record.file_size] += 1
        self._by_path[record.path] = record.key
        if record.fingerprint:
            self._by_content[record.fingerprint] = record.key
        self._by_name.setdefault(record.name.lower(), set()).add(record.key)
        self._changed()

    def drop(self, key: str) -> None:
        """Take a record out."""
        record = self.by_key.pop(key, None)
        if record is not None:
            self._forget(record)
            self._changed()

    def at(self, path: str) -> ModelRecord | None:
        """The model whose files lie there."""
        return self.by_key.get(self._by_path.get(path, ""))

    def with_content(self, fingerprint: str) -> ModelRecord | None:
        """The model with this content."""
        return self.by_key.get(self._by_content.get(fingerprint, ""))

    def called(self, wanted: str, type_: ModelType | None = None) -> ModelRecord | None:
        """The model with this key or name; one that is there before a missing one, the exact spelling before others."""
        exact = self.by_key.get(wanted)
        if exact is not None and type_ in (None, exact.type):
            return exact
        named = [self.by_key[key] for key in self._by_name.get(wanted.lower(), ())]
        fitting = [record for record in named if type_ in (None, record.type)]
        return min(fitting, key=lambda m: (m.missing, m.name != wanted, m.name, m.key), default=None)

    def all_called(self, wanted: str, type_: ModelType) -> list[ModelRecord]:
        """Every model of a type that is there and has exactly this name, or this key."""
        keys = {wanted} & self.by_key.keys() | self._by_name.get(wanted.lower(), set())
        found = (self.by_key[key] for key in sorted(keys))
        return [m for m in found if m.type is type_ and not m.missing and wanted in (m.key, m.name)]

    def like(self, wanted: str, type_: ModelType | None = None, limit: int = 3) -> list[str]:
        """Names that resemble ``wanted``, else some that there are."""
        names = sorted({m.name for m in self.by_key.values() if type_ in (None, m.type)})
        near = difflib.get_close_matches(
            wanted.lower(), [n.lower() for n in names[:2000]], n=limit, cutoff=0.4
        )
        return [name for name in names if name.lower() in near] or names[:5]

    def of(self, type_: ModelType, bases: Collection[BaseModelType]) -> list[ModelRecord]:
        """The models of a type that are there and fit one of ``bases``, by name."""
        return [
            record
            for record in self.sorted("")
            if record.type is type_
            and not record.missing
            and (record.base in bases or record.base is BaseModelType.ANY)
        ]

    def sorted(self, first: str) -> list[ModelRecord]:
        """Every model by name, the one with the key ``first`` before all."""
        if self._sorted is None:
            self._sorted = sorted(self.by_key.values(), key=lambda m: (m.name.lower(), m.key))
        head = self.by_key.get(first)
        return [head, *(m for m in self._sorted if m.key != first)] if head else list(self._sorted)

    def json(self, first: str) -> bytes:
        """``sorted`` as JSON."""
        if self._json is None:
            self._json = _LIST.dump_json(self.sorted(first))
        return self._json

    def touch(self, records: Iterable[ModelRecord]) -> None:
        """Put several."""
        for record in records:
            self.put(record)

    def _forget(self, record: ModelRecord) -> None:
        self.sizes[record.file_size] -= 1
        for index, name in ((self._by_path, record.path), (self._by_content, record.fingerprint)):
            if index.get(name) == record.key:
                del index[name]
        keys = self._by_name.get(record.name.lower(), set())
        keys.discard(record.key)
        if not keys:
            self._by_name.pop(record.name.lower(), None)

    def _changed(self) -> None:
        self.revision += 1
        self._sorted = self._json = None
