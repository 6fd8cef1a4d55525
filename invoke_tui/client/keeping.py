"""Calls that look after the gallery's files. ``progress`` gets each ``Step``; hanging up ends the work.

Those that begin with ``keep`` are for who may leave: the work goes on, and ``keep_following`` finds it again.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, cast

from invoke_tui.domain.errors import ExitCode, StudioError, UnreachableError, error_from_json
from invoke_tui.domain.gallery.keeping import (
    ArrangeOrder,
    ArrangePlan,
    ArrangeReport,
    BackupReport,
    CheckReport,
    KeepingVerb,
    MoveReport,
    RebuildReport,
    SpaceReport,
    Step,
    ThumbnailReport,
)

if TYPE_CHECKING:
    from invoke_tui.client.transport import Transport
    from invoke_tui.config.paths import StudioPaths

Progress = Callable[[Step], None]
Report = CheckReport | RebuildReport | ArrangeReport | MoveReport | ThumbnailReport
REPORTS: Final[dict[KeepingVerb, type[Report]]] = {
    "verify": CheckReport,
    "rebuild": RebuildReport,
    "arrange": ArrangeReport,
    "move": MoveReport,
    "thumbnails": ThumbnailReport,
}


class KeepingCalls:
    """Methods of ``StudioClient``."""

    _transport: Transport

    async def verify_gallery(self, *, repair: bool = False, progress: Progress | None = None) -> CheckReport:
        """Check files, rows and search, and mend them where that is asked for."""
        return CheckReport.model_validate(await self._done("verify", {"repair": repair}, progress))

    async def rebuild_gallery(self, progress: Progress | None = None) -> RebuildReport:
        """List every picture of the folder that is not listed, from what the files say."""
        return RebuildReport.model_validate(await self._done("rebuild", {}, progress))

    async def arrange_images(self, order: ArrangeOrder, progress: Progress | None = None) -> ArrangeReport:
        """Move pictures within their folder. Raises ``StudioError`` (``queue_running``) while the queue is at work."""
        body = order.model_dump(mode="json")
        return ArrangeReport.model_validate(await self._done("arrange", body, progress))

    async def move_outputs(self, outputs_dir: str, progress: Progress | None = None) -> MoveReport:
        """Move the pictures' folder; the daemon ends afterwards. Raises as ``arrange_images``."""
        return MoveReport.model_validate(await self._done("move", {"outputs_dir": outputs_dir}, progress))

    async def rebuild_thumbnails(self, progress: Progress | None = None) -> ThumbnailReport:
        """Make every thumbnail anew."""
        return ThumbnailReport.model_validate(await self._done("thumbnails", {}, progress))

    async def back_up_database(self, file: str | None = None) -> BackupReport:
        """Copy the database, to a file or to its backups."""
        answer = await self._transport.post("keeping/backup", {"file": file})
        return BackupReport.model_validate_json(answer)

    async def gallery_space(self) -> SpaceReport:
        """What pictures, thumbnails, trash and database take."""
        return SpaceReport.model_validate_json(await self._transport.get("keeping/space"))

    async def plan_arranging(self, order: ArrangeOrder) -> ArrangePlan:
        """What ``arrange_images`` would do."""
        answer = await self._transport.post("keeping/arrange/plan", order.model_dump(mode="json"))
        return ArrangePlan.model_validate_json(answer)

    async def keep(self, verb: KeepingVerb, body: dict[str, Any], progress: Progress) -> Report:
        """Do one of the above, which goes on when the answer is no longer waited for."""
        return REPORTS[verb].model_validate(await self._done(verb, body, progress, stays=True))

    async def keep_following(self, progress: Progress) -> Report:
        """Wait for the work that was begun last, or for the report that it left. Raises ``NotFoundError`` where there
        is none, and what it ended with."""
        began: list[KeepingVerb] = []
        said = await self._done("follow", {}, progress, began.append)
        return REPORTS[began[0]].model_validate(said)

    async def end_keeping(self) -> None:
        """End the work that was begun last."""
        await self._transport.post("keeping/end", {})

    async def _done(
        self,
        path: str,
        body: dict[str, Any],
        progress: Progress | None,
        began: Callable[[KeepingVerb], None] | None = None,
        *,
        stays: bool = False,
    ) -> Any:
        async with aclosing(self._transport.stream(f"keeping/{path}", body, stays=stays)) as lines:
            async for line in lines:
                said = _checked(json.loads(line))
                if "report" in said:
                    return said["report"]
                if "work" in said and began is not None:
                    began(cast("KeepingVerb", said["work"]))
                if "step" in said and progress is not None:
                    progress(Step.model_validate(said["step"]))
        raise UnreachableError(
            "The studio went away.", hint="Ask again: what was begun goes on or is undone."
        )


async def offline(paths: StudioPaths, verb: str, *arguments: str) -> dict[str, Any]:
    """Do something to the database while no daemon runs: ``restore FILE`` or ``put-away``; what was done."""
    root = ["--root", str(paths.root)] if paths.root else []
    command = [sys.executable, "-P", "-m", "invoke_tui.studio.offline", *root, verb, *arguments]
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    try:
        said: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        tail = ended.stderr.decode(errors="replace").strip()[-500:]
        raise StudioError(f"The database could not be changed. {tail}") from None
    return _checked(said)


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        raise error_from_json(answer["error"], int(answer.get("exit_code", ExitCode.FAILED)))
    return answer
