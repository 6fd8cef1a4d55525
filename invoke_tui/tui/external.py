"""The terminal for others: the person's own editor, what talks to the terminal itself."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.request.parameters import PROMPT_LIMIT

if TYPE_CHECKING:
    from textual.app import App


@contextlib.contextmanager
def away(app: App[Any]) -> Iterator[None]:
    """The app leaves the terminal, and is back whatever happens: Textual's own way stays away after an error.

    Raises ``SuspendNotSupported`` where it cannot.
    """
    failed: BaseException | None = None
    with app.suspend():
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            failed = error
    if failed is not None:
        raise failed


def editor_command(configured: str | None) -> list[str]:
    """The editor: the configuration's, else the environment's, else ``vi``."""
    command = configured or os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        return shlex.split(command) or ["vi"]
    except ValueError as error:
        raise BadInputError(
            f"The editor {command!r} cannot be read as a command.", hint=str(error)
        ) from error


def edit(text: str, configured: str | None) -> str:
    """Let the person edit ``text`` and return what it became. Call it while the app is suspended."""
    command = editor_command(configured)
    handle, name = tempfile.mkstemp(prefix="invoke-tui-", suffix=".txt")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        try:
            done = subprocess.run([*command, name], check=False)
        except OSError as error:
            raise StudioError(
                f"{command[0]} could not be started: {error.strerror}.",
                hint="Set EDITOR, or `editor` in the configuration.",
            ) from error
        if done.returncode != 0:
            raise StudioError(f"{command[0]} ended with code {done.returncode}; the prompt is as it was.")
        return Path(name).read_text("utf-8", errors="replace")[:PROMPT_LIMIT].rstrip("\n")
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
