"""The hub: which files a repository has, which of them are the model, and what its own cache holds already."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from invoke_tui.domain.errors import BadInputError, NotFoundError, StudioError
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install.errors import TOKEN_HINT, DownloadError, host_of, refused
from invoke_tui.studio.models.install.guard import check_host, check_url
from invoke_tui.studio.models.install.names import checked_path, is_weights, require_model_kind
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.selection import choose
from invoke_tui.studio.models.install.sources import HubRepo
from invoke_tui.studio.models.install.tokens import hub_home
from invoke_tui.studio.models.install.web import Web

_TIMEOUT: Final = 30.0
_SHOWN: Final = 6
_FILES: Final = 2000
_log = logging.getLogger(__name__)

for _name in ("httpx2", "huggingface_hub"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True)
class _File:
    path: str
    size: int | None
    sha256: str = ""


@dataclass(frozen=True)
class _Listing:
    sha: str
    files: Mapping[str, _File]
    note: str = ""


async def look_up(source: HubRepo, site: str, web: Web, cache: Path, *, use_token: bool = True) -> Plan:
    """What to download for ``source``. Raises a ``StudioError`` that says why there is nothing to get."""
    secret = web.tokens.for_url(site + "/") if use_token else None
    try:
        listing = await asyncio.to_thread(_ask, source, site, secret, web)
    except DownloadError as error:
        if error.code != "hub_unreachable":
            raise
        found = await asyncio.to_thread(_cached_listing, source, cache)
        if found is None:
            raise
        listing = found
    chosen = _choice(source, listing)
    for path in chosen:
        checked_path(path)
    weights = [path for path in chosen if is_weights(path)]
    whole = len(chosen) > 1 or not weights
    top = _top(source.parts) if whole else str(PurePosixPath(chosen[0]).parent).strip(".")
    snapshot = _snapshot(source.repo, listing.sha, cache)
    wanted = tuple(
        Wanted(
            url=f"{site}/{source.repo}/resolve/{quote(listing.sha or source.revision, safe='')}/{quote(path)}",
            path=str(PurePosixPath(path).relative_to(top)) if top else path,
            size=listing.files[path].size,
            exact=listing.files[path].size is not None,
            sha256=listing.files[path].sha256,
            local=_in_cache(snapshot, path),
        )
        for path in chosen
    )
    repo = source.repo.partition("/")[2]
    named = PurePosixPath(source.parts[0]).name if len(source.parts) == 1 and whole else ""
    stem = "" if whole else PurePosixPath(chosen[0]).stem
    return Plan(
        source=str(source),
        source_type="hf_repo_id",
        files=wanted,
        name=safe_text(f"{repo} {named}".strip() if whole else stem, limit=200),
        whole_folder=whole,
        note=listing.note,
    )


def _choice(source: HubRepo, listing: _Listing) -> list[str]:
    paths = list(listing.files)
    if len(source.parts) == 1 and source.parts[0] in listing.files:
        require_model_kind(source.parts[0])
    chosen = choose(paths, source.variant, source.parts)
    if chosen:
        return chosen
    loose = [
        path
        for path in paths
        if is_weights(path) and (not source.parts or path.startswith(f"{source.parts[0]}/"))
    ]
    safe = [path for path in loose if path.endswith((".safetensors", ".sft", ".gguf"))] or loose
    if len(safe) == 1 and source.variant in ("", "fp32"):
        return safe
    shown = [safe_text(path, limit=100) for path in safe[:_SHOWN]]
    more = f" and {len(safe) - _SHOWN} more" if len(safe) > _SHOWN else ""
    what = f"no {source.variant} files" if source.variant else "no folder of a model"
    if source.parts:
        what = f"nothing to install in “{'+'.join(source.parts)}”"
    raise NotFoundError(
        f"The repository {source.repo} has {what}.",
        hint=f"It has {', '.join(shown)}{more}: name one, as in {source.repo}::{shown[0]}."
        if shown
        else "It holds no model files.",
        code="remote_not_found",
    )


def _top(parts: tuple[str, ...]) -> str:
    """The folder of the repository that becomes the model's: that of a single part, the root for several."""
    return parts[0] if len(parts) == 1 else ""


