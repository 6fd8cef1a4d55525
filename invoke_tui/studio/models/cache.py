"""What scans found, remembered by path and stamp: an unchanged file is not opened again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.domain.models.scan import ScanEntry, ScanStatus
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import scan_cache
from invoke_tui.studio.models.walk import Found

_SELECT = select(
    scan_cache.c.path, scan_cache.c.stamp, scan_cache.c.status, scan_cache.c.file_size, scan_cache.c.entry
).where(scan_cache.c.path.in_(bindparam("paths", expanding=True)))


@dataclass(frozen=True, slots=True)
class Seen:
    """One look that was taken, as text that can be sent on as it is: an object without ``status`` and ``key``."""

    path: str
    stamp: str
    status: ScanStatus
    file_size: int
    text: str

    def line(self, status: ScanStatus, key: str = "") -> str:
        """The entry as a line of JSON. ``key`` is one of ours: it needs no escaping."""
        return f'{{"status":"{status}","key":"{key}",{self.text[1:]}'

    def entry(self) -> ScanEntry:
        """The entry itself."""
        return ScanEntry.model_validate_json(self.line(self.status))


def seen(entry: ScanEntry, stamp: str) -> Seen:
    """A look that was just taken."""
    text = entry.model_dump_json(exclude={"status", "key"})
    return Seen(entry.path, stamp, entry.status, entry.file_size, text)


async def recall(database: Database, finds: Sequence[Found]) -> dict[str, Seen]:
    """The remembered looks at those of ``finds`` that have not changed since, by path."""
    stamps = {found.path: found.stamp for found in finds}

    def read(connection: Connection) -> dict[str, Seen]:
        rows = connection.execute(_SELECT, {"paths": list(stamps)})
        return {
            row.path: Seen(row.path, row.stamp, row.status, row.file_size, row.entry)
            for row in rows
            if stamps[row.path] == row.stamp
        }

    return await database.read(read)


async def remember(database: Database, looks: Iterable[Seen]) -> None:
    """Keep looks for the next scan."""
    values = [
        {"path": s.path, "stamp": s.stamp, "status": s.status, "file_size": s.file_size, "entry": s.text}
        for s in looks
        if s.stamp
    ]
    if not values:
        return
    statement = insert(scan_cache)
    update = {name: statement.excluded[name] for name in ("stamp", "status", "file_size", "entry")}
    statement = statement.on_conflict_do_update(index_elements=["path"], set_=update)
    await database.write(lambda connection: connection.execute(statement, values))
