"""Starting the daemon so that it outlives the terminal that needed it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from invoke_tui.domain.errors import ExitCode, UnreachableError, error_from_json

if TYPE_CHECKING:
    from invoke_tui.config.paths import StudioPaths

_LOG_TAIL = 2000


async def start_daemon(paths: StudioPaths, *, timeout: float) -> None:
    """Start a daemon for ``paths`` and wait until it serves, or until another one turns out to hold the lock.

    The child forks away at once (own session, no terminal, output into its log), so it is nobody's zombie and no
    hang-up reaches it. It says through a pipe how starting went; the pipe closing without a word is a crash.
    """
    paths.prepare()
    reading, writing = os.pipe()
    try:
        try:
            await asyncio.to_thread(_spawn, paths, writing)
        finally:
            os.close(writing)
        try:
            word = await asyncio.wait_for(_read_all(reading), timeout)
        except TimeoutError:
            raise UnreachableError(
                f"The studio did not start within {timeout:.0f} s.", hint=f"Its logs are in {paths.logs_dir}."
            ) from None
    finally:
        os.close(reading)
    _judge(word, paths)


def _spawn(paths: StudioPaths, ready: int) -> None:
    """Run the daemon's starter, which returns as soon as the daemon itself has been forked off."""
    root = ["--root", str(paths.root)] if paths.root else []
    with open(paths.logs_dir / "daemon.out", "ab") as output:
        subprocess.run(
            [sys.executable, "-P", "-m", "invoke_tui.studio", *root, "--detach", "--ready-fd", str(ready)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            pass_fds=[ready],
            start_new_session=True,
            check=False,
        )


def _judge(word: bytes, paths: StudioPaths) -> None:
    try:
        said = json.loads(word)
    except ValueError:
        tail = _log_tail(paths)
        raise UnreachableError(
            "The studio could not be started." + (f" The end of its log:\n{tail}" if tail else ""),
            hint=f"Its logs are in {paths.logs_dir}.",
        ) from None
    if "error" in said:
        raise error_from_json(said["error"], int(said.get("exit_code", ExitCode.UNREACHABLE)))


def _log_tail(paths: StudioPaths) -> str:
    try:
        with open(paths.logs_dir / "daemon.out", "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - _LOG_TAIL))
            return log.read().decode(errors="replace").strip()
    except OSError:
        return ""


async def _read_all(descriptor: int) -> bytes:
    """Read until the other side closes, without a thread that could outlive a timeout."""
    os.set_blocking(descriptor, False)
    loop = asyncio.get_running_loop()
    collected = bytearray()
    ended: asyncio.Future[None] = loop.create_future()

    def more() -> None:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        collected.extend(data)
        if not data and not ended.done():
            ended.set_result(None)

    loop.add_reader(descriptor, more)
    try:
        await ended
    finally:
        loop.remove_reader(descriptor)
    return bytes(collected)
