"""What may stand where the cursor is in the filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from invoke_tui.domain.gallery.boards import UNCATEGORIZED
from invoke_tui.domain.gallery.query import DAYS, FLAGS, HAS, KEYS
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.text import safe_text
from invoke_tui.tui.prompts.completion import Candidate

MOST: Final = 40
_DAYS: Final = (
    "today", "yesterday", "7d", "30d",
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """Names that values can have."""

    boards: Sequence[str] = ()
    models: Sequence[ModelRecord] = field(default=())

    def values(self, key: str) -> Sequence[str]:
        """What can stand behind a key; nothing for numbers and texts."""
        match key:
            case "board":
                return (UNCATEGORIZED, *self.boards)
            case "model" | "lora":
                kind = ModelType.MAIN if key == "model" else ModelType.LORA
                return sorted({model.name for model in self.models if model.type is kind}, key=str.lower)
            case "base":
                return tuple(base.value for base in BaseModelType)
            case "has":
                return HAS
            case "similar":
                return ()
            case _:
                return ("yes", "no") if key in FLAGS else _DAYS if key in DAYS else ()


def completions(text: str, cursor: int, known: Known) -> list[Candidate]:
    """What the word before the cursor may become: a key, or a value of the key it has."""
    start = _start(text, cursor)
    word = text[start:cursor]
    bare = word.removeprefix("-")
    key, colon, typed = bare.partition(":")
    if not colon:
        at = start + len(word) - len(bare)
        found = [one for one in KEYS if bare and one.startswith(bare.lower())]
        keys = [Candidate(at, cursor, f"{one}:", f"{one}:", "key", KEYS[one]) for one in found]
        return keys + [
            Candidate(at, cursor, f"on:{day} ", f"on:{day}", "value", "made on that day")
            for day in _days(bare)
        ]
    typed = typed.rpartition(",")[2].removeprefix('"')
    at = cursor - len(typed)
    opened = text[:at].endswith('"')
    found = [one for one in known.values(key.lower()) if typed.lower() in one.lower() and typed != one]
    found.sort(key=lambda one: not one.lower().startswith(typed.lower()))
    return [
        Candidate(at, cursor, f'{one}" ' if opened else _written(one), safe_text(one, limit=200), "value")
        for one in found[:MOST]
    ]


def _days(word: str) -> list[str]:
    """Days that somebody means who writes a word without ``on:``."""
    return [day for day in _DAYS if len(word) >= 3 and day.startswith(word.lower())]


def _start(text: str, cursor: int) -> int:
    """Where the word before the cursor begins; what stands in quotes is one word."""
    start, quoted = 0, False
    for at, letter in enumerate(text[:cursor]):
        if letter == '"':
            quoted = not quoted
        elif letter.isspace() and not quoted:
            start = at + 1
    return start


def _written(value: str) -> str:
    plain = value.replace('"', "")
    return f'"{plain}" ' if any(map(str.isspace, plain)) else f"{plain} "
