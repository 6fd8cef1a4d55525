"""What a key accepts, in words: read from its declaration."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from invoke_tui.config.sections import DEVICE_PATTERN, SECTIONS
from invoke_tui.config.tokens import UrlToken

_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    Path: "a path",
    SecretStr: "text",
    UrlToken: "{url_regex, token}",
    type(None): "null",
}
_BOUNDS = (("ge", "at least"), ("gt", "greater than"), ("le", "at most"), ("lt", "less than"))


def field_of(key: str) -> FieldInfo:
    """Return the declaration of ``key``."""
    return next(section.model_fields[key] for section in SECTIONS if key in section.model_fields)


def allowed_values(key: str) -> str:
    """Return what ``key`` accepts: "a whole number, at least 0 and at most 9"."""
    try:
        field = field_of(key)
    except StopIteration:
        return ""
    if any(getattr(item, "pattern", None) == DEVICE_PATTERN for item in field.metadata):
        return "auto, cpu, mps, cuda, cuda:N, xpu or xpu:N"
    bounds = [f"{word} {bound:g}" for name, word in _BOUNDS if (bound := _bound(field, name)) is not None]
    words = _words(field.annotation)
    return f"{words}, {' and '.join(bounds)}" if bounds else words


def why(detail: Any, allowed: str) -> str:
    """Return the reason pydantic gives where it is ours (a validator of a section), else what is allowed."""
    if detail.get("type") == "value_error":
        return str(detail.get("msg", "")).removeprefix("Value error, ")
    return allowed or str(detail.get("msg", ""))


def _bound(field: FieldInfo, name: str) -> float | None:
    return next((value for item in field.metadata if (value := getattr(item, name, None)) is not None), None)


def _words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _listed([str(argument) for argument in arguments])
    if origin in (Union, types.UnionType):
        return _listed([_words(argument) for argument in arguments])
    if origin is list:
        return f"a list of {_words(arguments[0])}".replace("a list of text", "a list of texts")
    if origin is dict:
        return "a mapping of text to text"
    if origin is Annotated:
        return _words(arguments[0])
    return _WORDS.get(annotation, str(annotation))


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
