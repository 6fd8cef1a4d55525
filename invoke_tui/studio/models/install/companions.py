"""Companions of the starter model: they come with the package and are put together where a download would end.

The work is done by a process of the starter's, which this one starts by name and waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Final

from invoke_tui.studio.models.install.errors import DownloadError
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.sources import Companion
from invoke_tui.studio.workers.environment import worker_environment

MODULE: Final = "invoke_tui.starter"


async def put_together(source: Companion, folder: Path) -> Plan:
    """Leave the companion's files in ``folder``, and say which they are. Raises ``DownloadError``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", MODULE, "assemble", source.name, str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=worker_environment(None),
        cwd="/",
    )
    try:
        _, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise DownloadError(
            f"{source.name} could not be put together: {last[:300] or f'exit {process.returncode}'}.",
            hint="Check the disk of models_dir, then resume the job.",
            code="not_written",
        )
    return await asyncio.to_thread(_plan, source, folder)


def _plan(source: Companion, folder: Path) -> Plan:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return Plan(
        source=str(source),
        source_type=source.type,
        name=f"starter-{source.name}",
        whole_folder=len(files) > 1,
        files=tuple(
            Wanted(
                url="",
                path=str(file.relative_to(folder)),
                size=file.stat().st_size,
                exact=True,
                local=str(file),
            )
            for file in files
        ),
    )
