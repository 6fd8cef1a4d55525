"""What a scan finds, held against the models that are installed and against other programs' records."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.scan import ScanEntry, ScanOrder, ScanStatus
from invoke_tui.studio.models.cache import Seen, seen
from invoke_tui.studio.models.copying import copy_model
from invoke_tui.studio.models.files import refuse_unusable
from invoke_tui.studio.models.fingerprint import fingerprint
from invoke_tui.studio.models.records import key_for
from invoke_tui.studio.models.registry import Models

Contents = dict[str, tuple[str, str]]
"""Fingerprints that were read before: stamp and fingerprint by path."""
Compared = tuple[Seen, ScanStatus, str]


@dataclass(slots=True)
class _Case:
    """A look on its way to its line."""

    look: Seen
    status: ScanStatus
    record: ModelRecord | None = None
    entry: ScanEntry | None = None
    content: str = ""
    overrides: dict[str, Any] | None = None

    def line(self) -> str:
        key = self.record.key if self.record else ""
        if self.entry is None:
            return self.look.line(self.status, key)
        return self.entry.model_copy(update={"status": self.status, "key": key}).model_dump_json()


class Comparison:
    """Gives looks their status and, where the order says so, installs what is new."""

    def __init__(
        self, models: Models, records: dict[str, dict[str, Any]], contents: Contents, order: ScanOrder
    ) -> None:
        self.added = 0
        self._models = models
        self._records = records
        self._contents = contents
        self._order = order
        self._met: set[str] = set()
        self._stop = threading.Event()
        self._one = asyncio.Lock()

    def stop(self) -> None:
        """End a copy that is under way."""
        self._stop.set()

    async def compare(self, looks: Sequence[Seen]) -> list[Compared]:
        """Each look with its status and its line."""
        cases = [self._first_sight(look) for look in looks]
        doubtful = [case for case in cases if self._wants_content(case)]
        if doubtful:
            await asyncio.to_thread(_read_contents, doubtful, self._contents)
            for case in doubtful:
                await self._by_content(case)
        if self._order.install == "all":
            await self._install([case for case in cases if case.status == "new"])
        return [(case.look, case.status, case.line()) for case in cases]

    async def finish(self) -> None:
        """After the last look."""
        if self.added:
            await self._models.mark_missing()

    def missing_records(self) -> list[Seen]:
        """What other programs have on record and nobody met, because nothing lies there."""
        gone = [path for path in self._records if path not in self._met and not os.path.exists(path)]
        status: ScanStatus = "new" if self._order.install == "all" else "unreadable"
        return [seen(_on_record(path, self._records[path], status), "") for path in gone]

    def _first_sight(self, look: Seen) -> _Case:
        self._met.add(look.path)
        case = _Case(look, look.status, self._models.at(look.path))
        told = self._records.get(look.path)
        if told is not None:
            case.overrides = told
            case.entry = _as_told(look.entry(), told)
            if case.status == "unknown" and "type" in told:
                case.status = "new"
        if case.record is None and told is not None and "key" in told:
            case.record = self._models.by_key(told["key"])
        if case.record is not None and case.status in ("new", "unknown"):
            case.status = "installed"
        return case

    def _wants_content(self, case: _Case) -> bool:
        if case.record is not None:
            return case.status == "installed" and case.look.stamp != self._models.stamp_of(case.record)
        return case.status == "new" and self._models.may_have_content(case.look.file_size)

    async def _by_content(self, case: _Case) -> None:
        if case.record is not None:
            changed = case.record.path == case.look.path and case.record.fingerprint not in ("", case.content)
            if not changed or self._order.install == "all":
                await self._again(case)
            elif changed:
                case.status = "changed"
            return
        same = self._models.with_content(case.content)
        if same is None:
            return
        case.entry = case.entry or case.look.entry()
        if await asyncio.to_thread(os.path.exists, same.path):
            why = f"It is {same.name}, which lies at {same.path}."
            case.record, case.status = same, "installed"
        else:
            why = f"Found again: {same.name} lay at {same.path} before."
            case.record = same
            await self._again(case)
        case.entry = case.entry.model_copy(update={"reason": why})

    async def _again(self, case: _Case) -> None:
        """Let the list take the look over: a file that moved, or another content under a known path."""
        entry = (case.entry or case.look.entry()).model_copy(
            update={"status": "new", "fingerprint": case.content}
        )
        known = case.record
        case.record = await self._models.add(
            entry,
            source=known.source if known else "",
            source_type=known.source_type if known else "path",
            in_place=not self._models.manages(entry.path),
            overrides=case.overrides,
        )
        case.status = "installed"

    async def _install(self, cases: Sequence[_Case]) -> None:
        if not cases:
            return
        async with self._one:
            if self._order.copy_files:
                for case in cases:
                    await self._install_copy(case)
                return
            found = [(self._entry_of(case), case.overrides or {}) for case in cases]
            records = await self._models.add_all(found)
            for case, record in zip(cases, records, strict=True):
                case.record, case.status = record, "installed"
            self.added += len(cases)

    async def _install_copy(self, case: _Case) -> None:
        entry = self._entry_of(case)
        try:
            case.record = await add_copy(self._models, entry, case.overrides or {}, self._stop)
        except StudioError as error:
            case.entry = entry.model_copy(update={"reason": str(error)})
            return
        case.status = "installed"
        self.added += 1

    def _entry_of(self, case: _Case) -> ScanEntry:
        entry = case.entry or case.look.entry()
        return entry.model_copy(update={"status": "new", "fingerprint": case.content})


async def add_copy(
    models: Models, entry: ScanEntry, overrides: dict[str, Any], stop: threading.Event
) -> ModelRecord:
    """Copy what was found into the models folder and register the copy. A model that is there already stays."""
    refuse_unusable(entry, overrides)
    content = entry.fingerprint or await asyncio.to_thread(_content, entry.path)
    same = models.with_content(content)
    if same is not None and not same.missing:
        return same
    key = overrides.get("key") or key_for(entry.path)
    path = await asyncio.to_thread(copy_model, Path(entry.path), models.folder, key, entry.file_size, stop)
    copied = entry.model_copy(update={"path": str(path), "fingerprint": ""})
    return await models.add(copied, source=entry.path, in_place=False, overrides={"key": key, **overrides})


def _read_contents(cases: Sequence[_Case], known: Contents) -> None:
    for case in cases:
        stamp, case.content = known.get(case.look.path, ("", ""))
        if not stamp or stamp != case.look.stamp:
            case.content = _content(case.look.path)
            known[case.look.path] = (case.look.stamp, case.content)


def _content(path: str) -> str:
    try:
        return fingerprint(Path(path))
    except OSError:
        return ""


def _as_told(entry: ScanEntry, told: dict[str, Any]) -> ScanEntry:
    """The entry as another program's record has it."""
    known = {name: value for name, value in told.items() if name in _SHOWN}
    if "default_settings" in known:
        settings = {**entry.default_settings.model_dump(exclude_none=True), **known["default_settings"]}
        known["default_settings"] = settings
    reason = "" if "type" in known and entry.status == "unknown" else entry.reason
    return ScanEntry.model_validate({**entry.model_dump(), "reason": reason, **known})


_SHOWN = frozenset(
    {"name", "description", "type", "base", "format", "variant", "prediction_type", "trigger_phrases"}
    | {"default_settings"}
)


def _on_record(path: str, told: dict[str, Any], status: ScanStatus) -> ScanEntry:
    gone = _as_told(ScanEntry(path=path, status=status, name=os.path.basename(path)), told)
    return gone.model_copy(update={"reason": "It is on record, but nothing lies there."})
