"""The fake studio's housekeeping: one work, whose steps come when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from invoke_tui.client.keeping import REPORTS, Report
from invoke_tui.domain.errors import CanceledError, NotFoundError
from invoke_tui.domain.gallery.keeping import (
    ArrangeOrder,
    ArrangePlan,
    BackupFile,
    BackupReport,
    CheckReport,
    Finding,
    Held,
    KeepingVerb,
    PlannedMove,
    SpaceReport,
    Step,
)


class FakeKeeping:
    """Mixed into ``FakeClient``."""

    calls: list[tuple[Any, ...]]

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.backup_list: list[BackupFile] = []
        self.reports: dict[str, Any] = {}
        """What works answer, by verb."""
        self.may_end = asyncio.Event()
        self.may_end.set()
        self._work: asyncio.Task[Report] | None = None
        self._step = Step(doing="reading pictures", done=300, total=3_000)

    async def gallery_space(self) -> SpaceReport:
        return SpaceReport(
            images_dir="/srv/pictures/outputs/images",
            strategy="date",
            free=48_000_000_000,
            pictures=Held(count=3_000, size=4_200_000_000),
            trash=Held(count=12, size=9_000_000),
            thumbnails=Held(count=2_990, size=31_000_000),
            database=8_000_000,
            backups=self.backup_list,
        )

    async def keep(self, verb: KeepingVerb, body: dict[str, Any], progress: Callable[[Step], None]) -> Report:
        self.calls.append(("keep", verb, body))
        self._work = asyncio.create_task(self._do(verb, body))
        return await self.keep_following(progress)

    async def keep_following(self, progress: Callable[[Step], None]) -> Report:
        if self._work is None:
            raise NotFoundError("Nothing was done.")
        if not self._work.done():
            progress(self._step)
        try:
            return await asyncio.shield(self._work)
        except asyncio.CancelledError:
            if self._work.cancelled():
                raise CanceledError("It was ended.") from None
            raise

    async def end_keeping(self) -> None:
        assert self._work is not None
        self._work.cancel()

    async def _do(self, verb: KeepingVerb, body: dict[str, Any]) -> Report:
        await self.may_end.wait()
        if verb != "verify":
            return REPORTS[verb].model_validate(self.reports.get(verb, {}))
        kinds = body.get("kinds", ()) if body.get("repair") else ()
        mended = {"repair": "taken off the list", "repaired": True}
        found = [one.model_copy(update=mended) if one.kind in kinds else one for one in self.findings]
        backup = "/srv/databases/backups/before.db" if kinds else None
        return CheckReport(pictures=3_000, files=2_998, findings=found, backup=backup)

    async def plan_arranging(self, order: ArrangeOrder) -> ArrangePlan:
        moves = [PlannedMove(old="a.png", new=f"{order.template or order.strategy}/a.png")]
        return ArrangePlan(moves=1, in_place=2, first=moves)

    async def back_up_database(self, file: str | None = None) -> BackupReport:
        return BackupReport(path="/srv/databases/backups/new.db", size=8_000_000, pictures=3_000)
