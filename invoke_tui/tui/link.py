"""The line to the daemon: opened after the first paint, kept open, and opened again when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from invoke_tui.domain.errors import StudioError, UnreachableError
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.messages import LinkChanged, StudioEvent

if TYPE_CHECKING:
    from textual.message import Message

    from invoke_tui.client import StudioClient

Connect = Callable[[], Awaitable["StudioClient"]]

FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 8.0
PATIENCE: Final = 90.0
"""Seconds a request waits for the studio to come up before it is given back as unreachable."""


class Link:
    """Holds the client while there is one, and posts what the daemon says."""

    def __init__(self, connect: Connect, post: Callable[[Message], object]) -> None:
        self._connect = connect
        self._post = post
        self._client: StudioClient | None = None
        self._up = asyncio.Event()
        self._hurry = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._trouble = ""

    async def run(self) -> None:
        """Connect, listen, and start over after a break, for as long as the app lives."""
        pause = FIRST_PAUSE
        try:
            while True:
                await self._wanted.wait()
                try:
                    self._client = await self._connect()
                    async for event in self._client.events():
                        if not self._up.is_set():
                            self._up.set()
                            self._post(LinkChanged("connected"))
                            pause = FIRST_PAUSE
                        self._post(StudioEvent(event))
                    trouble: Exception = UnreachableError("The studio went away.")
                except (StudioError, OSError) as error:
                    trouble = error
                self._trouble = safe_text(trouble)
                self._up.clear()
                self._post(LinkChanged("lost", self._trouble))
                await self._let_go()
                await self._wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            await self._let_go()

    async def client(self) -> StudioClient:
        """The connected client, waiting while the studio starts."""
        self._hurry.set()
        try:
            await asyncio.wait_for(self._up.wait(), PATIENCE)
        except TimeoutError:
            raise UnreachableError(
                self._trouble or "The studio does not answer.", hint="`invoke-tui studio status` says more."
            ) from None
        if self._client is None:
            raise UnreachableError("The studio went away just now.", hint="Press the key again in a moment.")
        return self._client

    @asynccontextmanager
    async def without_studio(self) -> AsyncIterator[None]:
        """Stop the daemon, and let it be stopped for as long as this takes. Raises ``StudioError``."""
        client = await self.client()
        self._wanted.clear()
        try:
            await client.shutdown()
            yield
        finally:
            self._wanted.set()
            self._hurry.set()

    @property
    def connected(self) -> bool:
        """The daemon answers."""
        return self._up.is_set()

    async def _wait(self, pause: float) -> None:
        """Wait before the next attempt; a request that needs the studio ends the wait."""
        self._hurry.clear()
        try:
            await asyncio.wait_for(self._hurry.wait(), pause)
        except TimeoutError:
            return
        await asyncio.sleep(FIRST_PAUSE)

    async def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
