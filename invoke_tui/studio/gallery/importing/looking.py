"""One file, looked at: whether it is a whole picture, what its content is called, what it says it was made with.

No pixel is decoded, except of formats that the gallery does not keep and, without any other text, for hidden texts.
"""

from __future__ import annotations

import hashlib
import json
import math
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from uuid import uuid5

from invoke_tui.domain.errors import BadInputError, StudioError
from invoke_tui.domain.gallery.images import SUFFIXES
from invoke_tui.domain.gallery.importing import FileTexts, RawText
from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.convert.a1111 import from_a1111
from invoke_tui.prompt.extract.found import Found, json_object
from invoke_tui.prompt.extract.read import read_all, said_by
from invoke_tui.studio.gallery.formats import facts_of, format_in, format_of_file
from invoke_tui.studio.gallery.intake import TAKEN, as_png

LARGEST: Final = 256 * 2**20
_HELD: Final = 16 * 2**20
"""Bytes up to which a file is read once; a larger one is read again where it is needed."""
_DEEPEST: Final = 40
_LONGEST: Final = 512 * 2**10
"""Characters of JSON under one key of metadata."""
_MOST_KEYS: Final = 200
_MOST_WHOLE: Final = 2**64
_MOST_SHOWN: Final = 50
_LONGEST_SHOWN: Final = 64 * 2**10
"""Characters of a text that are shown."""
_PROMPTS: Final = ("positive_prompt", "negative_prompt")


@dataclass(frozen=True)
class Seen:
    """A picture that can be taken. ``data`` is what a copy holds, ``size`` bytes: those, or the file's as it is;
    ``keepable`` that the file can stay where it is.
    """

    path: Path
    image_name: str
    digest: str
    data: bytes | Path = field(repr=False)
    size: int
    keepable: bool
    width: int
    height: int
    has_workflow: bool
    changed_at: str
    program: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def held(self) -> int:
        """Bytes that are held of it."""
        return len(self.data) if isinstance(self.data, bytes) else 0


def look_at(path: Path) -> Seen:
    """Read a file. Raises ``StudioError`` with the reason where it is no whole picture."""
    from invoke_tui.nodes.images.reading import measure

    data, size, changed = _read(path)
    with _readable(path):
        kind = format_of_file(path) if isinstance(data, Path) else format_in(data)
        facts = facts_of(data) if kind is not None else None  # first: decoders unpack texts of any size
        measured = measure(data, path.name)
        digest = _digest(data)
    kept = data if kind is not None else as_png(data, path.name)
    return Seen(
        path=path,
        image_name=f"{uuid5(TAKEN, digest)}{SUFFIXES[kind or 'png']}",
        digest=digest,
        data=kept,
        size=len(kept) if isinstance(kept, bytes) else size,
        keepable=kind is not None,
        width=measured.width,
        height=measured.height,
        has_workflow=facts is not None and facts.has_workflow,
        changed_at=changed,
    )


def with_words(seen: Seen, told: str | None = None) -> Seen:
    """The same with what it was made with: ``told`` is metadata that its program keeps elsewhere."""
    if told is not None and (metadata := tame(json_object(told))) is not None:
        return replace(seen, program="InvokeAI", metadata=metadata)
    try:
        found = said_by(seen.path)
    except StudioError:
        return seen
    return seen if found is None else replace(seen, program=found.program, metadata=_stored(found))


def file_texts(path: Path) -> FileTexts:
    """What a picture's file says, with the files beside it: understood, and as it stands there but inert."""
    said = read_all(path)
    return FileTexts(
        program=said.found.program if said.found else None,
        notes=list(said.found.notes) if said.found else [],
        texts=[
            RawText(
                keyword=safe_text(name, limit=100),
                text=safe_text(text, limit=_LONGEST_SHOWN, multiline=True),
                length=len(text),
            )
            for name, text in list(said.texts.items())[:_MOST_SHOWN]
        ],
    )


def digest_of(path: Path) -> str | None:
    """The digest of a file of the gallery; None where it is gone."""
    try:
        facts = path.stat()
        return _digest_of(path, facts.st_mtime_ns, facts.st_size)
    except OSError:
        return None


@lru_cache(maxsize=10_000)
def _digest_of(path: Path, _changed: int, _size: int) -> str:
    """Remembered, as many files of one size would be read for each that comes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tame(data: Any) -> dict[str, Any] | None:
    """Metadata from anywhere, of a depth and size that everything here can work with; what is beyond is left out."""
    if not isinstance(data, dict):
        return None
    kept = {}
    for key, value in list(data.items())[:_MOST_KEYS]:
        plain = _plain(value, 0)
        if len(json.dumps(plain)) <= _LONGEST:
            kept[str(key)[:200]] = plain
    return kept or None


def _read(path: Path) -> tuple[bytes | Path, int, str]:
    """A file's bytes, or where it is large the file itself, its size, and when it was changed."""
    with _readable(path), path.open("rb") as file:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > LARGEST:
            raise BadInputError(f"is larger than {LARGEST // 2**20} MiB", code="too_large")
        changed = datetime.fromtimestamp(facts.st_mtime, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return path if facts.st_size > _HELD else file.read(_HELD), facts.st_size, changed


def _digest(data: bytes | Path) -> str:
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        raise BadInputError(f"cannot be read: {reason}", code="cannot_read") from error


def _stored(found: Found) -> dict[str, Any] | None:
    """InvokeAI's metadata, prompts in its language."""
    data = tame(found.metadata)
    if data is None or not found.a1111:
        return data
    return data | {name: from_a1111(text).text for name in _PROMPTS if (text := str(data.get(name) or ""))}


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _MOST_WHOLE:
        return None
    return value if isinstance(value, str | int | float | bool) else None
