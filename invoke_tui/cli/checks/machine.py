"""Python, the libraries, memory, locale."""

from __future__ import annotations

import locale
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from invoke_tui.cli.checks.base import GIB, Check, gib

_LIBRARIES: Final = ("torch", "diffusers", "transformers", "textual")
_ADVISED_RAM: Final = 12 * GIB
_NEWEST_PYTHON: Final = (3, 13)


def checks() -> Iterator[Check]:
    """Yield the checks of the machine."""
    yield _python()
    for name in _LIBRARIES:
        yield _library(name)
    yield _memory()
    yield _locale()


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if not (3, 11) <= sys.version_info[:2] <= _NEWEST_PYTHON:
        return Check("python", "warning", found, "Use Python 3.11, 3.12 or 3.13.")
    return Check("python", "ok", found)


def _library(name: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(
            name, "error", "not installed", "Install invoke-tui again: uv tool install --force invoke-tui"
        )


def _memory() -> Check:
    import psutil

    memory = psutil.virtual_memory()
    detail = f"{gib(memory.total)}, {gib(memory.available)} available"
    if memory.total < _ADVISED_RAM * 0.95:
        return Check("ram", "warning", detail, "12 GB are advised. Small models and max_cache_ram_gb help.")
    return Check("ram", "ok", detail)


def _locale() -> Check:
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") != "utf8":
        return Check("locale", "warning", f"text is {encoding}", "Set LANG=C.UTF-8 or another UTF-8 locale.")
    return Check("locale", "ok", encoding)
