"""From files that are here whole to a model on the list: what it is, whether it is new, and its own folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.models.installs import InstallRequest, StarterModel
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.models.scan import ScanEntry
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.gallery.files import sync_folder
from invoke_tui.studio.models.fingerprint import fingerprint
from invoke_tui.studio.models.install.errors import DownloadError
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.sites import Sites
from invoke_tui.studio.models.install.sources import parse
from invoke_tui.studio.models.registry import Models
from invoke_tui.studio.models.scan import examine

_PIECE: Final = 8 * 2**20
_PICTURES: Final = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


@dataclass(frozen=True)
class Hint:
    """What a starter table says a model is; used only where the files do not tell."""

    type: ModelType
    base: BaseModelType


def same_content(models: Models, path: Path) -> ModelRecord | None:
    """The installed model with the content that lies at ``path``, judged by its fingerprint. Reads the disk."""
    try:
        mark = fingerprint(path)
    except OSError:
        return None
    known = (model for model in models.all() if mark and model.fingerprint == mark)
    return next((model for model in known if os.path.exists(model.path)), None)


def from_source(models: Models, source: str) -> ModelRecord | None:
    """The usable model that was installed from ``source``."""
    known = (model for model in models.all() if model.source == source)
    return next((model for model in known if os.path.exists(model.path)), None)


def starter_here(models: Models, starter: StarterModel, sites: Sites) -> ModelRecord | None:
    """A starter model that is here: by its source, however that is written, else by name and kind."""
    canonical = str(parse(starter.source, sites))
    found = from_source(models, canonical) or from_source(models, starter.source)
    if found is not None:
        return found
    kind = (starter.name, starter.base, starter.type)
    known = (model for model in models.all() if (model.name, model.base, model.type) == kind)
    return next((model for model in known if os.path.exists(model.path)), None)


async def fetch_local(wanted: Wanted, target: Path, progress: Callable[[int, int | None], None]) -> bool:
    """Take a file that lies on this machine: linked from the hub's cache, which never changes its files, copied from
    anywhere else, whose owner may. False when it cannot be taken and has to be downloaded."""
    source = Path(wanted.local)
    stop = threading.Event()
    loop = asyncio.get_running_loop()

    def tell(done: int) -> None:
        loop.call_soon_threadsafe(progress, done, wanted.size)

    try:
        size = await asyncio.to_thread(_take, source, target, bool(wanted.url), wanted.size, tell, stop)
    except OSError as error:
        if wanted.url:
            return False
        raise DownloadError(
            f"{safe_text(wanted.path, limit=200)} could not be copied: {error.strerror or error}.",
            hint="Check the disk and its permissions, then resume the job.",
            code="not_copied",
        ) from error
    finally:
        stop.set()
    progress(size, size)
    return True


def _take(
    source: Path,
    target: Path,
    link: bool,
    size: int | None,
    tell: Callable[[int], None],
    stop: threading.Event,
) -> int:
    if target.exists():
        return target.stat().st_size
    if size is not None and source.stat().st_size != size:
        raise OSError(f"it has {source.stat().st_size:,} bytes instead of {size:,}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    if link:
        try:
            os.link(source, target)
            return target.stat().st_size
        except OSError:
            pass  # another file system: copied below
    done = 0
    with open(source, "rb") as reading, open(part, "wb") as writing:
        while (piece := reading.read(_PIECE)) and not stop.is_set():
            writing.write(piece)
            done += len(piece)
            tell(done)
        writing.flush()
        os.fsync(writing.fileno())
    if stop.is_set():
        part.unlink(missing_ok=True)
    else:
        part.replace(target)
    return done


def lay_card(folder: Path, plan: Plan, picture: bytes) -> None:
    """Put the site's words and its picture beside the model, where every program looks for them."""
    if plan.whole_folder or not plan.card:
        return
    stem = PurePosixPath(plan.files[0].path).stem
    (folder / f"{stem}.civitai.info").write_text(json.dumps(plan.card), encoding="utf-8")
    ending = next((ending for magic, ending in _PICTURES.items() if picture.startswith(magic)), "")
    if ending:
        (folder / f"{stem}.preview{ending}").write_bytes(picture)


