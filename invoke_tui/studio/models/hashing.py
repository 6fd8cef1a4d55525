"""InvokeAI's hash of a whole model, blake3 as its ``blake3_single``: the same number for the same weights."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, Self

from blake3 import blake3

from invoke_tui.domain.errors import CanceledError, NotFoundError

_SUFFIXES: Final = (".ckpt", ".safetensors", ".bin", ".pt", ".pth")
_PIECE: Final = 4 * 2**20
_ROUND: Final = 0.5


class Hashing:
    """A hash being computed in a thread. Leaving the context ends it."""

    def __init__(self, path: Path) -> None:
        self.digest = ""
        self._path = path
        self._done = 0
        self._stop = threading.Event()
        self._work: asyncio.Future[str] | None = None

    async def __aenter__(self) -> Self:
        self._work = asyncio.ensure_future(
            asyncio.to_thread(hash_model, self._path, self._reached, self._stop)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._work is not None:
            await asyncio.wait({self._work})

    async def progress(self) -> AsyncIterator[int]:
        """The bytes that are read, now and then; afterwards ``digest`` is the hash."""
        assert self._work is not None, "the context was entered"
        while not (await asyncio.wait({self._work}, timeout=_ROUND))[0]:
            yield self._done
        self.digest = self._work.result()

    def _reached(self, done: int) -> None:
        self._done = done


def hash_model(path: Path, progress: Callable[[int], None], stop: threading.Event) -> str:
    """``blake3:<hex>`` of a file, or of the hashes of a folder's weights in the order of their paths.

    ``progress`` gets the bytes read so far. For a thread. Raises ``NotFoundError`` when something cannot be read,
    ``CanceledError`` after ``stop``."""
    done = 0

    def digest(file: Path) -> str:
        nonlocal done
        hasher = blake3()
        with open(file, "rb", buffering=0) as reading:
            while piece := reading.read(_PIECE):
                if stop.is_set():
                    raise CanceledError("The hash was canceled.")
                hasher.update(piece)
                done += len(piece)
                progress(done)
        return hasher.hexdigest()

    try:
        if path.is_file():
            return f"blake3:{digest(path)}"
        files = [Path(parent) / name for parent, _, names in os.walk(path) for name in names]
        whole = blake3()
        for file in sorted(files):
            if file.suffix in _SUFFIXES and (file.is_file() or not file.exists()):  # no pipes
                whole.update(digest(file).encode())
        return f"blake3:{whole.hexdigest()}"
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror or error}.", code="model_missing"
        ) from error
