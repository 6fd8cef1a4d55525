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
    mark: Span | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """``[words]``: left out of the picture."""

    start: int
    end: int
    children: tuple[Node, ...]
    brackets: tuple[Span, Span]
    mark: Span | None = None
    """Pluses or minuses behind it, which weigh nothing."""


@dataclass(frozen=True, slots=True)
class LoRATag:
    """``<lora:name:0.7>``: adds a LoRA and is not drawn. Without a number, the LoRA's own weight counts."""

    start: int
    end: int
    name: str
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """``original.swap(edited, s_start=0.1)``"""

    start: int
    end: int
    original: Node
    edited: Prompt
    options: tuple[tuple[str, str], ...] = ()
    operator: tuple[Span, ...] = ()
    arguments: Span | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A run of words, groups and swaps."""

    start: int
    end: int
    children: tuple[Node, ...] = ()


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


Node = Word | Group | Ignored | LoRATag | Swap | Prompt | BlendOf | AllOf


def walk(node: Node, *, edited: bool = True, ignored: bool = True) -> Iterator[tuple[Node, float]]:
    """Every node in order of appearance, with its effective weight.

    No recursion: nesting may be thousands deep. ``edited=False`` leaves out the replacement texts of
    swaps, ``ignored=False`` what is within ignored brackets.
    """
    stack: list[tuple[Node, float]] = [(node, 1.0)]
    while stack:
        node, weight = stack.pop()
        if isinstance(node, Group):
            weight = bounded(weight * node.weight)
        yield node, weight
        if isinstance(node, Group | Prompt) or (isinstance(node, Ignored) and ignored):
            stack.extend([(child, weight) for child in reversed(node.children)])
        elif isinstance(node, BlendOf | AllOf):
            stack.extend([(prompt, weight) for prompt in reversed(node.prompts)])
        elif isinstance(node, Swap):
            stack.extend(
                [(node.edited, weight), (node.original, weight)] if edited else [(node.original, weight)]
            )
