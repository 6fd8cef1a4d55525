"""Looking after the gallery's files. Most answers are lines of JSON: a ``{"step"}`` each, last the ``{"report"}``."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import StreamingResponse

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.events import GalleryChanged
from invoke_tui.domain.keeping import ArrangeOrder, BackupReport, Step
from invoke_tui.studio.errors import body as body_of
from invoke_tui.studio.services import Given, Services

router = APIRouter(prefix="/keeping", tags=["gallery"])


@router.post("/verify")
async def verify(studio: Given, repair: Annotated[bool, Body(embed=True)] = False) -> StreamingResponse:
    """Check files, rows and search, and mend them where that is asked for; a ``CheckReport``."""
    return _told(studio, studio.keeping.check(repair=repair), changes=repair)


@router.post("/rebuild")
async def rebuild(studio: Given) -> StreamingResponse:
    """List every picture of the folder that is not listed; a ``RebuildReport``."""
    return _told(studio, studio.keeping.rebuild())


@router.post("/arrange")
async def arrange(studio: Given, order: ArrangeOrder) -> StreamingResponse:
    """Move pictures within the folder to where a strategy or template wants them; an ``ArrangeReport``."""
    return _told(studio, studio.keeping.arrange(order))


@router.post("/move")
async def move(studio: Given, outputs_dir: Annotated[str, Body(embed=True)]) -> StreamingResponse:
    """Move the pictures' folder; a ``MoveReport``, after which the daemon ends."""
    return _told(studio, studio.keeping.move(outputs_dir), changes=False)


@router.post("/thumbnails")
async def thumbnails(studio: Given) -> StreamingResponse:
    """Make every thumbnail anew; a ``ThumbnailReport``."""
    return _told(studio, studio.keeping.thumbnails())


@router.post("/backup")
async def backup(studio: Given, file: Annotated[str | None, Body(embed=True)] = None) -> BackupReport:
    """Copy the database, to a file or beside itself."""
    return await studio.keeping.back_up(file)


def _told(studio: Services, work: AsyncGenerator[Record], *, changes: bool = True) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        try:
            async with aclosing(work):
                async for said in work:
                    name = "step" if isinstance(said, Step) else "report"
                    yield f'{{"{name}":{said.model_dump_json()}}}\n'
        except StudioError as error:
            yield json.dumps(body_of(error)) + "\n"
        finally:
            if changes:
                studio.hub.publish(GalleryChanged(names=[]))

    return StreamingResponse(lines(), media_type="application/x-ndjson")
