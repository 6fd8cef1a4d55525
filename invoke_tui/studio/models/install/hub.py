"""The hub: which files of a repository are the model, and what the hub's own cache holds already."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import quote

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install.errors import CutError, DownloadError
from invoke_tui.studio.models.install.hub_client import OFFLINE, File, Listing, ask, unreachable
from invoke_tui.studio.models.install.names import checked_path, is_weights, require_model_kind
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.selection import choose
from invoke_tui.studio.models.install.sources import HubRepo
from invoke_tui.studio.models.install.web import Web, patiently

_SHOWN: Final = 6


async def look_up(source: HubRepo, site: str, web: Web, cache: Path, *, use_token: bool = True) -> Plan:
    """What to download for ``source``. Raises a ``StudioError`` that says why there is nothing to get."""
    secret = web.tokens.for_url(site + "/") if use_token else None
    try:
        listing = await patiently(lambda: asyncio.to_thread(ask, source, site, secret, web), attempts=3)
    except DownloadError as error:
        if error.code != OFFLINE and not isinstance(error.__cause__, CutError):
            raise
        found = await asyncio.to_thread(_cached_listing, source, cache)
        if found is None:
            raise unreachable(site, error.message) from error
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


def _choice(source: HubRepo, listing: Listing) -> list[str]:
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


def _cached_listing(source: HubRepo, cache: Path) -> Listing | None:
    """What the cache knows of a repository when nobody can be asked. A folder with parts missing is not offered."""
    folder = cache / f"models--{source.repo.replace('/', '--')}"
    try:
        sha = (folder / "refs" / source.revision).read_text().strip()[:64]
    except OSError:
        sha = source.revision
    snapshot = _snapshot(source.repo, sha, cache)
    if snapshot is None:
        return None
    files: dict[str, File] = {}
    for here, _, names in os.walk(snapshot):
        for name in names:
            path = str((Path(here) / name).relative_to(snapshot))
            if local := _in_cache(snapshot, path):
                files[path] = File(path, Path(local).stat().st_size)
    if not _complete(snapshot, files, source):
        return None
    return Listing(sha, files, "The hub cannot be reached; the files come from its cache on this machine.")


def _complete(snapshot: Path, files: Mapping[str, File], source: HubRepo) -> bool:
    try:
        chosen = _choice(source, Listing("", files))
        index = (
            json.loads((snapshot / "model_index.json").read_text()) if "model_index.json" in chosen else {}
        )
    except (NotFoundError, BadInputError, OSError, ValueError):
        return False
    parts = [name for name, value in index.items() if isinstance(value, list) and all(value)]
    return all(any(path.startswith(f"{part}/") for path in chosen) for part in parts)
