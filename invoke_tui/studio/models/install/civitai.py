"""Civitai: which file of which version, and what its page says about the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from invoke_tui.domain.errors import NotFoundError
from invoke_tui.domain.models.wanted import FoundModel
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install.errors import DownloadError
from invoke_tui.studio.models.install.names import is_weights, safe_name
from invoke_tui.studio.models.install.plan import Plan, Wanted
from invoke_tui.studio.models.install.sources import Civitai
from invoke_tui.studio.models.install.web import Web

_HEX64: Final = re.compile(r"[0-9A-Fa-f]{64}")
_CARD: Final = ("id", "modelId", "name", "baseModel", "trainedWords", "description", "model")


async def look_up(source: Civitai, site: str, web: Web, *, use_token: bool = True) -> Plan:
    """What to download for ``source``: one file, its checksums, and the page's words as a card."""
    version, model = await _version(source, site, web, use_token)
    file = _choose(version, source)
    number, model_id = _number(version.get("id")), _number(version.get("modelId") or model.get("id"))
    name = safe_name(_text(file.get("name"), 300), fallback=f"civitai_{number}")
    about = version.get("model") if isinstance(version.get("model"), dict) else model
    card: dict[str, Any] = {key: version[key] for key in _CARD if key in version}
    card |= {"id": number, "modelId": model_id}
    card["model"] = {key: about[key] for key in ("name", "type", "description") if about and key in about}
    if not card.get("description"):
        card["description"] = model.get("description")
    hashes = file.get("hashes") if isinstance(file.get("hashes"), dict) else {}
    page = Civitai(model_id=model_id or None, version_id=number)
    return Plan(
        source=str(page),
        source_type="url",
        files=(
            Wanted(
                url=_address(site, number, source, file),
                path=name,
                size=_bytes(file.get("sizeKB")),
                sha256=_hash(hashes, "SHA256"),
                blake3=_hash(hashes, "BLAKE3"),
            ),
        ),
        name=_title(card["model"], version),
        card=card,
        preview=_picture(version),
    )


async def with_hash(digest: str, site: str, web: Web) -> FoundModel:
    """The file with this SHA256, its beginning, its BLAKE3 or another hash that the site knows.

    Raises ``NotFoundError`` where nobody has uploaded it.
    """
    version = await web.json(f"{site}/api/v1/model-versions/by-hash/{digest}", attempts=2)
    if not isinstance(version, dict):
        raise DownloadError("Civitai sent something that cannot be read.", code="bad_answer")
    number, model_id = _number(version.get("id")), _number(version.get("modelId"))
    file = next((one for one in _weights(version) if _has(one, digest)), None)
    chosen = _choose(version, Civitai(version_id=number))
    page = Civitai(model_id=model_id or None, version_id=number)
    source = str(page)
    if file is not None and file is not chosen and model_id and (file_id := _number(file.get("id"))):
        source = f"urn:air:any:model:civitai:{model_id}@{number}+{file_id}"
    about = version.get("model") if isinstance(version.get("model"), dict) else {}
    size = (file or chosen).get("sizeKB")
    return FoundModel(
        source=source,
        name=_title(about or {}, version) or source,
        by="hash",
        size=_bytes(size),
        hash=f"blake3:{digest_}" if (digest_ := _hash((file or chosen).get("hashes"), "BLAKE3")) else "",
        page=str(page),
    )


def _has(file: Mapping[str, Any], digest: str) -> bool:
    hashes = file.get("hashes")
    told = hashes.values() if isinstance(hashes, dict) else ()
    return any(isinstance(one, str) and one.lower().startswith(digest.lower()) for one in told)


def _title(about: Mapping[str, Any], version: Mapping[str, Any]) -> str:
    return " ".join(part for part in (_text(about.get("name"), 120), _text(version.get("name"), 80)) if part)


def _bytes(kilobytes: object) -> int | None:
    known = isinstance(kilobytes, int | float) and 0 < kilobytes < 1e12
    return round(kilobytes * 1024) if known else None  # type: ignore[operator]


async def _version(
    source: Civitai, site: str, web: Web, use_token: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A version's JSON and, where the model was asked for, the model's."""

    async def ask(path: str) -> dict[str, Any]:
        found = await web.json(f"{site}/api/v1/{path}", token=source.token, use_token=use_token)
        if not isinstance(found, dict):
            raise DownloadError("Civitai sent something that cannot be read.", code="bad_answer")
        return found

    if source.version_id is not None:
        return await ask(f"model-versions/{source.version_id}"), {}
    model = await ask(f"models/{source.model_id}")
    versions = [version for version in model.get("modelVersions") or () if isinstance(version, dict)]
    if not versions:
        raise NotFoundError(f"Civitai's model {source.model_id} has no version.", code="remote_not_found")
    return versions[0] | {"modelId": model.get("id")}, model


def _choose(version: Mapping[str, Any], source: Civitai) -> dict[str, Any]:
    """The file that is meant: the one asked for, else weights before their companions, safetensors before pickles,
    the page's own choice before others."""
    files = _weights(version)
    if source.file_id is not None:
        files = [file for file in files if _number(file.get("id")) == source.file_id]
    for key, value in source.wanted:
        files = [file for file in files if _fact(file, key).lower() == value.lower()] or files
    if not files:
        raise NotFoundError(
            "This version on Civitai has no model file that can be installed.",
            hint="Look at its page; files to train with and archives are not installed.",
            code="remote_not_found",
        )

    def rank(file: Mapping[str, Any]) -> tuple[bool, bool, bool]:
        weights = _text(file.get("type"), 40) in ("Model", "Pruned Model")
        safe = _text(file.get("name"), 300).lower().endswith((".safetensors", ".sft", ".gguf"))
        return weights, safe, file.get("primary") is True

    return max(files, key=rank)


def _weights(version: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = [file for file in version.get("files") or () if isinstance(file, dict)]
    return [file for file in listed if is_weights(_text(file.get("name"), 300))]


def _fact(file: Mapping[str, Any], key: str) -> str:
    facts = file.get("metadata") if isinstance(file.get("metadata"), dict) else {}
    return _text(file.get("type") if key == "type" else (facts or {}).get(key), 40)


def _address(site: str, version: int, source: Civitai, file: Mapping[str, Any]) -> str:
    """The file's own download address when it lies on the site, else the version's. Its query names the file."""
    given = _text(file.get("downloadUrl"), 500)
    parts = urlsplit(given)
    if parts.path.startswith("/api/download/models/") and parts.hostname:
        return f"{site}{parts.path}{'?' + parts.query if parts.query else ''}"
    query = f"?{urlencode(source.wanted)}" if source.wanted else ""
    return f"{site}/api/download/models/{version}{query}"


def _picture(version: Mapping[str, Any]) -> str:
    for image in version.get("images") or ():
        if isinstance(image, dict) and image.get("type", "image") == "image":
            url = _text(image.get("url"), 1000)
            if url.startswith(("https://", "http://")):
                return url
    return ""


def _hash(hashes: Any, kind: str) -> str:
    found = (hashes or {}).get(kind)
    return found.lower() if isinstance(found, str) and _HEX64.fullmatch(found) else ""


def _number(found: object) -> int:
    return found if type(found) is int and 0 < found < 10**12 else 0


def _text(found: object, limit: int) -> str:
    return safe_text(found, limit=limit).strip() if isinstance(found, str) else ""
