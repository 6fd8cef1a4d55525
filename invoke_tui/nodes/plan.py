"""What can be said about a graph before it runs: order, parents, loops, and which nodes serve one branch only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Edge, Graph


@dataclass(frozen=True)
class Branch:
    """One side of an ``if``. ``condition`` is the edge that decides, ``constant`` the value where there is none."""

    node: str
    field: str
    condition: Edge | None
    constant: bool


class Plan:
    """The static facts about a graph that its execution needs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.inputs: dict[str, list[Edge]] = {node: [] for node in graph.nodes}
        self.outputs: dict[str, list[Edge]] = {node: [] for node in graph.nodes}
        for edge in dict.fromkeys(graph.edges):
            self.inputs[edge.destination.node_id].append(edge)
            self.outputs[edge.source.node_id].append(edge)
        self.parents = {node: _unique(e.source.node_id for e in edges) for node, edges in self.inputs.items()}
        self.order = self._topological_order()
        self.iterators = [node for node in self.order if self.is_iterator(node)]
        self.iterators_above = self._iterators_above()
        self.contexts = self._contexts()
        self.branches = self._branches()

    def is_iterator(self, node: str) -> bool:
        """Whether the node makes a run per item."""
        return self.graph.nodes[node].type == "iterate"

    def _topological_order(self) -> list[str]:
        """Sources in the order of the graph, then what they set free: breadth first."""
        unmet = {node: len(parents) for node, parents in self.parents.items()}
        queue = deque(node for node, count in unmet.items() if not count)
        order: list[str] = []
        while queue:
            node = queue.popleft()
            order.append(node)
            for child in _unique(edge.destination.node_id for edge in self.outputs[node]):
                unmet[child] -= 1
                if not unmet[child]:
                    queue.append(child)
        if len(order) < len(self.graph.nodes):
            stuck = ", ".join(sorted(set(self.graph.nodes) - set(order)))
            raise BadInputError(f"The nodes {stuck} wait for each other.", code="invalid_graph")
        return order

    def _iterators_above(self) -> dict[str, set[str]]:
        """Every iterator upstream of a node, through collectors as well."""
        above: dict[str, set[str]] = {}
        for node in self.order:
            above[node] = set()
            for parent in self.parents[node]:
                above[node] |= above[parent] | ({parent} if self.is_iterator(parent) else set())
        return above

    def _contexts(self) -> dict[str, set[str]]:
        """The iterators a node stands in; a collector ends them all."""
        contexts: dict[str, set[str]] = {}
        for node in self.order:
            contexts[node] = {node} if self.is_iterator(node) else set()
            if self.graph.nodes[node].type != "collect":
                contexts[node] |= {iterator for parent in self.parents[node] for iterator in contexts[parent]}
        return contexts

    def _branches(self) -> dict[str, list[Branch]]:
        """For each node the branches it serves alone. A node outside a loop never waits for an ``if`` in it."""
        branches: dict[str, list[Branch]] = {node: [] for node in self.graph.nodes}
        for node in self.order:
            if self.graph.nodes[node].type != "if":
                continue
            condition = next((e for e in self.inputs[node] if e.destination.field == "condition"), None)
            scope = self.contexts[condition.source.node_id] if condition else set()
            constant = bool(self.graph.nodes[node].fields().get("condition"))
            for side in ("true_input", "false_input"):
                for member in self._exclusive(node, side):
                    if scope <= self.contexts[member]:
                        branches[member].append(Branch(node, side, condition, constant))
        return branches

    def _exclusive(self, node: str, side: str) -> set[str]:
        """The nodes whose every output ends, directly or not, in this input."""
        members: set[str] = set()
        pending = [e.source.node_id for e in self.inputs[node] if e.destination.field == side]
        while pending:
            member = pending.pop()
            if member not in members:
                members.add(member)
                pending += self.parents[member]
        shrinking = True
        while shrinking:
            outsiders = {member for member in members if not self._serves_only(member, members, node, side)}
            members -= outsiders
            shrinking = bool(outsiders)
        return members

    def _serves_only(self, member: str, members: set[str], node: str, side: str) -> bool:
        return all(
            e.destination.node_id in members or (e.destination.node_id, e.destination.field) == (node, side)
            for e in self.outputs[member]
        )


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
