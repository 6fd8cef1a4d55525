"""Works on the gallery's files that can be left alone: they go on when nobody looks, and can be looked at again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import CanceledError, NotFoundError, StudioError
from invoke_tui.domain.events import GalleryChanged, KeepingChanged
from invoke_tui.domain.gallery.keeping import KeepingVerb, Step
from invoke_tui.studio.hub import Hub

_TELL_EVERY: Final = 0.25
_log = logging.getLogger(__name__)


class Work:
    """One work: what it said last, and how it ended."""

    def __init__(
        self, verb: KeepingVerb, words: AsyncGenerator[Record], heard: Callable[[Step | None], None]
    ) -> None:
        self.verb = verb
        self.ended = False
        self._words, self._heard = words, heard
        self._said: Record | None = None
        self._error: StudioError | None = None
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    async def follow(self) -> AsyncGenerator[Record]:
        """Its last word and those that come, at the end the report. Raises the ``StudioError`` that it ended with."""
        followed: Record | None = None
        while True:
            news, said = self._news, self._said
            if said is not None and said is not followed:
                followed = said
                yield said
            elif self.ended:
                break
            else:
                await news.wait()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """End it; what was done stays, a move of the folder is undone."""
        self.task.cancel()

    async def _run(self) -> None:
        try:
            async with aclosing(self._words) as words:
                async for said in words:
                    self._said = said
                    if isinstance(said, Step):
                        self._heard(said)
                    self._tell()
        except StudioError as error:
            self._error = error
        except asyncio.CancelledError:
            self._error = CanceledError("It was ended.", hint="Begin again whenever you like.")
        except Exception as error:  # whatever it is, those who follow must hear of an end
            _log.exception("%s failed", self.verb)
            self._error = StudioError(f"It failed: {type(error).__name__}.", hint="See the log.")
        finally:
            self.ended = True
            self._heard(None)
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Works:
    """All works of a daemon. The one that was begun last can be followed, also after its end."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._running: set[Work] = set()
        self._latest: Work | None = None

    @property
    def active(self) -> int:
        """How many are at work."""
        return len(self._running)

    @property
    def latest(self) -> Work:
        """The last one. Raises ``NotFoundError``."""
        if self._latest is None:
            raise NotFoundError("Nothing was done to the gallery's files since the studio started.")
        return self._latest

    def start(self, verb: KeepingVerb, words: AsyncGenerator[Record], *, changes: bool) -> Work:
        """Begin; the words themselves refuse where another is at work."""

        told = 0.0

        def heard(step: Step | None) -> None:
            nonlocal told
            if step is not None and time.monotonic() - told < _TELL_EVERY:
                return
            told = time.monotonic()
            self._hub.publish(KeepingChanged(verb=verb, step=step))
            if step is None and changes:
                self._hub.publish(GalleryChanged())

        work = Work(verb, words, heard)
        self._running.add(work)
        work.task.add_done_callback(lambda _: self._running.discard(work))
        if self._latest is None or self._latest.ended:
            self._latest = work
        return work

    async def close(self) -> None:
        """End all."""
        tasks = [work.task for work in self._running]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
