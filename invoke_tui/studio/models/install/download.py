"""One file from an address to the disk: resumed where it was cut, verified before it gets its name."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from blake3 import blake3

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install.errors import (
    CutError,
    DownloadError,
    NoSpaceError,
    free_bytes,
    host_of,
    login_page,
)
from invoke_tui.studio.models.install.plan import Wanted
from invoke_tui.studio.models.install.web import ATTEMPTS, Web, looks_like_page, pause_for

UNANNOUNCED_LIMIT: Final = 2 * 2**30
"""Bytes taken from a server that does not say how many come."""
_PIECE: Final = 2**20
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_WHOLE: Final = re.compile(r"bytes \*/(\d+)")

Progress = Callable[[int, int | None], None]
"""Called with the bytes on disk and, once it is known, the size."""


@dataclass
class _Marker:
    """What must not have changed for a download to go on where it stopped."""

    etag: str = ""
    modified: str = ""
    size: int | None = None

    @property
    def condition(self) -> str:
        """The If-Range header: a strong tag, else the date. A weak tag promises nothing about bytes."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    @classmethod
    def read(cls, path: Path) -> _Marker | None:
        """The marker of an earlier attempt, if it can be read."""
        try:
            found: Any = json.loads(path.read_text())
            size = found["size"]
            return cls(str(found["etag"]), str(found["modified"]), size if isinstance(size, int) else None)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Keep it beside the part."""
        path.write_text(json.dumps({"etag": self.etag, "modified": self.modified, "size": self.size}))


class Download:
    """Gets one file into ``target``. While it lasts, ``target.part`` grows, with ``target.part.json`` beside it."""

    def __init__(
        self,
        web: Web,
        wanted: Wanted,
        target: Path,
        progress: Progress,
        *,
        token: str | None = None,
        use_token: bool = True,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._web, self._wanted, self._target = web, wanted, target
        self._progress, self._say = progress, say
        self._token, self._use_token = token, use_token
        self._part = target.with_name(f"{target.name}.part")
        self._marker_file = target.with_name(f"{target.name}.part.json")

    async def run(self) -> None:
        """Get the file. Raises a ``StudioError`` when it cannot be had; what is worth keeping then stays."""
        if self._target.exists():
            self._progress(self._target.stat().st_size, self._target.stat().st_size)
            return
        self._target.parent.mkdir(parents=True, exist_ok=True)
        failures, most = 0, self._here
        while True:
            try:
                await self._attempt()
                break
            except CutError as cut:
                failures = 1 if self._here > most else failures + 1
                most = max(most, self._here)
                if failures >= ATTEMPTS:
                    raise DownloadError(
                        f"{self._name} could not be downloaded: {cut}; {self._here:,} bytes are here.",
                        hint="They are kept: resume the job when the connection is back.",
                    ) from cut
                pause = pause_for(cut, failures - 1)
                self._say(f"{safe_text(str(cut), limit=200)}; again in {pause:.0f} s")
                await asyncio.sleep(pause)
                self._say("")
            except OSError as error:
                raise self._disk_error(error) from error
        await self._finish()

    @property
    def _here(self) -> int:
        try:
            return self._part.stat().st_size
        except OSError:
            return 0

    @property
    def _name(self) -> str:
        return safe_text(self._wanted.path, limit=200)

    async def _attempt(self) -> None:
        marker = _Marker.read(self._marker_file)
        here = self._here if marker else 0
        # without a condition, bytes of two versions could be mixed; a checksum would tell
        if marker is None or not (marker.condition or self._wanted.sha256):
            here = 0
        if marker and here and here == marker.size:
            return
        headers: dict[str, str] = {}
        if marker and here:
            headers["Range"] = f"bytes={here}-"
            if marker.condition:
                headers["If-Range"] = marker.condition
        async with self._web.get(
            self._wanted.url, headers, token=self._token, use_token=self._use_token
        ) as response:
            if response.status_code == 416:
                found = _WHOLE.fullmatch(response.headers.get("content-range", ""))
                if here and found and int(found[1]) == here:
                    return
                self._forget()
                raise CutError(f"{host_of(self._wanted.url)} has another file now", 0)
            start = self._start(response, here, marker)
            total = self._total(response, start)
            await self._check_room(total, start)
            new = _Marker(response.headers.get("etag", ""), response.headers.get("last-modified", ""), total)
            if start == 0 or marker is None:
                self._part.unlink(missing_ok=True)
                new.write(self._marker_file)
            await self._receive(response, start, total)
        if total is not None and self._here < total:
            raise CutError(f"{host_of(self._wanted.url)} sent {self._here:,} of {total:,} bytes")
        if total is None:
            _Marker(new.etag, new.modified, self._here).write(self._marker_file)

    def _start(self, response: httpx.Response, here: int, marker: _Marker | None) -> int:
        """Where the answer's bytes belong."""
        if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
            raise DownloadError(
                f"{host_of(self._wanted.url)} sends {self._name} compressed, which was not asked for.",
                hint="Nothing was unpacked. Download it in another way and install the file.",
                code="compressed",
            )
        if response.status_code != 206:
            return 0
        found = _RANGE.fullmatch(response.headers.get("content-range", ""))
        changed = marker and marker.etag != response.headers.get("etag", marker.etag)
        if not here or found is None or int(found[1]) != here or changed:
            self._forget()
            raise CutError(f"{host_of(self._wanted.url)} sent another part than the one asked for")
        return here

    def _total(self, response: httpx.Response, start: int) -> int | None:
        length = response.headers.get("content-length", "")
        announced = start + int(length) if length.isdecimal() and len(length) < 16 else None
        known = self._wanted.size if self._wanted.exact else None
        if announced is not None and known is not None and announced != known:
            if looks_like_page(b"", response.headers.get("content-type", "")):
                raise self._page()
            self._forget()
            raise DownloadError(
                f"{self._name} should have {known:,} bytes, but {host_of(self._wanted.url)} announces {announced:,}.",
                hint="Nothing was installed. Try again later.",
                code="wrong_length",
            )
        return announced if announced is not None else known

    async def _check_room(self, total: int | None, start: int) -> None:
        if total is None:
            return
        free = await asyncio.to_thread(free_bytes, self._part.parent)
        if total - start > free:
            raise NoSpaceError(self._part.parent, total - start, free)

    async def _receive(self, response: httpx.Response, start: int, total: int | None) -> None:
        limit = total if total is not None else UNANNOUNCED_LIMIT
        count, first, waiting = start, start == 0, bytearray()
        with await asyncio.to_thread(open, self._part, "ab") as file:
            try:
                async for piece in response.aiter_raw():
                    if first and looks_like_page(piece, response.headers.get("content-type", "")):
                        raise self._page()
                    first = False
                    count += len(piece)
                    if count > limit:
                        raise self._too_long(limit)
                    waiting += piece
                    if len(waiting) >= _PIECE:
                        data, waiting = bytes(waiting), bytearray()
                        await asyncio.to_thread(file.write, data)
                    self._progress(count, total)
            except StudioError:
                self._forget()
                raise
            finally:
                file.write(waiting)  # what came before a cut is kept

    async def _finish(self) -> None:
        """Verify, and only then give the file its name."""
        try:
            size = self._here
            if self._wanted.exact and size != self._wanted.size:
                self._forget()
                raise DownloadError(
                    f"{self._name} has {size:,} bytes instead of {self._wanted.size:,}.",
                    hint="Nothing was installed. Try again later.",
                    code="wrong_length",
                )
            if not size and self._wanted.path.endswith((".safetensors", ".ckpt", ".gguf")):
                self._forget()
                raise DownloadError(f"{self._name} is empty.", hint="Nothing was installed.", code="empty")
            if not await asyncio.to_thread(matches, self._part, self._wanted):
                self._forget()
                raise DownloadError(
                    f"{self._name} arrived damaged: its checksum is not the one the site states.",
                    hint="The file was removed. Resume the job to download it again.",
                    code="wrong_hash",
                )
            self._part.replace(self._target)
            self._marker_file.unlink(missing_ok=True)
            self._progress(size, size)
        except OSError as error:
            raise self._disk_error(error) from error

    def _too_long(self, limit: int) -> StudioError:
        return DownloadError(
            f"{host_of(self._wanted.url)} sends more than the {limit:,} bytes {self._name} may have.",
            hint="Nothing was installed.",
            code="too_long",
        )

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._marker_file.unlink(missing_ok=True)

    def _page(self) -> StudioError:
        had = bool(self._token or (self._use_token and self._web.tokens.for_url(self._wanted.url)))
        return login_page(self._wanted.url, had_token=had)

    def _disk_error(self, error: OSError) -> StudioError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            with suppress(OSError):
                return NoSpaceError(
                    self._part.parent, (self._wanted.size or self._here) - self._here, free_bytes(self._part)
                )
        return DownloadError(
            f"{self._name} could not be written: {error.strerror or error}.",
            hint="Check the permissions of models_dir.",
            code="not_written",
        )


def matches(path: Path, wanted: Wanted) -> bool:
    """Whether the file has the checksum that was promised (true where none was). Syncs it to the disk as well."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        if wanted.sha256:
            return hashlib.file_digest(file, "sha256").hexdigest() == wanted.sha256.lower()
        if wanted.blake3:
            digest = blake3(max_threads=blake3.AUTO)
            digest.update_mmap(path) if path.stat().st_size else None
            return digest.hexdigest() == wanted.blake3.lower()
    return True
