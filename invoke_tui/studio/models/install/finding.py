"""Where a model is to be had that a picture names and that is not here."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path, PurePosixPath
from threading import Event
from typing import Final

from invoke_tui.domain.errors import NotFoundError, StudioError
from invoke_tui.domain.models.records import ModelRecord
from invoke_tui.domain.models.wanted import FoundModel, WantedModel
from invoke_tui.studio.models.hashing import hash_model
from invoke_tui.studio.models.install import civitai, place, starters
from invoke_tui.studio.models.install.errors import DownloadError, host_of
from invoke_tui.studio.models.install.sites import Sites
from invoke_tui.studio.models.install.web import Web
from invoke_tui.studio.models.registry import Models

_PATIENCE: Final = 30
"""Seconds that somebody waits for an answer."""
_DIGEST: Final = re.compile(r"(?:(?:blake3|sha256):)?([0-9A-Fa-f]{8,64})")


async def find(wanted: WantedModel, models: Models, sites: Sites, web: Web) -> FoundModel:
    """The same content on Civitai, else a starter model of that name and kind; and whether it is here after all.

    Raises ``NotFoundError`` where there is neither, the site's ``StudioError`` where it could not be asked.
    """
    trouble: StudioError | None = None
    if digest := _DIGEST.fullmatch(wanted.hash):
        try:
            async with asyncio.timeout(_PATIENCE):
                found = await civitai.with_hash(digest[1], sites.civitai, web)
        except NotFoundError:
            pass
        except TimeoutError:
            trouble = DownloadError(f"{host_of(sites.civitai)} does not answer.", hint="Try again later.")
        except StudioError as error:
            trouble = error
        else:
            return found.model_copy(update={"here": await _here(found, models)})
    if (found_starter := await asyncio.to_thread(_starter, wanted, models, sites)) is not None:
        return found_starter
    if trouble is not None:
        raise trouble
    raise NotFoundError(
        f"Nobody known here has the {wanted.called} {wanted}.",
        hint=f"Civitai has no file with the hash {wanted.hash[:80]}."
        if digest
        else "The picture tells no hash by which Civitai could be asked, and no starter model is called so.",
        code="model_not_found",
    )


async def _here(found: FoundModel, models: Models) -> ModelRecord | None:
    """The installed model with this content, or from this page. Files of just this size are hashed to know."""
    usable = [one for one in models.all() if not one.missing]
    same = (one for one in usable if (found.hash and one.hash == found.hash) or one.source == found.page)
    if (known := next(same, None)) is not None or not found.hash:
        return known
    for one in usable:
        if one.file_size == found.size and not one.hash.startswith("blake3:"):
            try:
                digest = await asyncio.to_thread(hash_model, Path(one.path), lambda _: None, Event())
            except NotFoundError:
                continue
            record = await models.set_hash(one.key, digest)
            if digest == found.hash:
                return record
    return None


def _starter(wanted: WantedModel, models: Models, sites: Sites) -> FoundModel | None:
    """A starter model that is called so. Reads the disk."""
    for one in starters.starters().models:
        names = {_plain(one.name), _plain(one.id), _plain(PurePosixPath(one.source).stem)}
        if _plain(wanted.name) in names and one.type is wanted.type and wanted.base in ("", one.base):
            return FoundModel(
                source=one.id, name=one.name, by="name", here=place.starter_here(models, one, sites)
            )
    return None


def _plain(name: str) -> str:
    """A name without what people and programs write otherwise: ``dreamshaper_8`` is “Dreamshaper 8”."""
    return "".join(char for char in name.casefold() if char.isalnum()) or name
