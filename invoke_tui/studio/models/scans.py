"""Scans as a service: starting and canceling them, the folders that are looked through again, installing a choice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.scan import InstallOrder, ScanEntry, ScanFolder, ScanOrder, ScanSummary
from invoke_tui.studio.database import Database
from invoke_tui.studio.database.tables import now, scan_folders
from invoke_tui.studio.models.cache import recall
from invoke_tui.studio.models.comparing import Contents, add_copy
from invoke_tui.studio.models.readers import Reader
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.roots import Recognised, recognise
from invoke_tui.studio.models.scanning import Scan
from invoke_tui.studio.models.walk import found


class Scans:
    """The scans of one daemon. Each is on its own: as many as are asked for run beside each other."""

    def __init__(self, database: Database, models: Models) -> None:
        self._database = database
        self._models = models
        self._running: dict[str, Scan] = {}
        self._contents: Contents = {}
        self._told: dict[str, dict[str, Any]] = {}  # what other programs know about models, by path

    async def open(self, order: ScanOrder) -> tuple[str, Scan]:
        """A scan that can be begun, and its id. Raises ``NotFoundError`` when a path is not there, or none is known."""
        paths: Sequence[str] = order.paths or [folder.path for folder in await self.folders()]
        if not paths:
            raise NotFoundError(
                "No folder was scanned yet.", hint="Name one: invoke-tui models scan DIR.", code="no_folders"
            )
        if order.paths:
            roots = [await asyncio.to_thread(recognise, Path(path)) for path in paths]
        else:  # a remembered folder may be on a disk that is not there today
            roots = [r for r in await asyncio.gather(*map(self._there, paths)) if r is not None]
        for root in roots:
            self._told |= root.records
        scan = Scan(self._database, self._models, roots, self._contents, order)
        scan_id = uuid4().hex
        self._running[scan_id] = scan
        return scan_id, scan

    async def close(self, scan_id: str) -> None:
        """The scan came to its end: remember its folders, unless it was canceled."""
        scan = self._running.pop(scan_id, None)
        if scan is not None and not scan.canceled:
            await self._database.write(lambda c: _keep(c, scan.summary))

    def abandon(self, scan_id: str) -> None:
        """The scan was left before its end."""
        self._running.pop(scan_id, None)

    def cancel(self, scan_id: str) -> None:
        """End a scan; its stream still says how far it came."""
        scan = self._running.get(scan_id)
        if scan is None:
            raise NotFoundError("There is no such scan; it may be over.", code="scan_not_found")
        scan.cancel()

    async def folders(self) -> list[ScanFolder]:
        """The remembered folders."""

        def read(connection: Connection) -> list[ScanFolder]:
            rows = connection.execute(select(scan_folders).order_by(scan_folders.c.path)).mappings()
            return [
                ScanFolder.model_validate({**row, "summary": ScanSummary.model_validate_json(row["summary"])})
                for row in rows
            ]

        return await self._database.read(read)

    async def forget(self, path: str) -> None:
        """Look through a folder no more. Models from there stay."""
        statement = delete(scan_folders).where(scan_folders.c.path == path)
        if not await self._database.write(lambda c: c.execute(statement).rowcount):
            raise NotFoundError(f"The folder {path[:500]} is not remembered.", code="folder_not_found")

    async def install(self, order: InstallOrder) -> list[ModelRecord]:
        """Register what a person chose, in place or copied. In place: all or none."""
        if order.overrides and len(order.paths) > 1:
            raise BadInputError("Only one model at a time can be said to be something else.")
        entries = [(e, order.overrides or self._told.get(e.path, {})) for e in await self.look(order.paths)]
        if not order.copy_files:
            return await self._models.add_all(entries)
        stop = threading.Event()
        try:
            return [await add_copy(self._models, entry, told, stop) for entry, told in entries]
        finally:
            stop.set()

    async def look(self, paths: Iterable[str]) -> list[ScanEntry]:
        """What lies at these paths: as the last scan saw it where nothing changed, else read anew."""
        finds = await asyncio.to_thread(lambda: [found(path) for path in paths])
        known = await recall(self._database, [one for one in finds if not one.problem])
        reader = Reader()
        try:
            read = await reader.read([one.path for one in finds if one.path not in known])
        finally:
            await reader.close()
        anew = {entry.path: entry for entry in read}
        return [known[one.path].entry() if one.path in known else anew[one.path] for one in finds]

    async def _there(self, path: str) -> Recognised | None:
        try:
            return await asyncio.to_thread(recognise, Path(path))
        except NotFoundError:
            return None


def _keep(connection: Connection, summary: ScanSummary) -> None:
    for root in summary.roots:
        values = {
            "path": root.path,
            "kind": root.kind,
            "scanned_at": now(),
            "summary": summary.model_copy(update={"roots": (root,)}).model_dump_json(),
        }
        statement = insert(scan_folders).values(values)
        connection.execute(statement.on_conflict_do_update(index_elements=["path"], set_=values))
