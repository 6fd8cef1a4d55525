"""What can go wrong with a download, in words that say what to do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.text import safe_text

TOKEN_HINT: Final = (
    "Get a token from the site and add it to the configuration: "
    "remote_api_tokens: [{url_regex: https://%s, token: …}]."
)


class DownloadError(StudioError):
    """A download that ended without the file. What is here already is kept, and the job can be resumed."""

    default_code = "download_failed"


class CutError(Exception):
    """The connection broke, or the server wants a pause: worth another attempt, after ``pause`` seconds if given."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class NoSpaceError(StudioError):
    """The files do not fit. ``needed`` includes a reserve that keeps the machine usable."""

    default_code = "disk_full"

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        super().__init__(
            f"There is not enough room in {folder}: {needed:,} bytes are needed, {free:,} are free.",
            hint="Free some space, or choose another models_dir; then resume the job.",
        )


def free_bytes(folder: Path) -> int:
    """Room on the disk of ``folder``, which need not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def host_of(url: str) -> str:
    """The server's name, for people."""
    return safe_text(urlsplit(url).hostname or "the server", limit=100)


def refused(url: str, status: int, *, gated: bool = False, had_token: bool = False) -> StudioError:
    """What an answer that brings no file means."""
    host = host_of(url)
    if gated:
        return DownloadError(
            f"{host} gives this model only to people who accepted its conditions.",
            hint=f"Open the model's page, accept them, and use a token of that account. {TOKEN_HINT % host}",
            code="gated",
        )
    if status == 401:
        why = "does not accept the token" if had_token else "wants to know who asks"
        return DownloadError(f"{host} {why} (401).", hint=TOKEN_HINT % host, code="unauthorised")
    if status == 403:
        return DownloadError(
            f"{host} does not give this file to {'this account' if had_token else 'strangers'} (403).",
            hint="Accept the model's conditions on its page. " + TOKEN_HINT % host,
            code="forbidden",
        )
    if status in (404, 410):
        return NotFoundError(
            f"{host} has no such file ({status}).", hint="Look at the address again.", code="remote_not_found"
        )
    return DownloadError(f"{host} answered {status}.", hint="Try again later; what is here is kept.")


def login_page(url: str, *, had_token: bool) -> StudioError:
    """A page where a file was expected: most often a login."""
    host = host_of(url)
    hint = "The token may be wrong or lack a right. " if had_token else ""
    return DownloadError(
        f"{host} sent a web page instead of the model; it probably wants a login.",
        hint=hint + TOKEN_HINT % host,
        code="login_page",
    )
