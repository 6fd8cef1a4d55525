"""Where a model comes from: one line of text read into a typed source."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.models.records import SourceType
from invoke_tui.domain.text import safe_text
from invoke_tui.studio.models.install.selection import VARIANTS
from invoke_tui.studio.models.install.sites import Sites

FORMS: Final = (
    "a path, https://…, org/repo, org/repo:fp16, org/repo::folder/file, org/repo::folder+folder2, a Civitai page, "
    "urn:air:…, the name of a starter model, or bundle:sdxl"
)
_SECRETS: Final = frozenset({"token", "access_token", "api_key", "apikey", "auth"})
_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}")
_COMPANION: Final = re.compile(r"companion:(?P<name>[a-z0-9][a-z0-9-]{0,63})")
_AIR: Final = re.compile(
    r"(?:urn:)?(?:air:)?[\w-]+:(?P<type>[\w-]+):(?P<site>civitai|huggingface):(?P<id>[^@+\s]+)"
    r"(?:@(?P<version>[\w]+))?(?:\+(?P<file>\d+))?(?:\.(?P<format>[a-z]\w*))?",
    re.IGNORECASE,
)
_CIVITAI_HOSTS: Final = frozenset({"civitai.com", "civitai.red", "civitai.green"})
_HUB_HOSTS: Final = frozenset({"huggingface.co", "hf.co", "www.huggingface.co"})


@dataclass(frozen=True, slots=True)
class LocalPath:
    """A file or a folder on this machine."""

    path: Path
    type: SourceType = "path"

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class HubRepo:
    """A repository of the hub, or parts of it."""

    repo: str
    variant: str = ""
    parts: tuple[str, ...] = ()
    revision: str = "main"
    type: SourceType = "hf_repo_id"

    def __str__(self) -> str:
        at = f"@{self.revision}" if self.revision != "main" else ""
        variant = f":{self.variant}" if self.variant or self.parts else ""
        return f"{self.repo}{at}{variant}{':' + '+'.join(self.parts) if self.parts else ''}"


@dataclass(frozen=True, slots=True)
class Civitai:
    """A version of a model on Civitai; without ``version_id`` the newest. ``wanted`` says which of its files."""

    model_id: int | None = None
    version_id: int | None = None
    file_id: int | None = None
    wanted: tuple[tuple[str, str], ...] = ()
    token: str | None = field(default=None, repr=False, compare=False)
    type: SourceType = "url"

    def __str__(self) -> str:
        query = f"?modelVersionId={self.version_id}" if self.version_id else ""
        if self.model_id:
            return f"https://civitai.com/models/{self.model_id}{query}"
        return f"https://civitai.com/api/download/models/{self.version_id}"


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file anywhere. A token that stood in the address is kept apart from it."""

    url: str
    token: str | None = field(default=None, repr=False, compare=False)
    type: SourceType = "url"

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Companion:
    """A small model that comes with the package and belongs to its starter model."""

    name: str
    type: SourceType = "external"

    def __str__(self) -> str:
        return f"companion:{self.name}"


Source = LocalPath | HubRepo | Civitai | WebFile | Companion


def parse(text: str, sites: Sites | None = None) -> Source:
    """Read a source. Raises ``BadInputError`` that says what was understood and which forms there are."""
    given, known = text.strip(), sites or Sites()
    if not given or any(ord(letter) < 32 or ord(letter) == 127 for letter in given):
        raise _refuse(given, "It is empty or holds control characters")
    if given.startswith(("/", "~", "./", "../")) or given in (".", ".."):
        return LocalPath(Path(given).expanduser())
    lowered = given.lower()
    if lowered.startswith(tuple(f"{host}/" for host in (*_HUB_HOSTS, *_CIVITAI_HOSTS))):
        given = f"https://{given}"
    if "://" in given:
        return _address(given, known)
    if companion := _COMPANION.fullmatch(given):
        return Companion(companion["name"])
    if air := _AIR.fullmatch(given):
        return _air(given, air)
    if lowered.startswith(("urn:", "air:")):
        raise _refuse(given, "An AIR has the form urn:air:sdxl:lora:civitai:123@456")
    if re.match(r"[A-Za-z]:[\\/]", given) or "\\" in given:
        raise _refuse(given, "This looks like a path of Windows")
    if re.match(r"(file|data|ftp|javascript):", lowered):
        raise _refuse(given, f"Nothing is fetched with {lowered.split(':', 1)[0]}:")
    return _repo(given)


def _repo(text: str) -> HubRepo:
    """``org/repo[@revision][:variant][:[/]part+part]``."""
    where, *rest = text.split(":", 2)
    repo, _, revision = where.partition("@")
    if not _REPO.fullmatch(repo) or ".." in repo:
        raise _refuse(text, "It is no path that exists and no repository")
    variant, parts = [*rest, "", ""][:2]
    if variant.startswith("/") and not parts:
        variant, parts = "", variant
    if variant not in VARIANTS:
        known = ", ".join(name for name in VARIANTS if name)
        raise _refuse(text, f"“{variant}” is no variant ({known})")
    return HubRepo(repo, variant, _parts(text, parts), _revision(text, revision))


