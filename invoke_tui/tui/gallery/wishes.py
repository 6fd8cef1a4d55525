"""What is looked at now is fetched first, and what nobody looks at any more is not fetched at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Wishes(Generic[Key]):
    """Does something for each of the keys wished for last, in their order; new wishes take the place of old ones.

    ``do`` is called with as many keys as ``at_once`` says, or those that are left.
    """

    def __init__(self, do: Callable[..., Awaitable[None]], *, at_once: int = 1) -> None:
        self._do, self._at_once = do, at_once
        self._wished: list[Key] = []
        self._begun: set[Key] = set()
        self._wake = asyncio.Event()

    def want(self, keys: Sequence[Key]) -> None:
        """These, and nothing of what was wished for before and is not begun."""
        self._wished = [key for key in keys if key not in self._begun]
        if self._wished:
            self._wake.set()

    async def run(self) -> None:
        """Fulfil wishes for ever; several of these may run at once."""
        while True:
            await self._wake.wait()
            if not self._wished:
                self._wake.clear()
                continue
            keys, self._wished = self._wished[: self._at_once], self._wished[self._at_once :]
            self._begun.update(keys)
            try:
                await self._do(*keys)
            finally:
                self._begun.difference_update(keys)
