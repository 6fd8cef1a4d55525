"""Wildcard files: what ``__name__`` stands for. Lists in ``.txt``, nested lists in ``.yaml`` and ``.json``.

Files come from anywhere: each is read within bounds, and what cannot be used is a problem, never an exception.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.text import safe_text
from invoke_tui.prompt.plain_yaml import load_plain

MOST_BYTES: Final = 8 * 2**20
MOST_YAML_BYTES: Final = 2**20
"""YAML is read a hundred times slower than lines."""
MOST_FILES: Final = 10_000
MOST_VALUES: Final = 100_000
LONGEST_VALUE: Final = 20_000
_DEEPEST: Final = 16
_SUFFIXES: Final = (".txt", ".yaml", ".yml", ".json")
_WEIGHTED = re.compile(r"(\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})::")


@dataclass(frozen=True, slots=True)
class Value:
    """One of the texts a wildcard stands for, and how often it is drawn compared with the others."""

    text: str
    weight: float = 1.0


class Wildcards:
    """The wildcards in some folders; of two with one name the first folder's counts. Files are read when needed.

    ``refresh`` makes it look again; a file that changed meanwhile is read again by itself.
    """

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        self.folders = tuple(folders)
        self.problems: list[str] = []
        self._index: dict[str, tuple[Path, str]] | None = None

    def refresh(self) -> None:
        """Look for the files again."""
        self._index = None

    def names(self) -> list[str]:
        """Every wildcard's name, sorted; for completion and the browser."""
        return sorted(self._files())

    def match(self, pattern: str) -> list[str]:
        """The names a wildcard in a prompt means: itself, what a pattern matches, else the name in any folder."""
        files, name = self._files(), pattern.strip("/ ")
        if name in files:
            return [name]
        found = [known for known in files if fnmatchcase(known, name)] if set(name) & set("*?[") else []
        return sorted(found or [known for known in files if known.endswith("/" + name)])

    def values(self, pattern: str) -> list[Value]:
        """What a wildcard stands for, sorted and each once; empty when there is no such wildcard."""
        found: dict[str, Value] = {}
        for name in self.match(pattern):
            file, key = self._files()[name]
            for value in self._read(file).get(key, ()):
                found.setdefault(value.text, value)
        return sorted(found.values(), key=lambda value: value.text)[:MOST_VALUES]

    def _files(self) -> dict[str, tuple[Path, str]]:
        if self._index is None:
            self._index, self.problems = {}, []
            for folder in self.folders:
                for file in self._walk(folder):
                    prefix = file.relative_to(folder).with_suffix("").as_posix()
                    for key in self._read(file) if file.suffix != ".txt" else ("",):
                        above = prefix.rpartition("/")[0]
                        name = "/".join(part for part in (above, key) if part) if key else prefix
                        self._index.setdefault(name, (file, key))
        return self._index

    def _walk(self, folder: Path) -> Iterator[Path]:
        number = 0
        for place, folders, files in os.walk(
            folder
        ):  # links to folders are not followed: they may form circles
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith(".") and name.endswith(_SUFFIXES):
                    number += 1
                    if number > MOST_FILES:
                        self.problems.append(f"{folder}: more than {MOST_FILES} files; the rest is left out")
                        return
                    yield Path(place, name)

    def _read(self, file: Path) -> dict[str, tuple[Value, ...]]:
        try:
            seen = file.stat()
            if not os.path.isfile(file):
                raise ValueError("is not a file")
            return _load(file, seen.st_mtime_ns, seen.st_size)
        except (OSError, ValueError, RecursionError) as error:
            why = safe_text(error.strerror or error if isinstance(error, OSError) else error, limit=200)
            problem = f"{file.name}: {why or 'is nested too deep'}"
            if problem not in self.problems:
                self.problems.append(problem)
            return {}


@lru_cache(maxsize=256)
def _load(file: Path, _changed: int, size: int) -> dict[str, tuple[Value, ...]]:
    """The lists of one file by their keys; a plain list has the key ''."""
    structured = file.suffix != ".txt"
    most = MOST_YAML_BYTES if file.suffix in (".yaml", ".yml") else MOST_BYTES
    if size > most:
        raise ValueError(f"is larger than {most // 2**20} MB and is left out")
    with file.open("rb") as stream:
        text = stream.read(most + 1).decode("utf-8-sig", "replace")
    if not structured:
        lines = (line.strip() for line in text.splitlines())
        return {"": _values([line for line in lines if line and not line.startswith("#")])}
    data = json.loads(text) if file.suffix == ".json" else load_plain(text)
    found: dict[str, tuple[Value, ...]] = {}
    _collect(data, "", found, 0)
    return found


def _collect(data: Any, key: str, found: dict[str, tuple[Value, ...]], depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"is nested more than {_DEEPEST} deep")
    if isinstance(data, dict):
        for name, below in data.items():
            _collect(below, f"{key}/{name}" if key else str(name), found, depth + 1)
    elif isinstance(data, list):
        found[key] = _values(data)
    elif isinstance(data, str):
        found[key] = _values([data])


def _values(entries: list[Any]) -> tuple[Value, ...]:
    values = []
    for entry in entries[:MOST_VALUES]:
        if isinstance(entry, dict):
            text, weight = entry.get("text") or entry.get("content"), entry.get("weight", 1)
        elif isinstance(entry, str | int | float) and not isinstance(entry, bool):
            text, weight = str(entry), 1
            if found := _WEIGHTED.match(text):
                text, weight = text[found.end() :], float(found[1])
        else:
            continue
        usable = isinstance(weight, int | float) and 0 <= weight <= 1e6
        if isinstance(text, str) and text and usable:
            values.append(Value(text[:LONGEST_VALUE], float(weight)))
    return tuple(values)
