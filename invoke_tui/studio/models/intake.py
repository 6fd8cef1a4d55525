"""Taking models into the list: known by path, by key or by content before anything is called new."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.studio.database import Database
from invoke_tui.studio.models import records, rows
from invoke_tui.studio.models.catalogue import Catalogue
from invoke_tui.studio.models.fingerprint import fingerprint
from invoke_tui.studio.models.scan import examine
from invoke_tui.studio.models.walk import Found, found


@dataclass(frozen=True, slots=True)
class Look:
    """A find with all that is needed to register it."""

    entry: ScanEntry
    stamp: str
    about: dict[str, Any] = field(default_factory=dict)
    """Where it came from: ``source``, ``source_type``, ``in_place``."""
    overrides: dict[str, Any] = field(default_factory=dict)
    """What is known better than the files tell; also ``key`` and ``hash``, where another program gave them."""
    asked_for: bool = False
    """Somebody installs it, it did not just turn up: ``about`` holds for a known model too."""
    moves: bool = False
    """This place counts even while the model's files lie at the old one too."""


def look_at(
    entry: ScanEntry | None,
    *,
    found: Found | None = None,
    about: dict[str, Any] | None = None,
    overrides: dict[str, Any] | None = None,
    asked_for: bool = False,
    moves: bool = False,
) -> Look:
    """Read what is missing of a look: the entry, the stamp, the fingerprint. For a thread."""
    path = os.path.abspath(found.path if found else entry.path if entry else "")
    stamp = found.stamp if found else _stamp(path)
    entry = entry or examine(Path(path))
    if entry.status != "unreadable" and not entry.fingerprint:
        entry = entry.model_copy(update={"fingerprint": _fingerprint(path)})
    entry = entry.model_copy(update={"path": path})
    return Look(entry, stamp, about or {}, overrides or {}, asked_for, moves)


class Intake:
    """Decides for each look which record it is, and keeps the outcome. One batch at a time, all of it or nothing."""

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self.stamps: dict[str, str] = {}
        self._database = database
        self._catalogue = catalogue
        self._one = asyncio.Lock()

    async def take(self, looks: Sequence[Look]) -> list[ModelRecord]:
        """The records of the looks, in their order."""
        async with self._one:
            there = await asyncio.to_thread(self._files_that_are_there, looks)
            draft = _Draft(self._catalogue, self.stamps, there)
            taken = [draft.settle(look) for look in looks]
            await self._write(draft)
            return taken

    async def keep(self, record: ModelRecord) -> None:
        """Store a record that changed."""
        async with self._one:
            stamp = self.stamps.get(record.path, "")
            await self._database.write(lambda c: rows.save(c, [(record, stamp)]))
            self._catalogue.put(record)

    async def mark_missing(self) -> None:
        """Hold every record against the disk."""
        before = list(self._catalogue.by_key.values())
        gone = await asyncio.to_thread(lambda: {m.key for m in before if not os.path.exists(m.path)})
        for record in before:
            current = self._catalogue.by_key.get(record.key)
            if current is record and record.missing != (record.key in gone):
                self._catalogue.put(record.model_copy(update={"missing": record.key in gone}))

    async def _write(self, draft: _Draft) -> None:
        kept = [
            (record, stamp)
            for key, stamp in draft.stamps.items()
            if (record := draft.records[key]) != self._catalogue.by_key.get(key)
            or stamp != self.stamps.get(record.path)
        ]
        if not kept:
            return
        await self._database.write(lambda c: rows.save(c, kept))
        for record, stamp in kept:
            old = self._catalogue.by_key.get(record.key)
            if old is not None and old.path != record.path:
                self.stamps.pop(old.path, None)
            other = self._catalogue.at(record.path)
            if other is not None and other.key != record.key:
                self._catalogue.drop(other.key)
            self._catalogue.put(record)
            self.stamps[record.path] = stamp

    def _files_that_are_there(self, looks: Sequence[Look]) -> set[str]:
        """Which of the records the looks may be have their files still. For a thread: a disk may be slow."""
        paths = set()
        for look in looks:
            for record in (
                self._catalogue.with_content(look.entry.fingerprint),
                self._catalogue.by_key.get(look.overrides.get("key", "")),
            ):
                if record is not None:
                    paths.add(record.path)
        return {path for path in paths if os.path.exists(path)}


class _Draft:
    """A batch before it is written: what it makes of the catalogue."""

    def __init__(self, catalogue: Catalogue, stamps: dict[str, str], there: set[str]) -> None:
        self.records: dict[str, ModelRecord] = {}
        self.stamps: dict[str, str] = {}
        self._catalogue = catalogue
        self._before = stamps
        self._there = there
        self._by_path: dict[str, str] = {}
        self._by_content: dict[str, str] = {}

    def settle(self, look: Look) -> ModelRecord:
        """The record the look is about, as it is from now on."""
        entry = look.entry
        known = self._at(entry.path)
        if known is not None:
            return self._put(_told(records.looked_again(known, entry, entry.fingerprint), look), look.stamp)
        known = self._with_key(look.overrides.get("key")) or self._with_content(entry.fingerprint)
        if known is None:
            key = look.overrides.get("key") or records.key_for(entry.path)
            while self._with_key(key) is not None:  # another model lay here once and was moved
                key = records.key_for(f"{key} {entry.fingerprint}")
            made = records.new_record(entry, key, entry.fingerprint, **look.about)
            return self._put(_told(made, look), look.stamp)
        if not look.moves and (known.path in self._there or known.path in self._by_path):
            known = _told(
                known, replace(look, asked_for=False)
            )  # a second copy: the first one's place counts
            return self._put(known, self._before.get(known.path, ""))
        return self._put(_told(records.found_again(known, entry), look), look.stamp)

    def _put(self, record: ModelRecord, stamp: str) -> ModelRecord:
        self.records[record.key] = record
        self.stamps[record.key] = stamp
        self._by_path[record.path] = record.key
        if record.fingerprint:
            self._by_content[record.fingerprint] = record.key
        return record

    def _at(self, path: str) -> ModelRecord | None:
        return self.records.get(self._by_path.get(path, "")) or self._catalogue.at(path)

    def _with_key(self, key: str | None) -> ModelRecord | None:
        return (self.records.get(key) or self._catalogue.by_key.get(key)) if key else None

    def _with_content(self, content: str) -> ModelRecord | None:
        if not content:
            return None
        return self.records.get(self._by_content.get(content, "")) or self._catalogue.with_content(content)


def _told(record: ModelRecord, look: Look) -> ModelRecord:
    """With where it came from and what is known better. What a person set before stays as it was set."""
    given = {n: v for n, v in look.overrides.items() if n not in record.by_hand and n != "key"}
    told = records.changed(record, given, identity=True) if given else record
    return told.model_copy(update=look.about) if look.asked_for else told


def _stamp(path: str) -> str:
    return found(path).stamp


def _fingerprint(path: str) -> str:
    try:
        return fingerprint(Path(path))
    except OSError:
        return ""
