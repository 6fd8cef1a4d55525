"""The daemon itself: how it is, what it can use, what happens in it, and its end."""

from __future__ import annotations

import asyncio
import os
import time

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

import invoke_tui
from invoke_tui.domain.base import Record
from invoke_tui.domain.events import Snapshot
from invoke_tui.domain.running.status import StudioStatus
from invoke_tui.studio.hub import Envelope, Reader, TooSlowError
from invoke_tui.studio.services import Given, Services

router = APIRouter(tags=["studio"])


class Stopping(Record):
    """The daemon that is about to stop."""

    pid: int


@router.get("/status")
async def status(studio: Given) -> StudioStatus:
    """The daemon at a glance."""
    pause = studio.queue.pause_state
    return StudioStatus(
        running=True,
        pid=os.getpid(),
        socket=str(studio.paths.socket),
        version=invoke_tui.__version__,
        root=str(studio.paths.root or studio.paths.data_dir),
        uptime=round(time.monotonic() - studio.started, 3),
        workers=studio.supervisor.workers,
        counts=await studio.queue.counts(),
        paused=pause is not None,
        pause_reason=pause.reason if pause else "",
    )


@router.post("/shutdown")
async def shutdown(studio: Given) -> Stopping:
    """Stop, after this answer."""
    studio.stop("asked to stop")
    return Stopping(pid=os.getpid())


@router.websocket("/events")
async def events(socket: WebSocket, studio: Given, since: int = 0) -> None:
    """A snapshot, then everything that happens. What the reader has not taken yet waits in the hub, not here."""
    await socket.accept()
    with studio.hub.subscribe(since) as (reader, sequence):
        sending = asyncio.create_task(_send(socket, reader, await _snapshot(studio, sequence)))
        hanging_up = asyncio.create_task(_until_gone(socket))
        try:
            await asyncio.wait({sending, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            hanging_up.cancel()
            await asyncio.gather(sending, hanging_up, return_exceptions=True)


async def _send(socket: WebSocket, reader: Reader, snapshot: Snapshot) -> None:
    try:
        await socket.send_text(Envelope(snapshot).text)
        while True:
            await socket.send_text((await reader.next()).text)
    except TooSlowError:
        await socket.close(1013, "too much was left unread")
    except (WebSocketDisconnect, RuntimeError, OSError):
        return


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _snapshot(studio: Services, sequence: int) -> Snapshot:
    running, counts = await studio.queue.running()
    pause = studio.queue.pause_state
    ids = {item.item_id for item in running}
    return Snapshot(
        sequence=sequence,
        counts=counts,
        paused=pause is not None,
        pause_reason=pause.reason if pause else "",
        running=running,
        workers=studio.supervisor.workers,
        progress=[event for item_id, event in studio.hub.progress.items() if item_id in ids],
        previews=[event for item_id, event in studio.hub.previews.items() if item_id in ids],
    )
