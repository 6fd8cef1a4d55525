"""Asking the hub with its own client: which files a repository has, and what its refusals mean."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.studio.models.install.errors import TOKEN_HINT, CutError, DownloadError, host_of, refused
from invoke_tui.studio.models.install.guard import check_host, check_url
from invoke_tui.studio.models.install.sources import HubRepo
from invoke_tui.studio.models.install.web import LONGEST_PAUSE, Web, retry_after

OFFLINE: Final = "hub_offline"
_TIMEOUT: Final = 30.0
_FILES: Final = 2000
_manners_lock = threading.Lock()
_manners_of: dict[str, tuple[bool, str | None]] = {}

for _name in ("httpx2", "huggingface_hub"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class File:
    """A file of a repository; ``sha256`` is known of large ones."""

    path: str
    size: int | None
    sha256: str = ""


@dataclass(frozen=True)
class Listing:
    """What a revision holds."""

    sha: str
    files: Mapping[str, File]
    note: str = ""


def ask(source: HubRepo, site: str, token: str | None, web: Web) -> Listing:
    """Ask with the hub's own client, which knows its errors. It runs in a thread of its own."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    _guard_client(web, site)
    api = HfApi(endpoint=site, token=token or False, library_name="invoke-tui")
    try:
        found = api.model_info(source.repo, revision=source.revision, files_metadata=True, timeout=_TIMEOUT)
    except StudioError:
        raise
    except GatedRepoError:
        raise refused(f"{site}/", 403, gated=True) from None
    except RevisionNotFoundError:
        raise NotFoundError(
            f"The repository {source.repo} has no revision {source.revision}.", code="remote_not_found"
        ) from None
    except RepositoryNotFoundError as error:
        if token is None or _status(error) == 401:
            raise DownloadError(
                f"{host_of(site)} knows no repository {source.repo}, or shows it only to some.",
                hint=f"Look at the name again. {TOKEN_HINT % host_of(site)}",
                code="unauthorised",
            ) from None
        raise _no_repository(source) from None
    except DisabledRepoError:
        raise refused(f"{site}/", 403) from None
    except HfHubHTTPError as error:
        if _status(error) in (429, 500, 502, 503, 504):
            raise CutError(f"{host_of(site)} is busy ({_status(error)})", _pause(error)) from None
        if _status(error) == 404:
            raise _no_repository(source) from None
        raise refused(f"{site}/", _status(error), had_token=bool(token)) from None
    except OfflineModeIsEnabled:
        raise DownloadError("HF_HUB_OFFLINE forbids asking the hub.", code=OFFLINE) from None
    except (
        Exception
    ) as error:  # its HTTP library changes between releases, and so do the classes of its errors
        raise CutError(f"{host_of(site)} cannot be reached ({type(error).__name__})") from None
    files = [
        File(entry.rfilename, entry.size, entry.lfs.sha256 if entry.lfs else "")
        for entry in (found.siblings or ())[:_FILES]
    ]
    return Listing(found.sha or "", {file.path: file for file in files})


def _no_repository(source: HubRepo) -> NotFoundError:
    return NotFoundError(
        f"There is no repository {source.repo}.", hint="Look at the name again.", code="remote_not_found"
    )


def _guard_client(web: Web, site: str) -> None:
    """Give the hub's client our manners: no proxy of the environment, no host inside the network. It has one session
    for all threads, and another factory would close it under those that are using it."""
    check_url(site, allow_private=web.allow_private)
    with _manners_lock:
        if _manners_of.get("now") != (web.allow_private, web.proxy):
            _set_manners(web)
            _manners_of["now"] = (web.allow_private, web.proxy)


def _set_manners(web: Web) -> None:
    from huggingface_hub import get_session, set_client_factory

    session: Any = get_session()
    hooks = [hook for hook in session.event_hooks["request"] if not getattr(hook, "is_guard", False)]

    def guard(request: Any) -> None:
        check_url(str(request.url), allow_private=web.allow_private)
        if not web.allow_private:
            check_host(request.url.host, request.url.port or 443)

    guard.is_guard = True  # type: ignore[attr-defined]
    kind = type(session)
    manners: dict[str, Any] = {
        "event_hooks": {"request": [*hooks, guard], "response": list(session.event_hooks["response"])},
        "follow_redirects": True,
        "timeout": _TIMEOUT,
        "trust_env": False,
        "verify": httpx.create_ssl_context(),
        "proxy": web.proxy,
    }
    set_client_factory(lambda: kind(**manners))


def _status(error: Any) -> int:
    return int(getattr(getattr(error, "response", None), "status_code", 0) or 0)


def _pause(error: Any) -> float | None:
    pause = retry_after(getattr(error, "response", None) and error.response.headers.get("retry-after"))
    return pause if pause is None else min(pause, LONGEST_PAUSE)


def unreachable(site: str, why: str) -> DownloadError:
    """Nobody answers, and what that is called."""
    return DownloadError(
        f"The hub ({host_of(site)}) does not answer: {why}",
        hint="Check the connection; download_proxy in the configuration names a proxy, HF_ENDPOINT a mirror.",
        code="hub_unreachable",
    )
