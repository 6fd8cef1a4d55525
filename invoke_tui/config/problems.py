"""What is wrong with a configuration, in words a person can act on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.text import safe_text

MASK: Final = "********"
_SECRET_KEY = re.compile(r"(_api_key|tokens?)$")
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, and what is allowed instead."""

    message: str
    line: int | None = None
    key: str = ""
    value: Any = None
    allowed: str = ""
    origin: str = ""
    """Where the value came from when it was not the file: a flag or an environment variable."""

    def describe(self, file: Path) -> str:
        """One line for people."""
        where = self.origin or (f"{file}, line {self.line}" if self.line else str(file))
        key = f"{safe_text(self.key, limit=80)}: " if self.key else ""
        shown = "" if self.value is None else f"{shown_value(self.key, self.value)} "
        allowed = f" ({self.allowed})" if self.allowed else ""
        return f"{where}: {key}{shown}{self.message}{allowed}"


class ConfigError(BadInputError):
    """The configuration cannot be used. The file is left as it is."""

    default_code = "bad_config"

    def __init__(self, file: Path, problems: list[Problem], *, hint: str = "") -> None:
        self.file = file
        self.problems = problems
        super().__init__(
            "\n".join(problem.describe(file) for problem in problems),
            hint=hint or "Correct it and try again; 'invoke-tui config check' says whether all is well.",
        )


def closest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``name`` was probably meant to be."""
    found = difflib.get_close_matches(name.lower().replace("-", "_"), sorted(choices), n=1, cutoff=0.6)
    return found[0] if found else None


def is_secret(key: str) -> bool:
    """Tell whether a key's value must never be shown."""
    return bool(_SECRET_KEY.search(key))


def shown_value(key: str, value: Any) -> str:
    """Return a value for people: short, inert, and without secrets."""
    if is_secret(key):
        return MASK
    return safe_text(without_userinfo(repr(value) if isinstance(value, str) else str(value)), limit=80)


def without_userinfo(text: str) -> str:
    """Hide the name and password of an address."""
    return _USERINFO.sub(MASK, text)