def _parts(text: str, given: str) -> tuple[str, ...]:
    parts = tuple(part.strip("/") for part in given.split("+")) if given.strip("/") else ()
    if any(not part or {"..", ".", ""} & set(part.split("/")) for part in parts):
        raise _refuse(text, "The part behind :: is no folder or file of the repository")
    return parts


def _revision(text: str, given: str) -> str:
    if given and (not re.fullmatch(r"[\w./-]{1,100}", given) or ".." in given):
        raise _refuse(text, f"“{given}” is no revision")
    return given or "main"


def _address(text: str, sites: Sites) -> Source:
    try:
        found = urlsplit(text)
        host, _port = (found.hostname or "").lower(), found.port
    except ValueError:
        raise _refuse(text, "It is no address that can be read") from None
    if found.scheme.lower() not in ("http", "https"):
        raise _refuse(text, f"Nothing is fetched with {found.scheme.lower()}:")
    if found.username is not None or found.password is not None:
        raise _refuse(_without_user(text), "An address must not carry a name and a password")
    if not host:
        raise _refuse(text, "The address names no host")
    query = parse_qsl(found.query, keep_blank_values=True)
    token = next((value for name, value in query if name.lower() in _SECRETS and value), None)
    open_ = [(name, value) for name, value in query if name.lower() not in _SECRETS]
    if host in _HUB_HOSTS or _same_site(found.netloc, sites.hub):
        return _hub_page(text, unquote(found.path))
    if host.removeprefix("www.") in _CIVITAI_HOSTS or _same_site(found.netloc, sites.civitai):
        return _civitai_page(text, found.path, open_, token)
    query_left = urlencode(open_) if token else found.query
    path = quote(found.path, safe="/%:@!$&'()*+,;=~-._")
    clean = urlunsplit((found.scheme.lower(), found.netloc, path, query_left, ""))
    return WebFile(clean, token)


def _same_site(netloc: str, site: str) -> bool:
    return netloc.lower() == urlsplit(site).netloc.lower()


def _hub_page(text: str, path: str) -> HubRepo:
    """``/org/repo``, ``/org/repo/tree/main/folder`` and ``/org/repo/(blob|resolve|raw)/main/file``."""
    pieces = [piece for piece in path.split("/") if piece]
    repo = "/".join(pieces[:2])
    if len(pieces) < 2 or not _REPO.fullmatch(repo) or pieces[0] in ("datasets", "spaces"):
        raise _refuse(text, "It is no address of a model repository")
    if len(pieces) == 2:
        return HubRepo(repo)
    if pieces[2] not in ("tree", "blob", "resolve", "raw") or len(pieces) < 4:
        raise _refuse(text, "It is a page of the hub, but neither a repository nor a file in one")
    inside = "/".join(pieces[4:])
    if not inside and pieces[2] != "tree":
        raise _refuse(text, "The address of a file in a repository ends with its name")
    parts = _parts(text, inside) if "+" not in inside else (inside,)
    return HubRepo(repo, "", parts, _revision(text, pieces[3]))


def _civitai_page(text: str, path: str, query: list[tuple[str, str]], token: str | None) -> Civitai:
    named = dict(query)
    if found := re.match(r"/api/download/models/(\d{1,12})/?$", path):
        wanted = tuple((key, value) for key, value in query if key in ("type", "format", "size", "fp"))
        return Civitai(version_id=int(found[1]), wanted=wanted, token=token)
    if found := re.match(r"/api/v1/model-versions/(\d{1,12})/?$", path):
        return Civitai(version_id=int(found[1]), token=token)
    if found := re.match(r"/(?:api/v1/)?models/(\d{1,12})(?:/[^/]*)?/?$", path):
        version = named.get("modelVersionId", "")
        return Civitai(
            model_id=int(found[1]), version_id=int(version) if version.isdecimal() else None, token=token
        )
    raise _refuse(text, "It is a page of Civitai, but none of a model")


def _air(text: str, found: re.Match[str]) -> Source:
    if found["site"].lower() == "huggingface":
        return _repo(found["id"])
    number, version = found["id"].split(".")[0], found["version"]
    if not number.isdecimal() or len(number) > 12 or (version and not version.isdecimal()):
        raise _refuse(text, "An AIR of Civitai names models and versions by number")
    return Civitai(
        model_id=int(number),
        version_id=int(version) if version else None,
        file_id=int(found["file"]) if found["file"] else None,
        wanted=(("format", found["format"]),) if found["format"] else (),
    )


def without_secrets(text: str) -> str:
    """``text`` as it may be stored and shown: an address without tokens, names and passwords."""
    if "://" not in text:
        return text
    found = urlsplit(_without_user(text))
    pairs = parse_qsl(found.query, keep_blank_values=True)
    if not any(name.lower() in _SECRETS for name, _ in pairs):
        return urlunsplit(found)
    kept = urlencode([(name, value) for name, value in pairs if name.lower() not in _SECRETS])
    return urlunsplit(found._replace(query=kept))


def _without_user(text: str) -> str:
    return re.sub(r"://[^/?#]*@", "://", text)


def _refuse(text: str, why: str) -> BadInputError:
    shown = safe_text(_without_user(text), limit=200)
    try:
        shown = without_secrets(shown)
    except ValueError:
        pass
    return BadInputError(
        f"“{shown}” is no source of a model: {why[0].lower()}{why[1:]}.",
        hint=f"Sources are {FORMS}.",
        code="bad_source",
    )
