"""Looking after the gallery's files.

Most answers are lines of JSON: first the ``{"work"}``, a ``{"step"}`` each, last the ``{"report"}``. Hanging up ends
the work, unless ``stays`` was asked for.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import StreamingResponse

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.keeping import (
    FINDINGS,
    ArrangeOrder,
    ArrangePlan,
    BackupReport,
    FindingKind,
    KeepingVerb,
    SpaceReport,
    Step,
)
from invoke_tui.studio.errors import body as body_of
from invoke_tui.studio.gallery.keeping.works import Work
from invoke_tui.studio.services import Given, Services

router = APIRouter(prefix="/keeping", tags=["gallery"])
Stays = Annotated[bool, Query(description="The work goes on when the answer is hung up")]


@router.post("/verify")
async def verify(
    studio: Given,
    repair: Annotated[bool, Body()] = False,
    kinds: Annotated[list[FindingKind] | None, Body(description="What to mend; unset = all")] = None,
    stays: Stays = False,
) -> StreamingResponse:
    """Check files, rows and search, and mend them where that is asked for; a ``CheckReport``."""
    work = studio.keeping.check(repair=repair, kinds=FINDINGS if kinds is None else kinds)
    return _begun(studio, "verify", work, stays=stays, changes=repair)


@router.post("/rebuild")
async def rebuild(studio: Given, stays: Stays = False) -> StreamingResponse:
    """List every picture of the folder that is not listed; a ``RebuildReport``."""
    return _begun(studio, "rebuild", studio.keeping.rebuild(), stays=stays)


@router.post("/arrange")
async def arrange(studio: Given, order: ArrangeOrder, stays: Stays = False) -> StreamingResponse:
    """Move pictures within the folder to where a strategy or template wants them; an ``ArrangeReport``."""
    return _begun(studio, "arrange", studio.keeping.arrange(order), stays=stays)


@router.post("/arrange/plan")
async def plan(studio: Given, order: ArrangeOrder) -> ArrangePlan:
    """What arranging would do."""
    return await studio.keeping.plan(order)


@router.post("/move")
async def move(
    studio: Given, outputs_dir: Annotated[str, Body(embed=True)], stays: Stays = False
) -> StreamingResponse:
    """Move the pictures' folder; a ``MoveReport``, after which the daemon ends."""
    return _begun(studio, "move", studio.keeping.move(outputs_dir), stays=stays, changes=False)


@router.post("/thumbnails")
async def thumbnails(studio: Given, stays: Stays = False) -> StreamingResponse:
    """Make every thumbnail anew; a ``ThumbnailReport``."""
    return _begun(studio, "thumbnails", studio.keeping.thumbnails(), stays=stays)


@router.post("/follow")
async def follow(studio: Given) -> StreamingResponse:
    """The work that was begun last, from where it is, or how it ended. Hanging up ends nothing."""
    return _told(studio.works.latest, stays=True)


@router.post("/end")
async def end(studio: Given) -> None:
    """End the work that was begun last; what was done stays, a move of the folder is undone."""
    studio.works.latest.cancel()


@router.post("/backup")
async def backup(studio: Given, file: Annotated[str | None, Body(embed=True)] = None) -> BackupReport:
    """Copy the database, to a file or beside itself."""
    return await studio.keeping.back_up(file)


@router.get("/space")
async def space(studio: Given) -> SpaceReport:
    """What the gallery takes on the disk."""
    return await studio.keeping.space(studio.settings)


def _begun(
    studio: Services, verb: KeepingVerb, words: AsyncGenerator[Record], *, stays: bool, changes: bool = True
) -> StreamingResponse:
    return _told(studio.works.start(verb, words, changes=changes), stays=stays)


def _told(work: Work, *, stays: bool) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        try:
            yield json.dumps({"work": work.verb}) + "\n"
            async for said in work.follow():
                name = "step" if isinstance(said, Step) else "report"
                yield f'{{"{name}":{said.model_dump_json()}}}\n'
        except StudioError as error:
            yield json.dumps(body_of(error)) + "\n"
        finally:
            if not stays:
                work.cancel()

    return StreamingResponse(lines(), media_type="application/x-ndjson")
