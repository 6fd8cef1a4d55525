"""Template files: A1111's styles CSV, InvokeAI's CSV and JSON, Fooocus' JSON. Read with patience, written exactly.

A cell of a table that begins like a formula is written with an apostrophe before it and read without it, so that
opening the file in a spreadsheet runs nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any, Final, Literal

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.request.templates import LONGEST_NAME, LONGEST_TEXT, TemplateText
from invoke_tui.domain.text import safe_text

MOST_BYTES: Final = 8 * 2**20
MOST_TEMPLATES: Final = 10_000
_DIVIDER = re.compile(r"[\s\-=_*#~]{2,}.*|.*[\-=_*#~]{3,}\s*")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_POSITIVE: Final = ("prompt", "positive_prompt", "text")

Format = Literal["csv", "json"]


def read_templates(data: bytes, name: str = "the file") -> list[TemplateText]:
    """Every template of a file; raises ``BadInputError`` that says what is wrong with it, and reads all or nothing."""
    if len(data) > MOST_BYTES:
        raise _bad(name, f"is larger than {MOST_BYTES // 2**20} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(name, "is not UTF-8 text") from error
    try:
        rows = _json(text) if text.lstrip()[:1] in ("[", "{") else _csv(text)
    except RecursionError as error:
        raise _bad(name, "is nested too deep") from error
    except (ValueError, csv.Error) as error:
        raise _bad(name, str(error)) from error
    if len(rows) > MOST_TEMPLATES:
        raise _bad(name, f"holds more than {MOST_TEMPLATES} templates")
    found: dict[str, TemplateText] = {}
    for number, (title, positive, negative) in enumerate(rows, 1):
        clean = safe_text(title, limit=LONGEST_NAME).strip()
        if not clean:
            raise _bad(name, f"entry {number} has no name")
        if len(positive) > LONGEST_TEXT or len(negative) > LONGEST_TEXT:
            raise _bad(name, f"entry {number} is longer than {LONGEST_TEXT} characters")
        found[clean] = TemplateText(
            name=clean, positive_prompt=_prompt(positive), negative_prompt=_prompt(negative)
        )
    if not found:
        raise _bad(name, "holds no templates")
    return list(found.values())


def write_templates(templates: list[TemplateText], kind: Format) -> str:
    """The templates as a file: CSV as A1111 and InvokeAI read it, or JSON as InvokeAI and Fooocus do."""
    rows = [
        {"name": t.name, "prompt": t.positive_prompt, "negative_prompt": t.negative_prompt} for t in templates
    ]
    if kind == "json":
        return json.dumps(rows, ensure_ascii=False, indent=2) + "\n"
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, ("name", "prompt", "negative_prompt"), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _guarded(value) for key, value in row.items()} for row in rows)
    return stream.getvalue()


def _json(text: str) -> list[tuple[str, str, str]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} in line {error.lineno}") from error
    entries = data if isinstance(data, list) else [data]
    return [_entry(number, entry) for number, entry in enumerate(entries, 1)]


def _entry(number: int, entry: Any) -> tuple[str, str, str]:
    if not isinstance(entry, dict):
        raise ValueError(f"entry {number} is not an object")
    inner = entry.get("preset_data")
    values = {**entry, **inner} if isinstance(inner, dict) else entry
    name, negative = values.get("name"), values.get("negative_prompt") or ""
    positive = next((values[key] for key in _POSITIVE if values.get(key)), "")
    if not (isinstance(name, str) and isinstance(positive, str) and isinstance(negative, str)):
        raise ValueError(f"entry {number}: name, prompt and negative_prompt must be texts")
    return name, positive, negative


def _csv(text: str) -> list[tuple[str, str, str]]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [cell.strip().lower() for cell in next(rows, [])]
    positive = next((header.index(name) for name in _POSITIVE if name in header), None)
    if "name" not in header or positive is None:
        raise ValueError("has no columns name and prompt")
    columns = (
        header.index("name"),
        positive,
        header.index("negative_prompt") if "negative_prompt" in header else -1,
    )
    found = []
    for row in rows:
        name, prompt, negative = (
            _unguarded(row[column]) if 0 <= column < len(row) else "" for column in columns
        )
        if not any(cell.strip() for cell in row):
            continue
        if not prompt.strip() and not negative.strip() and _DIVIDER.fullmatch(name):
            continue
        found.append((name, prompt, negative))
    return found


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _prompt(text: str) -> str:
    return safe_text(text, limit=LONGEST_TEXT, multiline=True).strip()


def _bad(name: str, why: str) -> BadInputError:
    return BadInputError(
        f"{safe_text(name, limit=200)} {safe_text(why, limit=300)}",
        hint="Templates come as CSV with the columns name, prompt, negative_prompt, or as a JSON list of such objects.",
        code="bad_templates",
    )
