"""What of a prompt is encoded: fragments of plain text with their weights. The engine needs no more."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from invoke_tui.prompt.grammar import BRACKET
from invoke_tui.prompt.tree import AllOf, BlendOf, Ignored, LoRATag, Node, Prompt, Word, walk


@dataclass(frozen=True, slots=True)
class Fragment:
    """Plain text, how strongly it counts, and the words of the prompt it is made of."""

    text: str
    weight: float = 1.0
    words: tuple[Word, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Blend:
    """Prompts whose conditionings are added by weight; ``normalize`` divides by the sum of the weights."""

    prompts: tuple[tuple[Fragment, ...], ...]
    weights: tuple[float, ...] = (1.0,)
    normalize: bool = True


@dataclass(frozen=True, slots=True)
class Conjunction:
    """Parts whose conditionings are put one after the other. A plain prompt is one part of one prompt."""

    parts: tuple[Blend, ...]
    weights: tuple[float, ...] = (1.0,)


def flatten(tree: Prompt | BlendOf | AllOf) -> Conjunction:
    """What a parsed prompt asks the encoder for.

    A swap counts as its original text, as in InvokeAI: the edited text would only serve attention control,
    which it no longer has.
    """
    match tree:
        case BlendOf():
            blend = Blend(tuple(fragments(prompt) for prompt in tree.prompts), tree.weights, tree.normalize)
            return Conjunction((blend,))
        case AllOf():
            return Conjunction(tuple(Blend((fragments(prompt),)) for prompt in tree.prompts), tree.weights)
        case _:
            return Conjunction((Blend((fragments(tree),)),))


def fragments(node: Node) -> tuple[Fragment, ...]:
    """The words of a node, neighbours of one weight joined by a space; never empty."""
    runs: list[tuple[float, list[Word]]] = []
    for part, weight in walk(node, edited=False, ignored=False):
        if isinstance(part, Word):
            if not runs or runs[-1][0] != weight:
                runs.append((weight, []))
            runs[-1][1].append(part)
    return tuple(_fragment(words, weight) for weight, words in runs) or (Fragment(""),)


def _fragment(words: list[Word], weight: float) -> Fragment:
    return Fragment(" ".join(word.text for word in words), weight, tuple(words))


def ignored_words(tree: Node, text: str) -> tuple[str, ...]:
    """What stands in each pair of ``[brackets]`` of the text, as it is written, each once.

    Brackets and LoRA tags within are left out.
    """
    found: dict[str, None] = {}
    for node, _ in walk(tree, edited=False, ignored=False):
        if isinstance(node, Ignored):
            inner = BRACKET.sub(_escapes_only, text[node.brackets[0].end : node.brackets[1].start])
            found[" ".join(inner.split()).strip(" ,")] = None
    found.pop("", None)
    return tuple(found)


def _escapes_only(match: re.Match[str]) -> str:
    return match[0] if match[0][0] == "\\" else ""


def loras(tree: Node) -> dict[str, float | None]:
    """The LoRAs that tags outside ``[brackets]`` name, with their weights; the last tag of a name counts."""
    nodes = (node for node, _ in walk(tree, edited=False, ignored=False))
    return {node.name: node.weight for node in nodes if isinstance(node, LoRATag)}
