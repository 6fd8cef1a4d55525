"""Turning a checkpoint into a diffusers folder. The work is done by a process with torch; this one only waits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.models.records import ModelFormat, ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.headers.header import UnreadableError
from invoke_tui.studio.models.headers.read import read_header
from invoke_tui.studio.workers.environment import worker_environment

MODULE: Final = "invoke_tui.engine.loading.convert"
_RESERVE: Final = 256 * 2**20
_TAIL: Final = 2000


class Converting:
    """One conversion. Leaving the context before the end stops it and leaves nothing behind."""

    def __init__(self, record: ModelRecord, models_dir: Path) -> None:
        self._record = record
        self._models_dir = models_dir
        self._part = models_dir / f".{record.key}.converting"
        self.folder = models_dir / record.key / Path(record.path).stem
        """Where the folder is afterwards."""

    async def progress(self) -> AsyncGenerator[dict[str, Any]]:
        """``{"part", "step", "total"}`` as components are written. Raises ``StudioError``."""
        await asyncio.to_thread(self._check)
        await asyncio.to_thread(shutil.rmtree, self._part, ignore_errors=True)
        self._part.mkdir(parents=True)
        process: asyncio.subprocess.Process | None = None
        done = False
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-P", "-m", MODULE),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=worker_environment(None),
                cwd="/",
            )
            async for said in _told(process, self._order()):
                if "error" in said:
                    raise StudioError(said["error"], hint=said["hint"], code=said["code"])
                if "done" in said:
                    done = True
                else:
                    yield said
            if not done:
                raise await self._died(process)
            await asyncio.to_thread(self._put_in_place)
        finally:
            if process is not None:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                await process.wait()
            await asyncio.to_thread(shutil.rmtree, self._part, ignore_errors=True)

    def _check(self) -> None:
        record = self._record
        single = record.format in (ModelFormat.CHECKPOINT, ModelFormat.BNB_NF4, ModelFormat.BNB_INT8)
        if record.type is not ModelType.MAIN or not single:
            raise BadInputError(
                f"{record.name} is a {record.type} model stored as {record.format}; there is nothing to convert.",
                hint="Main models in a single file are converted.",
                code="not_convertible",
            )
        try:
            read_header(Path(record.path))
        except UnreadableError as error:
            raise BadInputError(
                f"{record.name} cannot be read: {error}.", hint="Install it again.", code="unreadable"
            ) from error
        if self.folder.exists():
            raise BadInputError(f"{self.folder} is in the way.", hint="Move it away.", code="in_the_way")
        self._models_dir.mkdir(parents=True, exist_ok=True)
        needed, free = record.file_size + _RESERVE, shutil.disk_usage(self._models_dir).free
        if free < needed:
            raise StudioError(
                f"Converting {record.name} needs {needed / 1e9:.2f} GB; "
                f"{self._models_dir} has {free / 1e9:.2f} GB free.",
                hint="Free some space.",
                code="disk_full",
            )

    def _order(self) -> bytes:
        order = {
            "record": self._record.model_dump(mode="json"),
            "target": str(self._part),
            "cache": str(self._models_dir / ".convert_cache"),
        }
        return json.dumps(order).encode()

    def _put_in_place(self) -> None:
        self.folder.parent.mkdir(exist_ok=True)
        os.replace(self._part, self.folder)

    async def _died(self, process: asyncio.subprocess.Process) -> StudioError:
        assert process.stderr is not None
        said = (await process.stderr.read())[-_TAIL:].decode(errors="replace").strip().splitlines()
        last = safe_text(said[-1], limit=300) if said else f"exit code {await process.wait()}"
        return StudioError(
            f"{self._record.name} could not be converted: {last}.", hint="Nothing was changed.", code="failed"
        )


async def _told(process: asyncio.subprocess.Process, order: bytes) -> AsyncGenerator[dict[str, Any]]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(order)
    process.stdin.close()
    async for line in process.stdout:
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict):
                yield said
