"""The bytes of one pickle, of which no more than a model needs are ever read."""

from __future__ import annotations

import struct
from typing import Final, Protocol

from invoke_tui.studio.models.headers.header import UnreadableError

PICKLE_LIMIT: Final = 32 * 2**20
_LINE_LIMIT = 512


class Stream(Protocol):
    """Where a pickle is read from."""

    def read(self, count: int, /) -> bytes:
        """At most ``count`` bytes."""

    def readline(self, limit: int, /) -> bytes:
        """At most ``limit`` bytes, up to a line's end."""


class PickleInput:
    """Reads what the instructions carry with them."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = PICKLE_LIMIT

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes."""
        if count > self._left:
            raise UnreadableError(f"its pickle is longer than the {PICKLE_LIMIT} bytes that are read")
        self._left -= count
        taken = self._stream.read(count)
        if len(taken) != count:
            raise UnreadableError("the file is truncated: its pickle ends in the middle")
        return taken

    def line(self) -> str:
        """The text up to a line's end."""
        line = self._stream.readline(min(_LINE_LIMIT, self._left))
        self._left -= len(line)
        if not line.endswith(b"\n"):
            raise malformed("a name in it does not end")
        return line[:-1].decode("utf-8")

    def number(self, form: str) -> int:
        """One number, in the notation of ``struct``."""
        number: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return number


def malformed(what: str) -> UnreadableError:
    """The refusal of a pickle no pickler can have written."""
    return UnreadableError(f"its pickle is malformed: {what}")
