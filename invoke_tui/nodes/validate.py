"""Is a graph one that can run? Every problem names the node and the field it is about.

Stricter than InvokeAI's backend, whose editor prevents what its backend does not check: a collection into a single
value, two edges into one input, duplicate edges and inputs no node of that type has are problems here. A graph that
InvokeAI's editor can build passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from pydantic import ValidationError

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Edge, Graph, Node
from invoke_tui.nodes.base import Invocation, input_kind
from invoke_tui.nodes.connections import compatible, describe, input_shapes, output_shapes
from invoke_tui.nodes.loops import loop_problems
from invoke_tui.nodes.registry import find

ProblemKind = Literal[
    "duplicate_node_id",
    "node_id_mismatch",
    "unknown_node_type",
    "denied_node",
    "node_not_found",
    "node_field_not_found",
    "cycle",
    "invalid_edge",
    "duplicate_edge",
    "unknown_input",
    "unavailable_input",
    "missing_input",
    "invalid_value",
]

SHOWN_PROBLEMS = 3


class Problem(Record):
    """One reason why a graph cannot run. ``field`` is empty where the node as a whole is meant."""

    kind: ProblemKind
    node: str
    field: str = ""
    message: str


def validate(
    graph: Graph, *, allow: Collection[str] | None = None, deny: Collection[str] = ()
) -> list[Problem]:
    """All problems of a graph, most basic first. ``allow`` and ``deny`` are the settings of these names."""
    problems = [*_id_problems(graph), *_type_problems(graph, allow, deny)]
    known = {key: cls for key, node in graph.nodes.items() if (cls := find(node.type)) is not None}
    sound: list[Edge] = []
    for edge in graph.edges:
        found = list(_edge_end_problems(edge, graph, known))
        problems += found
        if not found:
            sound.append(edge)
    problems += _cycle_problems(graph, sound)
    problems += _edge_type_problems(sound, known)
    problems += _doubled_edge_problems(sound, graph)
    if not any(p.kind == "cycle" for p in problems):
        problems += (
            Problem(kind="invalid_edge", node=node, field=field, message=f"{node}.{field}: {why}")
            for node, field, why in loop_problems(graph, sound, known)
        )
    for key, cls in known.items():
        fed = {edge.destination.field for edge in sound if edge.destination.node_id == key}
        problems += _input_problems(key, graph.nodes[key], cls, fed)
    return problems


def require_valid(graph: Graph, *, allow: Collection[str] | None = None, deny: Collection[str] = ()) -> None:
    """Raise ``BadInputError`` with the first problems of a graph that cannot run."""
    problems = validate(graph, allow=allow, deny=deny)
    if not problems:
        return
    more = len(problems) - SHOWN_PROBLEMS
    shown = "; ".join(problem.message for problem in problems[:SHOWN_PROBLEMS])
    raise BadInputError(
        f"The graph cannot run: {shown}{f'; and {more} more' if more > 0 else ''}.", code="invalid_graph"
    )


def _id_problems(graph: Graph) -> Iterator[Problem]:
    doubled = {node_id for node_id, times in Counter(n.id for n in graph.nodes.values()).items() if times > 1}
    for node_id in sorted(doubled):
        yield Problem(kind="duplicate_node_id", node=node_id, message=f"two nodes have the id {node_id!r}")
    for key, node in graph.nodes.items():
        if node.id != key and node.id not in doubled:
            message = f"node {key!r} says that its id is {node.id!r}"
            yield Problem(kind="node_id_mismatch", node=key, field="id", message=message)


def _type_problems(graph: Graph, allow: Collection[str] | None, deny: Collection[str]) -> Iterator[Problem]:
    for key, node in graph.nodes.items():
        if find(node.type) is None:
            message = f"{key}: there is no node type {node.type!r} here"
            yield Problem(kind="unknown_node_type", node=key, field="type", message=message)
        elif node.type in deny or (allow is not None and node.type not in allow):
            message = f"{key}: the settings do not permit the node type {node.type!r}"
            yield Problem(kind="denied_node", node=key, field="type", message=message)


def _edge_end_problems(edge: Edge, graph: Graph, known: dict[str, type[Invocation]]) -> Iterator[Problem]:
    for end, role in ((edge.source, "source"), (edge.destination, "destination")):
        if end.node_id not in graph.nodes:
            message = f"the edge {edge.source} → {edge.destination} has a {role} that is not in the graph"
            yield Problem(kind="node_not_found", node=end.node_id, field=end.field, message=message)
    source, target = known.get(edge.source.node_id), known.get(edge.destination.node_id)
    if source and edge.source.field not in source.output_class.model_fields:
        message = f"{edge.source}: a {source.spec.type!r} node has no such output"
        yield Problem(
            kind="node_field_not_found", node=edge.source.node_id, field=edge.source.field, message=message
        )
    if target and not target.takes_extra() and edge.destination.field not in target.inputs():
        end = edge.destination
        if end.field in target.dormant:
            yield _unavailable(end.node_id, end.field, target)
        else:
            message = f"{end}: a {target.spec.type!r} node has no such input"
            yield Problem(kind="node_field_not_found", node=end.node_id, field=end.field, message=message)


def _cycle_problems(graph: Graph, edges: list[Edge]) -> Iterator[Problem]:
    before: dict[str, set[str]] = {key: set() for key in graph.nodes}
    for edge in edges:
        before[edge.destination.node_id].add(edge.source.node_id)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        message = f"the nodes {' → '.join(circle)} wait for each other"
        yield Problem(kind="cycle", node=circle[0], message=message)


def _edge_type_problems(edges: list[Edge], known: dict[str, type[Invocation]]) -> Iterator[Problem]:
    for edge in edges:
        source, target = known.get(edge.source.node_id), known.get(edge.destination.node_id)
        if source is None or target is None:
            continue
        end = edge.destination
        info = target.model_fields.get(end.field)
        if info is not None and input_kind(info) == "direct":
            message = f"{end}: is set on the node itself and takes no edge"
            yield Problem(kind="invalid_edge", node=end.node_id, field=end.field, message=message)
            continue
        given, wanted = output_shapes(source.output_class, edge.source.field), input_shapes(target, end.field)
        if not compatible(given, wanted):
            message = f"{end}: takes {describe(wanted)}, but {edge.source} gives {describe(given)}"
            yield Problem(kind="invalid_edge", node=end.node_id, field=end.field, message=message)


def _doubled_edge_problems(edges: list[Edge], graph: Graph) -> Iterator[Problem]:
    for edge, times in Counter(edges).items():
        if times > 1:
            end = edge.destination
            message = f"{end}: the edge from {edge.source} is there {times} times"
            yield Problem(kind="duplicate_edge", node=end.node_id, field=end.field, message=message)
    for end, times in Counter(edge.destination for edge in set(edges)).items():
        if times > 1 and graph.nodes[end.node_id].type != "collect":
            message = f"{end}: takes one edge, but has {times}"
            yield Problem(kind="invalid_edge", node=end.node_id, field=end.field, message=message)


def _unavailable(node: str, field: str, cls: type[Invocation]) -> Problem:
    message = f"{node}.{field}: this input of {cls.spec.type!r} is not available yet"
    return Problem(kind="unavailable_input", node=node, field=field, message=message)


def _input_problems(key: str, node: Node, cls: type[Invocation], fed: set[str]) -> Iterator[Problem]:
    own = {name: value for name, value in node.fields().items() if name not in fed}
    inputs = cls.inputs()
    for name, value in list(own.items()):
        if name in cls.dormant:
            del own[name]
            if value is not None and value != cls.dormant[name]:
                yield _unavailable(key, name, cls)
        elif name not in inputs and not cls.takes_extra():
            del own[name]
            message = f"{key}.{name}: a {cls.spec.type!r} node has no such input"
            yield Problem(kind="unknown_input", node=key, field=name, message=message)
        elif value is None and name in inputs and inputs[name].is_required():
            del own[name]
    for name, info in inputs.items():
        if info.is_required() and name not in own and name not in fed:
            how = "must be connected" if input_kind(info) == "connection" else "needs a value"
            yield Problem(kind="missing_input", node=key, field=name, message=f"{key}.{name}: {how}")
    yield from _value_problems(key, cls, own, complete=not fed)


def _value_problems(
    key: str, cls: type[Invocation], own: dict[str, Any], *, complete: bool
) -> Iterator[Problem]:
    """Check the values set on the node. Rules across inputs apply only when no edge can change one of them."""
    try:
        cls.model_validate({"id": key, **own})
    except ValidationError as error:
        judged: set[str] = set()
        for detail in error.errors(include_url=False, include_input=False):
            field = str(detail["loc"][0]) if detail["loc"] else ""
            if detail["loc"] == (field,) and detail["type"] == "missing":
                continue  # reported as such
            if field in judged or (not field and not complete):
                continue
            judged.add(field)
            message = detail["msg"].removeprefix("Value error, ")
            inside = detail["loc"] if len(input_shapes(cls, field)) == 1 else detail["loc"][:1]
            where = ".".join(map(str, (key, *inside)))
            yield Problem(kind="invalid_value", node=key, field=field, message=f"{where}: {message}")
