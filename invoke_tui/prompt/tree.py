"""The tree of a prompt. Every node knows the characters it came from; syntax characters are kept as spans."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from invoke_tui.prompt.grammar import bounded


class Span(NamedTuple):
    """The characters ``start <= i < end`` of the prompt."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """Text that is drawn. ``text`` has its escapes taken off.

    ``literal`` marks a word that swallowed everything up to the next space, syntax characters included.
    """

    start: int
    end: int
    text: str
    literal: bool = False

    brackets: tuple[Span, ...] = ()
    operator: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Words in parentheses or quotes, or one weighted word (then without ``brackets``).

    ``weight`` multiplies that of the groups around it.
    """

    start: int
    end: int
    children: tuple[Node, ...]
    weight: float = 1.0
    quoted: bool = False
    brackets: tuple[Span, ...] = ()
    operator: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Swap:
    """``original.swap(edited, s_start=0.1)``"""

    start: int
    end: int
    original: Node
    edited: Prompt
    options: tuple[tuple[str, str], ...] = ()
    brackets: tuple[Span, ...] = ()
    operator: tuple[Span, ...] = ()
    arguments: Span | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A run of words, groups and swaps."""

    start: int
    end: int
    children: tuple[Node, ...] = ()
    brackets: tuple[Span, ...] = ()
    operator: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class BlendOf:
    """``("a", "b").blend(0.7, 0.3)``: the conditionings of the prompts are added by weight."""

    start: int
    end: int
    prompts: tuple[Node, ...]
    weights: tuple[float, ...]
    normalize: bool = True
    brackets: tuple[Span, ...] = ()
    separators: tuple[Span, ...] = ()
    operator: tuple[Span, ...] = ()
    arguments: Span | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """``("a", "b").and(1, 1)``: the conditionings of the prompts are put one after the other."""

    start: int
    end: int
    prompts: tuple[Node, ...]
    weights: tuple[float, ...]
    brackets: tuple[Span, ...] = ()
    separators: tuple[Span, ...] = ()
    operator: tuple[Span, ...] = ()
    arguments: Span | None = None


Node = Word | Group | Swap | Prompt | BlendOf | AllOf


def parts_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside."""
    match node:
        case Group() | Prompt():
            return node.children
        case Swap():
            return (node.original, node.edited)
        case BlendOf() | AllOf():
            return node.prompts
        case _:
            return ()


def walk(node: Node, *, edited: bool = True) -> Iterator[tuple[Node, float]]:
    """Every node in order of appearance, with its effective weight.

    No recursion: nesting may be thousands deep. ``edited=False`` leaves out the replacement texts of swaps.
    """
    stack: list[tuple[Node, float]] = [(node, 1.0)]
    while stack:
        node, outer = stack.pop()
        weight = bounded(outer * node.weight) if isinstance(node, Group) else outer
        yield node, weight
        parts = (node.original,) if isinstance(node, Swap) and not edited else parts_of(node)
        stack.extend((part, weight) for part in reversed(parts))
