"""Go on listening to a daemon that may go away: it is started again, because what it works on is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import UnreachableError

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.config.paths import StudioPaths

_RECONNECTS: Final = 5
_PAUSE: Final = 0.5


async def follow_until(
    done: Callable[[], bool],
    follow: Callable[[StudioClient], Awaitable[None]],
    client: StudioClient,
    paths: StudioPaths,
) -> None:
    """``follow`` with a client, and with a new one each time the daemon is lost, until ``done``.

    Raises ``UnreachableError`` when it is lost too often in a row.
    """
    from invoke_tui.client import StudioClient

    failures, current = 0, client
    try:
        while not done():
            try:
                await follow(current)
                failures = 0
            except UnreachableError:
                failures += 1
                if failures > _RECONNECTS:
                    raise
                await asyncio.sleep(_PAUSE * failures)
                if current is not client:
                    await current.close()
                current = await StudioClient.connect(paths, start=True)
    finally:
        if current is not client:
            await current.close()