def _ask(source: HubRepo, site: str, token: str | None, web: Web) -> _Listing:
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
            raise _unreachable(site, f"it answers {_status(error)}") from None
        if _status(error) == 404:
            raise _no_repository(source) from None
        raise refused(f"{site}/", _status(error), had_token=bool(token)) from None
    except (OfflineModeIsEnabled, OSError, ValueError, TypeError, KeyError) as error:
        raise _unreachable(site, type(error).__name__) from None
    except (
        Exception
    ) as error:  # its HTTP library changes between releases, and so do the classes of its errors
        raise _unreachable(site, type(error).__name__) from None
    files = [
        _File(entry.rfilename, entry.size, entry.lfs.sha256 if entry.lfs else "")
        for entry in (found.siblings or ())[:_FILES]
    ]
    return _Listing(found.sha or "", {file.path: file for file in files})


def _no_repository(source: HubRepo) -> NotFoundError:
    return NotFoundError(
        f"There is no repository {source.repo}.", hint="Look at the name again.", code="remote_not_found"
    )


def _guard_client(web: Web, site: str) -> None:
    """Give the hub's client our manners: no proxy of the environment, no host inside the network."""
    from huggingface_hub import get_session, set_client_factory

    session: Any = get_session()
    hooks = [hook for hook in session.event_hooks["request"] if not getattr(hook, "is_guard", False)]

    def guard(request: Any) -> None:
        check_url(str(request.url), allow_private=web.allow_private)
        if not web.allow_private:
            check_host(request.url.host, request.url.port or 443)

    guard.is_guard = True  # type: ignore[attr-defined]
    check_url(site, allow_private=web.allow_private)
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


def _unreachable(site: str, why: str) -> DownloadError:
    return DownloadError(
        f"{host_of(site)} cannot be reached ({why}).",
        hint="Check the connection; download_proxy in the configuration names a proxy, HF_ENDPOINT a mirror.",
        code="hub_unreachable",
    )


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where the hub's own programs keep what they downloaded."""
    named = environment.get("HF_HUB_CACHE") or environment.get("HUGGINGFACE_HUB_CACHE")
    return Path(named).expanduser() if named else hub_home(environment) / "hub"


def _snapshot(repo: str, sha: str, cache: Path) -> Path | None:
    folder = cache / f"models--{repo.replace('/', '--')}" / "snapshots" / sha
    return folder if sha and "/" not in sha and folder.is_dir() else None


def _in_cache(snapshot: Path | None, path: str) -> str:
    """Where the file lies in the hub's cache, inside it and nowhere else."""
    if snapshot is None:
        return ""
    found = (snapshot / path).resolve()
    inside = found.is_relative_to(snapshot.parent.parent.resolve())
    return str(found) if inside and found.is_file() else ""


def _cached_listing(source: HubRepo, cache: Path) -> _Listing | None:
    """What the cache knows of a repository when nobody can be asked. A folder with parts missing is not offered."""
    folder = cache / f"models--{source.repo.replace('/', '--')}"
    try:
        sha = (folder / "refs" / source.revision).read_text().strip()[:64]
    except OSError:
        sha = source.revision
    snapshot = _snapshot(source.repo, sha, cache)
    if snapshot is None:
        return None
    files: dict[str, _File] = {}
    for here, _, names in os.walk(snapshot):
        for name in names:
            path = str((Path(here) / name).relative_to(snapshot))
            if local := _in_cache(snapshot, path):
                files[path] = _File(path, Path(local).stat().st_size)
    if not _complete(snapshot, files, source):
        return None
    return _Listing(sha, files, "The hub cannot be reached; the files come from its cache on this machine.")


def _complete(snapshot: Path, files: Mapping[str, _File], source: HubRepo) -> bool:
    try:
        chosen = _choice(source, _Listing("", files))
        index = (
            json.loads((snapshot / "model_index.json").read_text()) if "model_index.json" in chosen else {}
        )
    except (NotFoundError, BadInputError, OSError, ValueError):
        return False
    parts = [name for name, value in index.items() if isinstance(value, list) and all(value)]
    return all(any(path.startswith(f"{part}/") for path in chosen) for part in parts)


def site_from(environment: Mapping[str, str]) -> str:
    """The hub's address: ``HF_ENDPOINT`` names a mirror."""
    given = environment.get("HF_ENDPOINT", "").strip().rstrip("/")
    if given and (urlsplit(given).scheme not in ("http", "https") or not urlsplit(given).hostname):
        _log.warning(
            "HF_ENDPOINT is no address and is left out of account; it looks like https://huggingface.co"
        )
        given = ""
    return given or "https://huggingface.co"
