"""What is typed to find pictures: ``cat -dog board:portraits starred:yes steps:>30 before:2026-01-01``.

Words are searched in prompts, names, notes and models; ``"several words"`` as they stand, ``-`` leaves out.
``key:value`` asks for one thing, ``key:a,b`` for either. Whatever is typed is read: what makes no sense is a
``Problem`` with its place, and the rest counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

Comparison = Literal["=", "<", "<=", ">", ">="]

TEXTS: Final = {
    "prompt": "the prompt",
    "negative": "the negative prompt",
    "name": "the name of the file",
    "notes": "the notes",
}
NAMES: Final = {
    "board": "the board, or none",
    "model": "part of the model's name",
    "base": "kind of model: sd-1, sdxl, flux …",
    "lora": "part of a LoRA's name",
    "scheduler": "the scheduler",
    "program": "what made it: invokeai, a1111, comfyui …",
}
NUMBERS: Final = {
    "seed": "the seed",
    "steps": "how many steps",
    "cfg": "the CFG scale",
    "rating": "0 to 5",
    "width": "pixels",
    "height": "pixels",
    "size": "the longer side in pixels, or 1024x768",
}
DAYS: Final = {
    "before": "made before a day",
    "after": "made after a day",
    "on": "made on a day: 2026-01-31, 2026-01, today, tuesday, 7d (days ago)",
}
FLAGS: Final = {"starred": "yes or no", "rated": "yes or no"}
HAS: Final = (
    "prompt", "negative", "metadata", "workflow", "notes", "lora", "init", "mask", "control", "reference", "region",
    "hires", "refiner", "upscaled", "transparency",
)  # fmt: skip
"""What ``has:`` asks for."""
KEYS: Final = (
    TEXTS
    | NAMES
    | NUMBERS
    | DAYS
    | FLAGS
    | {"has": ", ".join(HAS), "similar": "to the prompt of a picture, or to a text"}
)
"""Every key, with what its value is."""

_TOKEN: Final = re.compile(r'(?P<minus>-?)(?:(?P<key>[A-Za-z_]+):)?(?P<value>"[^"]*"?|[^\s"]\S*|)')
_NUMBER: Final = re.compile(r"(<=|>=|<|>|=)?(-?\d{1,19}(?:\.\d{1,9})?)")
_RANGE: Final = re.compile(r"(\d{1,19}(?:\.\d{1,9})?)\.\.(\d{1,19}(?:\.\d{1,9})?)")
_SIZE: Final = re.compile(r"(\d{1,6})[x×](\d{1,6})")
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YES: Final = {
    "yes": True,
    "y": True,
    "true": True,
    "1": True,
    "no": False,
    "n": False,
    "false": False,
    "0": False,
}
LONGEST: Final = 2_000
"""Characters of a query that are read."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text to be found; ``where`` is one of ``TEXTS``, or empty for all of them and the models' names."""

    text: str
    where: str = ""
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """One of several values of ``NAMES`` or ``has``."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A comparison of one of ``NUMBERS``."""

    key: str
    comparison: Comparison
    value: int | float


@dataclass(frozen=True, slots=True)
class Days:
    """Made in ``[first, end)``; None is open."""

    first: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Flag:
    """One of ``FLAGS``."""

    key: str
    value: bool


@dataclass(frozen=True, slots=True)
class Similar:
    """Pictures whose prompts have much in common with that of a picture, or with a text; the most alike come first."""

    to: str


Condition = Words | Named | Number | Days | Flag | Similar


@dataclass(frozen=True, slots=True)
class Asked:
    """A part of the query and where it stands; with several conditions all of them are meant together."""

    start: int
    end: int
    conditions: tuple[Condition, ...]
    negated: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be read, and where."""

    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """A query as it was understood."""

    asked: tuple[Asked, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def similar(self) -> str | None:
        """What pictures shall be similar to."""
        return next((c.to for part in self.asked for c in part.conditions if isinstance(c, Similar)), None)


def read_query(text: str, today: date) -> GalleryQuery:
    """Read a query. ``today`` is the person's, for days such as ``yesterday``."""
    asked, problems = [], []
    for match in _tokens(text[:LONGEST]):
        start, end = match.span()
        try:
            asked.append(Asked(start, end, _conditions(match, today), match["minus"] == "-", _key(match)))
        except ValueError as error:
            problems.append(Problem(start, end, str(error)))
    return GalleryQuery(tuple(asked), tuple(problems))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    return (match for match in _TOKEN.finditer(text) if match[0] and not match[0].isspace())


