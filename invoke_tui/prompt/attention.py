"""``adjust``: raise or lower what is selected, or under the cursor, and write the shortest form that says so.

As InvokeAI's hotkey: words with their weights are taken out of their groups, weighed and grouped again. Only the
run of weighted neighbours that is touched is written anew. In such a run a ``+`` and a ``-`` around each other
cancel, as there, which moves a word that has both by one percent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple

from invoke_tui.prompt.grammar import MOST_STEPS, WEIGHT_LIMIT
from invoke_tui.prompt.loose import Kind, Loose, Node, Region

Step = Literal["increment", "decrement"]
NUMERIC_STEP: Final = 0.1
_WEIGHED: Final = frozenset({Kind.WORD, Kind.ATOM, Kind.POINT, Kind.CHOICE})
_GAPS: Final = frozenset({Kind.GAP, Kind.IGNORED})
_ENDS_A_MARK: Final = frozenset(' \t\n\r\f\v()",.=|}]')


class Adjusted(NamedTuple):
    """The new text, and where in it the adjusted words now stand."""

    text: str
    start: int
    end: int


class _Edit(NamedTuple):
    """New text for ``start <= i < end``, in pieces that are selected afterwards or not."""

    start: int
    end: int
    pieces: list[tuple[str, bool]]


@dataclass(slots=True)
class _Leaf:
    """What has one weight: its number times its steps."""

    node: Node
    pieces: list[tuple[str, bool]]
    level: int
    number: float
    numeric: bool
    inside: Node | None
    selected: bool = False
    shown: bool = False
    """In the selection; a space can be, too, though it weighs nothing."""

    @property
    def neutral(self) -> bool:
        return self.node.kind not in _WEIGHED or (not self.level and self.number == 1.0)


def adjust(text: str, start: int, end: int, step: Step, numeric: bool = False) -> Adjusted:
    """Weigh the words of a selection, or the word or group at a cursor (``start == end``), one step.

    A weight is stepped in the style in which it is written; ``numeric`` decides for words that have none.
    """
    start, end = sorted((max(0, min(start, len(text))), max(0, min(end, len(text)))))
    change = _Change(text, start, end, 1 if step == "increment" else -1, numeric)
    pieces = _applied(text, 0, len(text), change.edits(Loose(text).near(start, end)))
    spans = list(_selected(pieces))
    new = "".join(piece for piece, _ in pieces)
    return Adjusted(new, spans[0][0], spans[-1][1]) if spans else Adjusted(text, start, end)


def _selected(pieces: list[tuple[str, bool]]) -> Iterator[tuple[int, int]]:
    at = 0
    for piece, selected in pieces:
        if selected:
            yield at, at + len(piece)
        at += len(piece)


@dataclass(frozen=True, slots=True)
class _Change:
    """One step on one selection. Regions within regions are weighed by themselves."""

    text: str
    start: int
    end: int
    sign: int
    numeric: bool

    def edits(self, region: Region) -> list[_Edit]:
        """What changes in a region, in order of appearance."""
        inner: list[_Edit] = []
        leaves = [list(self._leaves(node, inner)) for node in region.nodes]
        flat = [leaf for several in leaves for leaf in several]
        chosen = self._chosen(flat) or ([] if inner else self._group_at(region.nodes, flat))
        for leaf in chosen:
            leaf.selected = True
            self._weigh(leaf)
        for leaf in flat:
            leaf.shown = leaf.selected or (leaf.node.kind in _GAPS and self._overlaps(leaf.node))
        edits = []
        for first, last in _runs(leaves):
            start, end = region.nodes[first].start, region.nodes[last - 1].end
            run = [leaf for several in leaves[first:last] for leaf in several]
            after = "" if end == region.end else self.text[end : end + 1]
            edits.append(_Edit(start, end, _written(run, after)))
            inner = [edit for edit in inner if not start <= edit.start < end]
        edits = sorted(edits + inner)
        if edits and region.bare:
            word = _applied(self.text, region.start, region.end, edits)
            return [_Edit(region.start, region.end, [("(", False), *word, (")", False)])]
        return edits

    def _overlaps(self, span: Node | Region) -> bool:
        return span.start < self.end and self.start < span.end

    def _touches(self, span: Node | Region) -> bool:
        """A cursor touches what is on either side of it."""
        if self.start == self.end:
            return span.start <= self.start <= span.end
        return self._overlaps(span)

    def _covers(self, span: Node) -> bool:
        return self.start < self.end and self.start <= span.start and span.end <= self.end

    def _leaves(self, node: Node, inner: list[_Edit]) -> Iterator[_Leaf]:
        """The words of a node with their weights. What changes in the regions within is added to ``inner``."""
        stack: list[tuple[Node, int, float, bool, Node | None]] = [(node, 0, 1.0, False, None)]
        while stack:
            node, level, number, numeric, inside = stack.pop()
            if node.mark:
                level = max(-MOST_STEPS, min(MOST_STEPS, level + node.mark.level))
                numeric = node.mark.number is not None
                number *= 1.0 if node.mark.number is None else node.mark.number
            if node.kind is Kind.GROUP:
                stack.extend((child, level, number, numeric, node) for child in reversed(node.children))
                continue
            changes = self._inside(node)
            inner.extend(changes)
            pieces = _applied(self.text, node.start, node.core, changes)
            yield _Leaf(node, pieces, level, number, numeric, inside)

    def _inside(self, node: Node) -> list[_Edit]:
        whole = node.kind is Kind.CHOICE or (
            node.kind is Kind.IGNORED and self.end - self.start > node.end - node.start
        )
        if not self._touches(node) or (whole and self._covers(node)):
            return []
        found = [edit for region in node.regions if self._touches(region) for edit in self.edits(region)]
        if found and node.dropped and node.dropped[0] < node.dropped[1]:
            found.append(_Edit(*node.dropped, []))
        return found

    def _chosen(self, leaves: list[_Leaf]) -> list[_Leaf]:
        """The words touched; those with a weight of their own only if their group is not cut by the selection."""
        touched = [leaf for leaf in leaves if leaf.node.kind in _WEIGHED and self._wants(leaf.node)]
        for found in ([leaf for leaf in touched if not self._keeps(leaf)], touched):
            if words := [leaf for leaf in found if leaf.node.kind is not Kind.POINT]:
                return words if self.start == self.end else found
        return []

    def _wants(self, node: Node) -> bool:
        if node.kind is not Kind.CHOICE:
            return self._touches(node)
        return self._covers(node) or (
            self._touches(node) and self.start == self.end and not self._edited_inside(node)
        )

    def _keeps(self, leaf: _Leaf) -> bool:
        group = leaf.inside
        if group is None or leaf.node.mark is None:
            return False
        contained = group.start <= self.start and self.end <= group.end
        return not contained and not self._covers(group)

    def _edited_inside(self, choice: Node) -> bool:
        return any(self._touches(region) for region in choice.regions)

    def _group_at(self, nodes: tuple[Node, ...], leaves: list[_Leaf]) -> list[_Leaf]:
        """The words of the innermost group whose brackets or mark are touched."""
        found: Node | None = None
        while group := next((n for n in nodes if n.kind is Kind.GROUP and self._touches(n)), None):
            found, nodes = group, group.children
        if found is None:
            return []
        return [
            leaf
            for leaf in leaves
            if leaf.node.kind in _WEIGHED and found.start <= leaf.node.start < found.end
        ]

    def _weigh(self, leaf: _Leaf) -> None:
        unmarked = leaf.node.mark is None and leaf.level == 0
        if leaf.numeric or (self.numeric and unmarked):
            leaf.number = min(WEIGHT_LIMIT, max(0.0, round(leaf.number + self.sign * NUMERIC_STEP, 4)))
        else:
            leaf.level = max(-MOST_STEPS, min(MOST_STEPS, leaf.level + self.sign))


def _applied(text: str, start: int, end: int, edits: list[_Edit]) -> list[tuple[str, bool]]:
    """A stretch of text with edits made, in pieces."""
    pieces: list[tuple[str, bool]] = []
    for edit in edits:
        pieces += [(text[start : edit.start], False), *edit.pieces]
        start = edit.end
    return [*pieces, (text[start:end], False)]


def _runs(leaves: list[list[_Leaf]]) -> Iterator[tuple[int, int]]:
    """The nodes to be written anew: those with a chosen word, and the weighted ones beside them."""
    touched = [any(leaf.selected for leaf in several) for several in leaves]
    gap = [several[0].node.kind in _GAPS for several in leaves]
    joins = [
        chosen or any(not leaf.neutral for leaf in several)
        for chosen, several in zip(touched, leaves, strict=True)
    ]
    at = 0
    while at < len(leaves):
        if not touched[at]:
            at += 1
            continue
        first = _reach(at, -1, joins, gap)
        last = _reach(at, 1, joins, gap)
        while last + 1 < len(leaves) and gap[last + 1] and leaves[last + 1][0].shown:
            last += 1
        yield first, last + 1
        at = last + 1


def _reach(at: int, way: int, joins: list[bool], gap: list[bool]) -> int:
    found = at
    while 0 <= at < len(joins) and (joins[at] or gap[at]):
        if joins[at]:
            found = at
        at += way
    return found


def _written(leaves: list[_Leaf], after: str) -> list[tuple[str, bool]]:
    """Leaves as text, their weights in as few groups as possible; ``after`` is the character that follows."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    while at < len(leaves):
        leaf = leaves[at]
        if leaf.neutral:
            pieces += [(text, shown or leaf.shown) for text, shown in leaf.pieces]
            at += 1
            continue
        by_level = _end(leaves, at, lambda other: other.level * leaf.level > 0)  # noqa: B023
        by_number = _end(leaves, at, lambda other: leaf.number == other.number != 1.0)  # noqa: B023
        end = max(by_level, by_number)
        run = leaves[at:end]
        weighed = [leaf for leaf in run if leaf.node.kind not in _GAPS]
        if by_number == end:
            mark = f"{leaf.number:.4f}".rstrip("0").rstrip(".")
            inner = [replace(leaf, number=1.0) for leaf in run]
        else:
            steps = min((leaf.level for leaf in weighed), key=abs)
            mark = ("+" if steps > 0 else "-") * abs(steps)
            inner = [replace(leaf, level=leaf.level - steps) for leaf in run]
        follows = leaves[end].pieces[0][0][:1] if end < len(leaves) else after
        shown = all(leaf.shown for leaf in weighed)
        if mark[0] in "+-" and len(run) == 1 and _bare(leaf, follows):
            pieces.append((leaf.pieces[0][0] + mark, shown))
        else:
            pieces += [("(", shown), *_written(inner, ")"), (")" + mark, shown)]
        at = end
    return pieces


def _bare(leaf: _Leaf, follows: str) -> bool:
    """Whether a mark can stand directly behind the word."""
    if leaf.node.kind is not Kind.WORD or leaf.number != 1.0 or leaf.pieces[0][0].endswith(","):
        return False
    return not follows or follows in _ENDS_A_MARK


def _end(leaves: list[_Leaf], at: int, joins: Callable[[_Leaf], bool]) -> int:
    """Where the run of leaves that join ends; gaps within it belong to it."""
    end = at
    while at < len(leaves):
        leaf = leaves[at]
        if leaf.node.kind in _WEIGHED and joins(leaf):
            end = at + 1
        elif leaf.node.kind not in _GAPS:
            break
        at += 1
    return end
