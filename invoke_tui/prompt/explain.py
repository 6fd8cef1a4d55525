"""``explain(text)``: a prompt as a tree to be shown, with what every part of it weighs in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from invoke_tui.prompt.grammar import bounded
from invoke_tui.prompt.highlight import side_by_side
from invoke_tui.prompt.parse import parse
from invoke_tui.prompt.tree import AllOf, BlendOf, Group, Ignored, LoRATag, Node, Prompt, Swap, Word

_DEEPEST_INDENT = 24


@dataclass(slots=True)
class Explained:
    """A part of a prompt: the characters ``start <= i < end``."""

    kind: str
    """prompt, word, group, ignored, lora, swap, edited, blend or conjunction."""
    start: int
    end: int
    text: str
    own: float | None = None
    """What it multiplies the weight of its words by; a LoRA's weight, where the tag says."""
    weight: float = 1.0
    """Its own weight and that of all groups around it, multiplied."""
    share: float | None = None
    """Of a blend, adding up to one unless it says ``no_normalize``; of a conjunction, the factor."""
    drawn: bool = True
    children: list[Explained] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values; without recursion, for nesting may be thousands deep."""
        made: dict[int, dict[str, Any]] = {}
        for _, node in list(outline(self))[::-1]:
            made[id(node)] = {
                "kind": node.kind, "start": node.start, "end": node.end, "text": node.text, "own": node.own,
                "weight": node.weight, "share": node.share, "drawn": node.drawn,
                "children": [made.pop(id(child)) for child in node.children],
            }  # fmt: skip
        return made[id(self)]


def explain(text: str) -> Explained:
    """Explain any prompt; of a dynamic one, all choices side by side."""
    top = parse(side_by_side(text)[0]).tree
    root = _described(top, text, 1.0, drawn=True)
    stack: list[tuple[Node, Explained]] = [(top, root)]
    while stack:
        node, described = stack.pop()
        shares = _shares(node)
        for number, child in enumerate(_children(node)):
            drawn = described.drawn and not (isinstance(node, Swap) and number == 1)
            found = _described(child, text, described.weight, drawn=drawn)
            found.kind = "edited" if isinstance(node, Swap) and number == 1 else found.kind
            found.share = shares[number] if shares else None
            described.children.append(found)
            stack.append((child, found))
    return root


def outline(root: Explained) -> Iterator[tuple[int, Explained]]:
    """Every part with its depth, in order of appearance."""
    stack = [(0, root)]
    while stack:
        depth, node = stack.pop()
        yield depth, node
        stack.extend((depth + 1, child) for child in reversed(node.children))


def lines(root: Explained) -> Iterator[str]:
    """The tree for a terminal: words with their effective weights."""
    for depth, node in outline(root):
        yield f"{'  ' * min(depth, _DEEPEST_INDENT)}{_line(node)}"


def _line(node: Explained) -> str:
    share = "" if node.share is None else f"{node.share:.4g} of "
    if node.kind == "word":
        return f"{share}{node.weight:.4g}  {node.text}" + ("" if node.drawn else "  (not drawn)")
    notes = [f"{node.kind}"]
    if node.kind == "lora":
        notes.append(node.text + ("" if node.own is None else f" at {node.own:.4g}"))
    elif node.own is not None:
        notes.append(f"× {node.own:.4g} = {node.weight:.4g}")
    if not node.drawn and node.kind == "ignored":
        notes.append("(left out)")
    return share + " ".join(notes)


def _described(node: Node, text: str, weight: float, *, drawn: bool) -> Explained:
    words = text[node.start : node.end]
    match node:
        case Word():
            return Explained("word", node.start, node.end, words, None, weight, drawn=drawn)
        case Group():
            own = node.weight if node.mark else None
            weight = bounded(weight * node.weight)
            return Explained("group", node.start, node.end, words, own, weight, drawn=drawn)
        case Ignored():
            return Explained("ignored", node.start, node.end, words, None, weight, drawn=False)
        case LoRATag():
            return Explained("lora", node.start, node.end, node.name, node.weight, 1.0, drawn=False)
    kinds = {Swap: "swap", BlendOf: "blend", AllOf: "conjunction"}
    return Explained(kinds.get(type(node), "prompt"), node.start, node.end, words, None, weight, drawn=drawn)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Group() | Prompt() | Ignored():
            return node.children
        case BlendOf() | AllOf():
            return node.prompts
        case Swap():
            return node.original, node.edited
    return ()


def _shares(node: Node) -> tuple[float, ...]:
    if not isinstance(node, BlendOf | AllOf):
        return ()
    total = sum(node.weights)
    if isinstance(node, BlendOf) and node.normalize and total:
        return tuple(weight / total for weight in node.weights)
    return node.weights
