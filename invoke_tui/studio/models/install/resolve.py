"""From a source to a plan: asks whoever knows what there is to get. Nothing is downloaded yet."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePosixPath

from invoke_tui.domain.errors import BadInputError, NotFoundError
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.identify.sidecars import read_card
from invoke_tui.studio.models.install import civitai, hub
from invoke_tui.studio.models.install.companions import put_together
from invoke_tui.studio.models.install.errors import login_page
from invoke_tui.studio.models.install.names import name_of_answer, require_model_kind, safe_name
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.sites import Sites
from invoke_tui.studio.models.install.sources import (
    Civitai,
    Companion,
    HubRepo,
    LocalPath,
    Source,
    WebFile,
    without_secrets,
)
from invoke_tui.studio.models.install.web import Web, looks_like_page, patiently


async def resolve(source: Source, sites: Sites, web: Web, *, folder: Path, use_token: bool = True) -> Plan:
    """What to get for ``source``, into ``folder``. Raises a ``StudioError`` when there is nothing."""
    match source:
        case LocalPath():
            return await asyncio.to_thread(_local, source.path)
        case HubRepo():
            return await hub.look_up(source, sites.hub, web, sites.hub_cache, use_token=use_token)
        case Civitai():
            return await civitai.look_up(source, sites.civitai, web, use_token=use_token)
        case WebFile():
            return await _file(source, web, use_token)
        case Companion():
            return await put_together(source, folder)


def _local(path: Path) -> Plan:
    """Files that lie here already. A folder is copied whole, without what is hidden."""
    if not path.is_absolute() or not path.exists():
        raise NotFoundError(f"There is nothing at {safe_text(path, limit=400)}.", code="path_not_found")
    path = path.resolve()
    if path.is_file():
        require_model_kind(path.name)
        name = safe_name(path.name)
        stem, beside = PurePosixPath(name).stem, _beside(path)
        files = ((name, path), *((stem + file.name.removeprefix(path.stem), file) for file in beside))
        return Plan(
            source=str(path), source_type="path", files=tuple(_here(place, file) for place, file in files)
        )
    found = sorted(file for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
    if len(found) > 5000:
        raise BadInputError(
            f"{safe_text(path, limit=400)} holds {len(found)} files: it is no model.",
            hint="invoke-tui models identify PATH shows which models lie in a folder.",
            code="not_a_model",
        )
    return Plan(
        source=str(path),
        source_type="path",
        name=safe_text(path.name, limit=200),
        whole_folder=True,
        files=tuple(_here(str(file.relative_to(path)), file) for file in found),
    )


def _here(place: str, file: Path) -> Wanted:
    return Wanted(url="", path=place, size=file.stat().st_size, exact=True, local=str(file))


def _beside(path: Path) -> list[Path]:
    """What people and programs wrote beside a model file; it goes along."""
    cards = [path.with_name(path.stem + ending) for ending in (".civitai.info", ".json")]
    picture = read_card(path).preview
    return [file for file in (*cards, picture) if file is not None and file.is_file()]


def _hidden(file: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(root).parts) or file.suffix == ".py"


async def _file(source: WebFile, web: Web, use_token: bool) -> Plan:
    """Ask for the file and look at the answer's head: its name and size. HEAD is refused by many stores."""

    async def look() -> tuple[str, str, str]:
        async with web.get(source.url, token=source.token, use_token=use_token) as response:
            name = name_of_answer(source.url, response.headers.get("content-disposition"))
            length = response.headers.get("content-length", "")
            known = length if length.isdecimal() and len(length) < 16 else ""
            encoded = response.headers.get("content-encoding", "identity") != "identity"
            return response.headers.get("content-type", ""), name, "" if encoded else known

    kind, name, length = await patiently(look)
    if looks_like_page(b"", kind):
        raise login_page(source.url, had_token=bool(source.token or web.tokens.for_url(source.url)))
    require_model_kind(name)
    size = int(length) if length else None
    return Plan(
        source=without_secrets(source.url),
        source_type="url",
        files=(Wanted(url=source.url, path=name, size=size, exact=size is not None),),
        name=PurePosixPath(name).stem,
    )