def _key(match: re.Match[str]) -> str:
    return (match["key"] or "").lower()


def _conditions(match: re.Match[str], today: date) -> tuple[Condition, ...]:
    """What a token asks for. Raises ``ValueError`` with words for people."""
    key, raw = _key(match), match["value"]
    value = raw.strip('"').strip()
    if not key:
        if not value:
            raise ValueError("a word is missing after the minus" if match["minus"] else "a word is missing")
        return (Words(value, phrase=raw.startswith('"')),)
    if key not in KEYS:
        raise ValueError(f"there is no {key}:, only {', '.join(KEYS)}")
    if not value:
        raise ValueError(f"{key}: needs a value: {KEYS[key]}")
    if key in TEXTS:
        return (Words(value, where=key, phrase=raw.startswith('"')),)
    if key in NUMBERS:
        return _numbers(key, value.lower())
    if key in DAYS:
        return (_days(key, value.lower(), today),)
    if key in FLAGS:
        if value.lower() not in _YES:
            raise ValueError(f"{key}: is yes or no")
        return (Flag(key, _YES[value.lower()]),)
    if key == "similar":
        return (Similar(value),)
    values = tuple(filter(None, (one.strip() for one in value.split(","))))
    if key == "has" and (unknown := [one for one in values if one.lower() not in HAS]):
        raise ValueError(f"has: does not know {unknown[0]}, only {', '.join(HAS)}")
    return (Named(key, values),)


def _numbers(key: str, value: str) -> tuple[Condition, ...]:
    if key == "size" and (size := _SIZE.fullmatch(value)):
        return Number("width", "=", int(size[1])), Number("height", "=", int(size[2]))
    if spread := _RANGE.fullmatch(value):
        return Number(key, ">=", _number(spread[1])), Number(key, "<=", _number(spread[2]))
    if found := _NUMBER.fullmatch(value):
        comparison: Comparison = found[1] or "="  # type: ignore[assignment]
        return (Number(key, comparison, _number(found[2])),)
    raise ValueError(f"{key}: is a number: 30, >30, <=30 or 20..30")


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _days(key: str, value: str, today: date) -> Days:
    first, end = _span(value, today)
    if key == "before":
        return Days(None, first)
    return Days(end, None) if key == "after" else Days(first, end)


def _span(value: str, today: date) -> tuple[date, date]:
    """The first day that is meant, and the day after the last."""
    day: date | None = None
    if value in ("today", "yesterday"):
        day = today - timedelta(days=value == "yesterday")
    elif re.fullmatch(r"\d{1,4}d", value):
        day = today - timedelta(days=int(value[:-1]))
    elif len(value) >= 3 and (weekday := next((d for d in _WEEKDAYS if d.startswith(value)), None)):
        back = (today.weekday() - _WEEKDAYS.index(weekday)) % 7
        day = today - timedelta(days=back or 7)
    if day:
        return day, day + timedelta(days=1)
    try:
        if re.fullmatch(r"\d{4}", value):
            return date(int(value), 1, 1), date(int(value) + 1, 1, 1)
        if month := re.fullmatch(r"(\d{4})-(\d{1,2})", value):
            first = date(int(month[1]), int(month[2]), 1)
            return first, (first + timedelta(days=31)).replace(day=1)
        day = date.fromisoformat(value)
    except (ValueError, OverflowError):
        raise ValueError(
            "a day is 2026-01-31, 2026-01, 2026, today, yesterday, tuesday or 7d (days ago)"
        ) from None
    return day, day + timedelta(days=1)
