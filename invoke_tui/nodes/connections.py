"""May the value of an output flow into an input? InvokeAI's rules, without its gaps.

Allowed: the same type or a subclass, whole number into number, number into text, one value into a collection of its
kind (it becomes a collection of one). What stands in a collection is not converted. Refused, though InvokeAI's
backend lets it pass: a collection into a single value.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from invoke_tui.nodes.base import Invocation, Output


@dataclass(frozen=True)
class Shape:
    """One alternative of a field's type: an item type, alone or in a collection."""

    item: Any
    many: bool = False

    def __str__(self) -> str:
        name = _NAMES.get(self.item) or getattr(self.item, "__name__", None) or str(self.item)
        return f"collection of {name}" if self.many else name


_NAMES: dict[Any, str] = {int: "integer", float: "number", str: "text", bool: "boolean", Any: "anything"}


def shapes(annotation: Any) -> frozenset[Shape]:
    """The alternatives of an annotation; ``None`` is not one of them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return shapes(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return frozenset().union(*(shapes(part) for part in get_args(annotation) if part is not type(None)))
    if origin is list:
        return frozenset(Shape(inner.item, many=True) for inner in shapes(get_args(annotation)[0]))
    return frozenset({Shape(annotation)})


def output_shapes(output: type[Output], field: str) -> frozenset[Shape]:
    """The shapes of an output field."""
    return shapes(output.model_fields[field].annotation)


def input_shapes(node: type[Invocation], field: str) -> frozenset[Shape]:
    """The shapes of an input field; an undeclared field of a node that takes extras is anything."""
    info = node.model_fields.get(field)
    return shapes(info.annotation) if info else frozenset({Shape(Any)})


def compatible(source: frozenset[Shape], target: frozenset[Shape]) -> bool:
    """Whether some alternative of ``source`` fits some alternative of ``target``."""
    return any(_fits(given, wanted) for given in source for wanted in target)


def describe(alternatives: frozenset[Shape]) -> str:
    """The alternatives in words."""
    return " or ".join(sorted(map(str, alternatives)))


def is_subtype(given: Any, wanted: Any) -> bool:
    """Whether an item type is another one or derives from it."""
    if given is Any or wanted is Any or given == wanted:
        return True
    if get_origin(given) is Literal:
        return (
            all(isinstance(choice, wanted) for choice in get_args(given))
            if isinstance(wanted, type)
            else False
        )
    return isinstance(given, type) and isinstance(wanted, type) and issubclass(given, wanted)


def _fits(given: Shape, wanted: Shape) -> bool:
    if Shape(Any) in (given, wanted):
        return True
    if given.many and not wanted.many:
        return False
    if wanted.many:
        return is_subtype(given.item, wanted.item)
    return _converts(given.item, wanted.item)


def _converts(given: Any, wanted: Any) -> bool:
    return (
        is_subtype(given, wanted)
        or (given is int and wanted is float)
        or (given in (int, float) and wanted is str)
    )