async def settle(
    models: Models, plan: Plan, request: InstallRequest, folder: Path, key: str, hint: Hint | None
) -> tuple[ModelRecord, bool]:
    """Identify what lies in ``folder``, give it its place and register it; false when it was installed already.

    The folder is renamed in one step after everything is known to be right, and renamed back when the registration
    fails: there is never half a model in the list or in its place.
    """
    target = models.folder / key
    inside = "" if plan.whole_folder else plan.files[0].path
    if not target.exists():
        path = folder / inside if inside else folder
        entry = await asyncio.to_thread(examine, path)
        require_known(entry, plan, request, hint)
        known = await asyncio.to_thread(same_content, models, path)
        if known is not None:
            return known, False
        await asyncio.to_thread(_move, folder, target)
    entry = await asyncio.to_thread(examine, target / inside if inside else target)
    try:
        record = await models.add(
            entry,
            source=plan.source,
            source_type=plan.source_type,
            in_place=False,
            overrides={"key": key, **overrides(entry, plan, request, hint)},
        )
    except BaseException:
        await asyncio.to_thread(target.replace, folder)
        raise
    if not Path(record.path).is_relative_to(target):  # another job brought the same a moment ago
        await asyncio.to_thread(discard, target)
        return record, False
    return record, True


async def settle_in_place(
    models: Models, plan: Plan, request: InstallRequest, hint: Hint | None
) -> tuple[ModelRecord, bool]:
    """Register files where they lie; false when they were registered before."""
    path = Path(plan.source)
    entry = await asyncio.to_thread(examine, path)
    require_known(entry, plan, request, hint)
    known = models.at(str(path)) or await asyncio.to_thread(same_content, models, path)
    if known is not None:
        return known, False
    given = overrides(entry, plan, request, hint)
    record = await models.add(entry, source=plan.source, source_type="path", in_place=True, overrides=given)
    return record, True


def overrides(entry: ScanEntry, plan: Plan, request: InstallRequest, hint: Hint | None) -> dict[str, Any]:
    """What is known better than the files tell."""
    given: dict[str, Any] = {
        "name": request.name or (plan.name if plan.whole_folder else None),
        "description": request.description or plan.description or None,
        "type": request.type,
        "base": request.base,
    }
    if hint is not None and entry.type is ModelType.UNKNOWN:
        given["type"] = given["type"] or hint.type
        given["base"] = given["base"] or hint.base
    return {name: value for name, value in given.items() if value is not None}


def require_known(entry: ScanEntry, plan: Plan, request: InstallRequest, hint: Hint | None) -> None:
    """Refuse what is no model, and what nobody can identify unless a person said what it is."""
    name = safe_text(
        PurePosixPath(plan.files[0].path).name if not plan.whole_folder else plan.name, limit=200
    )
    if entry.status == "unreadable":
        raise DownloadError(
            f"{name} is no model that can be read: {entry.reason.rstrip('.')}.",
            hint="Nothing was installed.",
            code="not_a_model",
        )
    if entry.type is ModelType.UNKNOWN and request.type is None and hint is None:
        raise BadInputError(
            f"What {name} is could not be told: {entry.reason.rstrip('.')}.",
            hint="If you know, say it: --type main, lora, vae, … and --base sd-1, sdxl, flux, ….",
            code="not_identified",
        )


def discard(folder: Path) -> None:
    """Remove a job's folder; what cannot be removed now is swept at the next start."""
    shutil.rmtree(folder, ignore_errors=True)


def _move(folder: Path, target: Path) -> None:
    """Rename ``folder`` once everything in it is on the disk."""
    try:
        for parent, _, names in os.walk(folder):
            for name in names:
                with open(Path(parent) / name, "rb") as file:
                    os.fsync(file.fileno())
            sync_folder(Path(parent))
        folder.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise StudioError(f"The model could not be written: {error.strerror}.", code="not_written") from error
