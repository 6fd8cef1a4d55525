"""The typed, asynchronous face of the daemon: what the screens and the CLI verbs call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import invoke_tui
from invoke_tui.client.gallery import GalleryCalls
from invoke_tui.client.history import HistoryCalls
from invoke_tui.client.importing import ImportCalls
from invoke_tui.client.installs import Installing
from invoke_tui.client.keeping import KeepingCalls
from invoke_tui.client.launch import start_daemon
from invoke_tui.client.library import LibraryCalls
from invoke_tui.client.memory import MemoryCalls
from invoke_tui.client.models import ModelCalls
from invoke_tui.client.replay import ReplayCalls
from invoke_tui.client.transport import Transport
from invoke_tui.domain.errors import UnreachableError
from invoke_tui.domain.events import Event
from invoke_tui.domain.request.parameters import GenerationRequest
from invoke_tui.domain.request.upscaling import UpscaleRequest
from invoke_tui.domain.running.queue import Batch, EnqueueResult, ItemStatus, QueueItem, QueuePage
from invoke_tui.domain.running.status import StudioStatus

if TYPE_CHECKING:
    from invoke_tui.config.paths import StudioPaths

MoveTo = Literal["front", "up", "down", "back"]

_RETRY_PAUSE = 0.1
_START_AGAIN = 2.0
_STOP_TIMEOUT = 60.0


class StudioClient(
    Installing,
    ModelCalls,
    MemoryCalls,
    LibraryCalls,
    HistoryCalls,
    ReplayCalls,
    GalleryCalls,
    ImportCalls,
    KeepingCalls,
):
    """One connection to the daemon of one root. Use it as an async context manager.

    Every method raises the ``StudioError`` the daemon reported, or ``UnreachableError`` when the daemon is gone.
    Methods may be called concurrently; ``events()`` may be iterated by several tasks, each with its own stream.
    """

    def __init__(self, paths: StudioPaths) -> None:
        self.paths = paths
        self._transport = Transport(paths.socket)

    @classmethod
    async def connect(
        cls,
        paths: StudioPaths,
        *,
        start: bool = True,
        timeout: float = 30,
        check_version: bool = True,
    ) -> StudioClient:
        """Attach to the daemon of ``paths``, starting it when none runs and ``start`` is set.

        A daemon started here lives in a session of its own and outlives this process. ``check_version=False``
        attaches to a daemon of another version, which is only good for asking its status or stopping it.
        """
        client = cls(paths)
        try:
            status = await client._reach(start, time.monotonic() + timeout)
            if check_version and status.version != invoke_tui.__version__:
                raise UnreachableError(
                    f"The running studio is version {status.version}, this is version {invoke_tui.__version__}.",
                    hint="Stop it with `invoke-tui studio stop`; the queue stays, the next command starts the new one.",
                    code="version_mismatch",
                )
        except BaseException:
            await client.close()
            raise
        return client

    async def _reach(self, start: bool, deadline: float) -> StudioStatus:
        """Ask for the status until it comes, starting a daemon when there is none that could give it.

        One that is just stopping still holds the lock, which makes a second start necessary.
        """
        start_again = 0.0
        while True:
            try:
                return await self.status()
            except UnreachableError as error:
                if not start:
                    raise
                left = deadline - time.monotonic()
                if left <= 0:
                    raise UnreachableError(
                        "The studio did not start in time.",
                        hint=f"Its log is {self.paths.logs_dir}/daemon.log.",
                    ) from error
            if time.monotonic() >= start_again:
                await start_daemon(self.paths, timeout=left)
                start_again = time.monotonic() + _START_AGAIN
            else:
                await asyncio.sleep(_RETRY_PAUSE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection. The daemon and its work go on."""
        await self._transport.close()

    # -- the studio -----------------------------------------------------------------------------------------------

    async def status(self) -> StudioStatus:
        """The daemon at a glance."""
        return StudioStatus.model_validate_json(await self._transport.get("status"))

    async def shutdown(self) -> None:
        """Stop the daemon and wait until it is gone. A running item goes back to the queue and is not lost."""
        await self._transport.post("shutdown", {})
        deadline = time.monotonic() + _STOP_TIMEOUT
        while self.paths.socket.exists() and time.monotonic() < deadline:
            await asyncio.sleep(_RETRY_PAUSE / 2)

    def events(self, since: int = 0) -> AsyncIterator[Event]:
        """What happens, as it happens: first a ``Snapshot``, then every event after it.

        Raises ``UnreachableError`` when the daemon goes away; the caller may connect again and iterate anew.
        """
        return self._transport.events(since)

    # -- the queue ------------------------------------------------------------------------------------------------

    async def enqueue(
        self, request: GenerationRequest, *more: GenerationRequest, front: bool = False
    ) -> EnqueueResult:
        """Enqueue the pictures of requests as one batch, all or none; ``front`` puts them before everything pending."""
        body: dict[str, Any] = {"request": request.model_dump(mode="json"), "front": front}
        if more:
            body["more"] = [other.model_dump(mode="json") for other in more]
        return EnqueueResult.model_validate_json(await self._transport.post("queue/enqueue", body))

    async def enqueue_batch(self, batch: Batch, *, front: bool = False) -> EnqueueResult:
        """Enqueue InvokeAI's batch: a graph, and values to run it with."""
        body = {"batch": batch.model_dump(mode="json"), "front": front}
        return EnqueueResult.model_validate_json(await self._transport.post("queue/batch", body))

    async def upscale(self, request: UpscaleRequest, *, front: bool = False) -> EnqueueResult:
        """Enqueue pictures of the gallery to be made larger, as one batch, all or none."""
        body = {"request": request.model_dump(mode="json"), "front": front}
        return EnqueueResult.model_validate_json(await self._transport.post("queue/upscale", body))

    async def queue(
        self, *, status: ItemStatus | None = None, limit: int = 50, before: int | None = None
    ) -> QueuePage:
        """A page of items, newest first; pass the page's ``next`` as ``before`` for the following one."""
        parameters = {"status": status and status.value, "limit": limit, "before": before}
        return QueuePage.model_validate_json(await self._transport.get("queue", parameters))

    async def item(self, item_id: int) -> QueueItem:
        """One item with all that has happened to it."""
        return QueueItem.model_validate_json(await self._transport.get(f"queue/{item_id}"))

    async def cancel(self, item_ids: Sequence[int]) -> int:
        """Cancel pending and running items; the number that was not finished already."""
        return await self._changed("queue/cancel", {"item_ids": list(item_ids)})

    async def retry(self, item_ids: Sequence[int]) -> int:
        """Enqueue failed and canceled items again, as new items; how many."""
        return await self._changed("queue/retry", {"item_ids": list(item_ids)})

    async def delete(self, item_ids: Sequence[int]) -> int:
        """Remove items from the queue, canceling the running ones; pictures stay."""
        return await self._changed("queue/delete", {"item_ids": list(item_ids)})

    async def clear(self) -> int:
        """Cancel what runs and remove every item; pictures stay."""
        return await self._changed("queue/clear")

    async def prune(self) -> int:
        """Remove the finished items; pictures stay."""
        return await self._changed("queue/prune")

    async def pause(self) -> None:
        """Start no further item; what runs is finished. Remembered over a restart."""
        await self._transport.post("queue/pause", {})

    async def resume(self) -> None:
        """Start items again."""
        await self._transport.post("queue/resume", {})

    async def move(self, item_id: int, to: MoveTo) -> None:
        """Change a pending item's place."""
        await self._transport.post("queue/move", {"item_id": item_id, "to": to})

    async def _changed(self, path: str, body: dict[str, Any] | None = None) -> int:
        answer = await self._transport.post_json(path, body or {})
        return int(answer["changed"])
