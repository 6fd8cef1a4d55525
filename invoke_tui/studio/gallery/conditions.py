"""From a query as it was understood to SQL. Values are always bound, never part of the statement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, func, not_, or_, select, text
from sqlalchemy.sql.expression import false, true

from invoke_tui.domain.gallery.boards import UNCATEGORIZED
from invoke_tui.domain.gallery.query import Asked, Condition, Days, Flag, Named, Number, Similar, Words
from invoke_tui.studio.database.tables import boards, image_texts, images

_COLUMNS: Final = {
    "prompt": "positive_prompt",
    "negative": "negative_prompt",
    "name": "name",
    "notes": "notes",
}
_NUMBERS: Final[dict[str, ColumnElement[Any]]] = {
    "seed": images.c.seed,
    "steps": images.c.steps,
    "cfg": images.c.cfg_scale,
    "rating": images.c.rating,
    "width": images.c.width,
    "height": images.c.height,
    "size": func.max(images.c.width, images.c.height),
}
_COMPARED: Final = {
    "=": "__eq__",
    "<": "__lt__",
    "<=": "__le__",
    ">": "__gt__",
    ">=": "__ge__",
}


def wanted(parts: tuple[Asked, ...]) -> Iterator[ColumnElement[bool]]:
    """A condition for each part of a query."""
    for part in parts:
        asked = and_(true(), *(_condition(one) for one in part.conditions))
        # what is not known is not what was left out
        yield not_(func.coalesce(asked, false())) if part.negated else asked


def indexed(part: Asked) -> bool:
    """Whether a part of a query is words that the index finds alone."""
    found = (isinstance(one, Words) and _has_index(one) for one in part.conditions)
    return bool(part.conditions) and not part.negated and all(found)


def match(words: Words) -> str:
    """FTS5's expression for words: as they begin, a phrase as it stands. Every character of theirs is text."""
    quoted = '"' + words.text.replace('"', '""') + '"' + ("" if words.phrase else "*")
    return f"{_COLUMNS[words.where]} : {quoted}" if words.where else quoted


def found_by(expression: str) -> Any:
    """The ids of pictures whose texts match."""
    searched = text("SELECT rowid FROM image_search WHERE image_search MATCH :expression")
    return searched.bindparams(bindparam("expression", expression, unique=True)).columns(images.c.id)


def _condition(asked: Condition) -> ColumnElement[bool]:
    match asked:
        case Words():
            return _words(asked)
        case Named(key="has"):
            return or_(*(_has(value.lower()) for value in asked.values))
        case Named():
            return or_(*(_named(asked.key, value) for value in asked.values))
        case Number():
            compared: ColumnElement[bool] = getattr(_NUMBERS[asked.key], _COMPARED[asked.comparison])(
                asked.value
            )
            return compared
        case Days():
            return and_(
                true() if asked.first is None else images.c.created_at >= _midnight(asked.first),
                true() if asked.end is None else images.c.created_at < _midnight(asked.end),
            )
        case Flag(key="starred"):
            return images.c.starred == asked.value
        case Flag():
            return (images.c.rating > 0) == asked.value
        case Similar():
            return true()  # says the order, see ``listing``


def _words(words: Words) -> ColumnElement[bool]:
    """By the index, or by looking through the texts."""
    if _has_index(words):
        return images.c.id.in_(found_by(match(words)))
    columns = [_COLUMNS[words.where]] if words.where else list(_COLUMNS.values())
    inside = or_(*(image_texts.c[name].contains(words.text, autoescape=True) for name in columns))
    return images.c.id.in_(select(image_texts.c.id).where(inside))


def _has_index(words: Words) -> bool:
    """Writing without spaces between words is not in the index, nor is what has no letters."""
    return all(ord(letter) < 0x2E80 for letter in words.text) and any(map(str.isalnum, words.text))


def _has(feature: str) -> ColumnElement[bool]:
    if feature == "notes":
        return images.c.id.in_(select(image_texts.c.id).where(image_texts.c.notes != ""))
    return images.c.features.contains(f",{feature},", autoescape=True)


def _named(key: str, value: str) -> ColumnElement[bool]:
    if key == "board":
        if value.lower() == UNCATEGORIZED:
            return images.c.board_id.is_(None)
        chosen = or_(boards.c.board_id == value, boards.c.board_name.icontains(value, autoescape=True))
        return images.c.board_id.in_(select(boards.c.board_id).where(chosen))
    if key in ("base", "program"):
        return func.lower(images.c.model_base if key == "base" else images.c.program) == value.lower()
    columns = {"model": images.c.model_name, "lora": images.c.loras, "scheduler": images.c.scheduler}
    return columns[key].icontains(value, autoescape=True)


def _midnight(day: date) -> str:
    """When a day of this machine's begins, as the tables hold times."""
    begins = datetime.combine(day, time()).astimezone()
    return begins.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
