"""What may be connected to ``iterate`` and ``collect``, whose types depend on their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from invoke_tui.domain.graph.graph import Edge, EdgeConnection, Graph
from invoke_tui.nodes.base import Invocation
from invoke_tui.nodes.connections import Shape, compatible, input_shapes, is_subtype, output_shapes

Complaint = tuple[str, str, str]
"""Node, field, what is wrong."""


class _Loops:
    def __init__(self, graph: Graph, edges: list[Edge], known: dict[str, type[Invocation]]) -> None:
        self.graph, self.known = graph, known
        self.edges = [e for e in edges if e.source.node_id in known and e.destination.node_id in known]

    def into(self, node: str, field: str) -> list[EdgeConnection]:
        return [e.source for e in self.edges if (e.destination.node_id, e.destination.field) == (node, field)]

    def out_of(self, node: str, field: str) -> list[EdgeConnection]:
        return [e.destination for e in self.edges if (e.source.node_id, e.source.field) == (node, field)]

    def is_collector(self, end: EdgeConnection) -> bool:
        return self.graph.nodes[end.node_id].type == "collect" and end.field == "collection"

    def given(self, end: EdgeConnection) -> frozenset[Shape]:
        return output_shapes(self.known[end.node_id].output_class, end.field)

    def wanted(self, end: EdgeConnection) -> frozenset[Shape]:
        return input_shapes(self.known[end.node_id], end.field)

    def gathered(self, collector: str) -> set[Any]:
        """The item types that flow into a collector, through chained collectors."""
        items = {s.item for end in self.into(collector, "item") for s in self.given(end) if not s.many}
        for end in self.into(collector, "collection"):
            if self.is_collector(end):
                items |= self.gathered(end.node_id)
            else:
                items |= {s.item for s in self.given(end) if s.many or s.item is Any}
        return items

    def root(self, collector: str) -> Any:
        """The one type all gathered items share, ``Any`` when only the run will tell, ``None`` when they differ."""
        concrete = {item for item in self.gathered(collector) if item is not Any}
        if not concrete:
            return Any
        return next((c for c in concrete if all(is_subtype(other, c) for other in concrete)), None)

    def iterate(self, node: str) -> Iterator[Complaint]:
        sources = self.into(node, "collection")
        if len(sources) != 1:
            why = "an iterate node needs a connected collection" if not sources else "takes one edge only"
            yield node, "collection", why
            return
        source = sources[0]
        items = {shape.item for shape in self.given(source) if shape.many}
        if not items or any(not shape.many for shape in self.given(source)):
            yield node, "collection", f"takes a collection, which {source} is not"
            return
        if self.is_collector(source):
            root = self.root(source.node_id)
            items = {Any if root is None else root}
        for target in self.out_of(node, "item"):
            if not compatible(frozenset(map(Shape, items)), self.wanted(target)):
                yield target.node_id, target.field, f"the items of {source} do not fit"

    def collect(self, node: str) -> Iterator[Complaint]:
        if not self.into(node, "item") and not self.into(node, "collection"):
            yield node, "item", "a collect node needs at least one connected item or collection"
            return
        for end in self.into(node, "collection"):
            if not any(shape.many or shape.item is Any for shape in self.given(end)):
                yield node, "collection", f"takes a collection, which {end} is not"
        root = self.root(node)
        if root is None:
            yield node, "item", "all items must be of one type"
            return
        for target in self.out_of(node, "collection"):
            if self.is_collector(target):
                continue  # the next collector checks all it gathers, ours included
            kinds = [shape.item for shape in self.wanted(target) if shape.many or shape.item is Any]
            if not kinds:
                yield target.node_id, target.field, f"takes no collection, which {node}.collection is"
            elif not any(kind is Any or (root is not Any and is_subtype(root, kind)) for kind in kinds):
                yield target.node_id, target.field, f"what {node} collects does not fit"


def loop_problems(graph: Graph, edges: list[Edge], known: dict[str, type[Invocation]]) -> Iterator[Complaint]:
    """Everything wrong around the loops of an acyclic graph."""
    loops = _Loops(graph, edges, known)
    for key in known:
        match graph.nodes[key].type:
            case "iterate":
                yield from loops.iterate(key)
            case "collect":
                yield from loops.collect(key)
