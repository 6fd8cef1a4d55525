"""An explained prompt as lines: runs of words with their effective weight, and what is special about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from invoke_tui.prompt.explain import Explained

LONGEST: Final = 400
_SYNTAX: Final = frozenset('()[]"')


@dataclass(frozen=True, slots=True)
class Line:
    """``weight`` is that of all the groups around it, None where it has none; what is not ``drawn`` is left out."""

    depth: int
    text: str
    weight: float | None = None
    note: str = ""
    drawn: bool = True
    heading: bool = False


def lines_of(root: Explained, text: str) -> Iterator[Line]:
    """The lines from left to right. No recursion: nesting may be thousands deep."""
    stack: list[Line | tuple[int, Explained]] = [(0, root)]
    while stack:
        part = stack.pop()
        if isinstance(part, Line):
            yield part
        else:
            stack.extend(reversed(list(_parts(*part, text))))


def _parts(depth: int, node: Explained, text: str) -> Iterator[Line | tuple[int, Explained]]:
    weight = node.weight if node.drawn else None

    def heading(said: str, note: str = "", own: float | None = None) -> Line:
        return Line(depth, said, own, note, node.drawn, heading=True)

    match node.kind:
        case "word":
            yield Line(depth, node.text[:LONGEST], weight, "read literally", node.drawn)
        case "lora":
            strength = "its own weight" if node.own is None else f"{node.own:g}"
            yield Line(depth, node.text[:LONGEST], None, f"LoRA at {strength}", drawn=False)
        case "group" if node.text[:1] not in ("(", '"') and len(node.children) == 1:
            word = node.children[0]
            mark = node.text[word.end - node.start :]
            yield Line(depth, word.text[:LONGEST], weight, mark, node.drawn)
        case "group":
            shape, closing = ('"…"', '"') if node.text[:1] == '"' else ("(…)", ")")
            note = "no own weight" if node.own in (None, 1) else ""
            yield heading(f"{shape}{node.text.rpartition(closing)[2][:20]}", note, weight)
            yield from _run(depth + 1, node.children, text)
        case "ignored":
            yield heading("[…]", "left out")
            yield from _run(depth + 1, node.children, text)
        case "swap":
            yield heading(".swap", "only the first")
            yield from ((depth + 1, child) for child in node.children)
        case "blend" | "conjunction":
            blend = node.kind == "blend"
            yield heading(".blend" if blend else ".and", "a mixture" if blend else "one after another")
            for number, child in enumerate(node.children, 1):
                share = child.share or 0.0
                said = f"{share:.0%} of" if blend else f"part {number}, ×{share:g}"
                yield Line(depth + 1, said, None, "", node.drawn, heading=True)
                bare = child.kind == "group" and child.text[:1] == '"' and child.own in (None, 1)
                yield from _run(depth + 2, child.children if bare else [child], text)
        case _:
            yield from _run(depth, node.children, text)


def _run(depth: int, nodes: Iterable[Explained], text: str) -> Iterator[Line | tuple[int, Explained]]:
    """Words side by side in one line; what else is there by itself."""
    for plain, group in groupby(nodes, key=_is_plain):
        found = list(group)
        if plain:
            said = text[found[0].start : found[-1].end][:LONGEST]
            yield Line(depth, said, found[0].weight if found[0].drawn else None, "", found[0].drawn)
        else:
            yield from ((depth, node) for node in found)


def _is_plain(node: Explained) -> bool:
    """A word without syntax in it."""
    return node.kind == "word" and not set(node.text) & _SYNTAX
