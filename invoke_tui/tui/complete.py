"""Folders and files a path that is being typed may become."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from invoke_tui.domain.text import safe_text

LIMIT: Final = 500
LOOKED_AT: Final = 20_000
"""Entries of a folder that are looked at; one with more is completed by typing."""


def folders(typed: str) -> list[str]:
    """Names of folders that ``typed`` may go on with, sorted; hidden ones when a dot was typed. For a thread.

    Names that cannot be shown as they are cannot be typed, and are left out.
    """
    return _named(typed, lambda entry: entry.name if entry.is_dir() else "")


def paths(typed: str, suffixes: tuple[str, ...]) -> list[str]:
    """As ``folders``, with a slash behind each, and the files with one of these endings. For a thread."""

    def name(entry: os.DirEntry[str]) -> str:
        if entry.is_dir():
            return f"{entry.name}/"
        return entry.name if entry.name.lower().endswith(suffixes) else ""

    return _named(typed, name)


def _named(typed: str, name: Callable[[os.DirEntry[str]], str]) -> list[str]:
    head, tail = os.path.split(os.path.expanduser(typed))
    found: list[str] = []
    try:
        with os.scandir(head or ".") as entries:
            for seen, entry in enumerate(entries):
                if seen >= LOOKED_AT or len(found) >= LIMIT:
                    break
                if _fits(entry.name, tail) and (shown := name(entry)):
                    found.append(shown)
    except (OSError, ValueError):
        return []
    return sorted(found, key=str.casefold)


def _fits(name: str, tail: str) -> bool:
    if name.startswith(".") and not tail.startswith("."):
        return False
    return name.startswith(tail) and safe_text(name) == name


def completed(typed: str, names: list[str]) -> str:
    """``typed`` as far as all ``names`` go on with it; with a slash behind the only one."""
    if not names:
        return typed
    head = typed[: typed.rfind("/") + 1] if not typed.startswith("~") or "/" in typed else typed
    common = _common(names)
    return f"{head}{common}/" if len(names) == 1 else f"{head}{common}"


def _common(names: list[str]) -> str:
    """The letters all names begin with."""
    first, last = min(names), max(names)
    return first[: next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]


def joined(typed: str, names: list[str]) -> str:
    """``typed`` as far as all ``names`` go on with it."""
    return typed[: typed.rfind("/") + 1] + _common(names)
