"""Names and folders of pictures by a template: ``{date}/{model}/{seed}-{prompt:40}``.

Whatever a value says, the path stays below its folder and is one that every file system takes: a value never makes a
folder, and the parts of a path are cleaned after they are filled in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

FIELDS: Final = (
    "date", "time", "year", "month", "day", "model", "base", "seed", "width", "height", "steps", "scheduler",
    "prompt", "board", "number", "id",
)  # fmt: skip
"""What a template may name. ``number`` is the item's in the queue, ``id`` the picture's own name."""
LONGEST_PART: Final = 150
"""Bytes of a folder's or file's name, its ending not counted: file systems take 255."""
MOST_FOLDERS: Final = 6
LONGEST_TEMPLATE: Final = 300
_FIELD: Final = re.compile(r"\{(\w+)(?::(\d{1,3}))?\}")
_UNSAFE: Final = re.compile(r'[\\/:*?"<>|{}]')
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", "thumbnails"}
    | {f"{name}{number}" for name in ("com", "lpt") for number in "0123456789¹²³"}
)
"""Windows's devices, and the folder of the thumbnails."""


def wrong_template(template: str) -> str:
    """What is wrong with a template; nothing where it can be used."""
    if len(template) > LONGEST_TEMPLATE:
        return f"it is longer than {LONGEST_TEMPLATE} characters"
    parts = template.split("/")
    if len(parts) > MOST_FOLDERS + 1:
        return f"it has more than {MOST_FOLDERS} folders"
    if template.startswith(("/", "~")) or any(part.strip() in ("", ".", "..") for part in parts):
        return "every part between slashes needs a name"
    named = [match[1] for match in _FIELD.finditer(template)]
    if unknown := next((name for name in named if name not in FIELDS), None):
        return f"there is no {{{unknown}}}; there are {', '.join(FIELDS)}"
    rest = _FIELD.sub("", template)
    if "{" in rest or "}" in rest:
        return "a brace stands alone; a field looks like {seed} or {prompt:40}"
    if not _FIELD.search(parts[-1]):
        return "the file's name needs a field, such as {seed}"
    return ""


def filled(template: str, values: Mapping[str, object], *, otherwise: str) -> str:
    """The path that a template makes of values, without an ending: ``2026-01-05/tiny/7-a red fox``.

    Folders of which nothing is left are left out; a file's name of which nothing is left is ``otherwise``.
    """
    *folders, name = template.split("/")
    kept = [part for folder in folders if (part := _part(folder, values))]
    return "/".join([*kept[:MOST_FOLDERS], _part(name, values) or _safe(otherwise) or "picture"])


def numbered(path: str) -> Iterator[str]:
    """The path, and what takes its place when it is taken: ``fox``, ``fox-2``, ``fox-3``."""
    yield path
    number = 2
    while True:
        yield f"{path}-{number}"
        number += 1


def _part(template: str, values: Mapping[str, object]) -> str:
    """One part between slashes. What stands between fields goes with a field that has nothing to say."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        text = _clean("" if found is None else str(found))
        return text[: int(match[2])].strip() if match[2] else text

    said = [value(match) for match in _FIELD.finditer(template)]
    return _safe(_FIELD.sub(value, template)) if any(said) or not said else ""


def _clean(text: str) -> str:
    """Visible characters and single spaces."""
    text = unicodedata.normalize("NFC", _UNSAFE.sub(" ", text[:4_000]))
    return " ".join("".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text).split())


def _safe(text: str) -> str:
    """A name that is no hidden file, no device, no way up, and short enough; or nothing."""
    text = _clean(text).lstrip(".-_ ")
    text = text.encode()[:LONGEST_PART].decode(errors="ignore").rstrip(". -_")
    first, dot, rest = text.partition(".")
    return f"{first}_{dot}{rest}" if first.strip().casefold() in _RESERVED else text
