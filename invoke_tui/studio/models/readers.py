"""Reading many model files in processes of their own: the daemon's loop stays free and its memory small."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.studio.models.scan import examine, unreadable

COUNT: Final = max(1, min(4, os.cpu_count() or 1))
_FEW: Final = 4
_SMALL: Final = 2**20
_PATIENCE: Final = 120.0
_LINE_LIMIT: Final = 4 * 2**20


class Reader:
    """One reading process. A few small things are read in a thread of ours; a process that a file ends is replaced."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, paths: Sequence[str]) -> list[ScanEntry]:
        """The entries of these files and folders, in their order. Never raises for what lies there."""
        if self._process is None and len(paths) <= _FEW and await asyncio.to_thread(_harmless, paths):
            return await asyncio.to_thread(lambda: [examine(Path(path)) for path in paths])
        entries: list[ScanEntry] = []
        while len(entries) < len(paths):
            rest = paths[len(entries) :]
            try:
                await self._read_some(rest, entries)
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                culprit = paths[len(entries)]
                why = (
                    "takes far too long"
                    if isinstance(error, TimeoutError)
                    else "ends the process that does it"
                )
                entries.append(unreadable(culprit, f"reading it {why}"))
                await self.close()
        return entries

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _read_some(self, paths: Sequence[str], entries: list[ScanEntry]) -> None:
        """Append the entry of each path until one of them ends the process."""
        process = self._process = self._process or await _start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("".join(json.dumps(path) + "\n" for path in paths).encode())
        for _ in paths:
            async with asyncio.timeout(_PATIENCE):
                line = await process.stdout.readline()
            if not line.endswith(b"\n"):
                raise EOFError
            try:
                entries.append(ScanEntry.model_validate_json(line))
            except ValidationError as error:
                raise ValueError("no entry") from error


def _harmless(paths: Sequence[str]) -> bool:
    """Whether nothing there can cost memory worth a process: folders are described by small files of JSON."""
    try:
        return all(os.path.isdir(path) or os.path.getsize(path) < _SMALL for path in paths)
    except OSError:
        return False


async def _start() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "invoke_tui.studio.models.reader"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LINE_LIMIT,
            cwd="/",
        )
    except OSError as error:
        raise StudioError(
            f"No process could be started to read model files: {error.strerror or error}.",
            hint="Close some programs and scan again.",
        ) from error
