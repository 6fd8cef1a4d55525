"""What is dropped onto the terminal, which writes its path as if it were pasted: it is brought."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from invoke_tui.domain.errors import StudioError
from invoke_tui.domain.gallery.importing import ImportJob, ImportOrder
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.screens.confirm import ConfirmScreen

if TYPE_CHECKING:
    from invoke_tui.client import StudioClient
    from invoke_tui.tui.gallery.screen import GalleryScreen

MOST: Final = 500
"""Paths that are taken at once."""
LONGEST: Final = 200_000
_LOOK: Final = 0.25


def dropped(text: str) -> list[Path]:
    """The files and folders that a text names; none where a part of it is anything else. For a thread.

    Terminals write a path as it is, in quotes, with backslashes before blanks, or as ``file://``; several in one line
    or one a line.
    """
    text = text.strip()
    if not text or len(text) > LONGEST:
        return []
    ways = [[text], text.splitlines()]
    try:
        ways.append(shlex.split(text))
    except ValueError:  # a quote that does not end
        pass
    for words in ways:
        paths = [_path(word.strip()) for word in words if word.strip()][: MOST + 1]
        if paths and None not in paths:
            return [path for path in paths if path is not None][:MOST]
    return []


def _path(word: str) -> Path | None:
    if word.startswith("file://"):
        word = unquote(urlsplit(word).path)
    try:
        path = Path(word).expanduser()
        return path if path.is_absolute() and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, a home that is none, a NUL
        return None


async def bring(screen: GalleryScreen, text: str) -> None:
    """Offer to bring what was dropped, onto the board that is shown."""
    paths = await asyncio.to_thread(dropped, text)
    if len(paths) == 1:
        await screen.windows.ask_what(str(paths[0]))
    elif paths:
        board = screen.board_tree.shelf.board
        onto = f" onto {safe_text(board.board_name, limit=80)}" if board is not None else ""
        question = f"Bring these {len(paths):,} files and folders{onto}? They are copied."
        if await screen.app.push_screen_wait(ConfirmScreen(question, "Bring them")):
            await _bring_all(screen, paths, board.board_id if board is not None else None)


async def _bring_all(screen: GalleryScreen, paths: list[Path], board: str | None) -> None:
    try:
        client = await screen.desk.client()
        jobs = []
        for path in paths:
            job = await client.start_import(ImportOrder(path=str(path), board=board))
            screen.desk.unsaid.add(job.job_id)
            jobs.append(job)
        ended = [await _ended(client, job) for job in jobs]
    except StudioError as error:
        screen.studio.show_error(error, title="Bring pictures")
        return
    added, known = sum(job.added for job in ended), sum(job.known for job in ended)
    skipped = sum(job.skipped + (job.error is not None) for job in ended)
    screen.say(f"{added:,} new, {known:,} known, {skipped:,} skipped.", 6)


async def _ended(client: StudioClient, job: ImportJob) -> ImportJob:
    while not job.status.finished:
        await asyncio.sleep(_LOOK)
        job = await client.import_job(job.job_id)
    return job
