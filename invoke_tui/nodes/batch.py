"""A batch is a graph and lists of values: lists of one group are zipped, groups are multiplied, runs repeat it all.

Expansion is lazy and each session's graph is put together from serialized nodes of which only the changed ones are
written anew: ten thousand sessions cost little more than ten thousand times the changed values.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from typing import Any

from invoke_tui.domain.base import Record
from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph, Node
from invoke_tui.domain.running.queue import Batch, BatchDatum
from invoke_tui.nodes.registry import find


class FieldValue(Record):
    """One value a session puts into its graph."""

    node_path: str
    field_name: str
    value: Any


def session_count(batch: Batch) -> int:
    """How many sessions a valid batch makes, without making them."""
    return batch.runs * math.prod(len(group[0].items) if group else 0 for group in batch.data or ())


def expand(batch: Batch) -> Iterator[list[FieldValue]]:
    """The values of every session, the last group changing fastest. Raises ``BadInputError`` before the first."""
    check_batch(batch)
    groups = [_zipped(group) for group in batch.data or ()]
    return (
        list(itertools.chain.from_iterable(chosen))
        for _run in range(batch.runs)
        for chosen in itertools.product(*groups)
    )


def check_batch(batch: Batch) -> None:
    """Raise ``BadInputError`` for a batch that cannot be expanded; the message names node and field."""
    seen: set[tuple[str, str]] = set()
    for group in batch.data or ():
        for datum in group:
            end = (datum.node_path, datum.field_name)
            if end in seen:
                raise BadInputError(f"{_name(datum)}: the batch sets this field twice.", code="bad_batch")
            seen.add(end)
            _check_field(batch.graph, datum)
            _check_types(datum)
        lengths = {_name(datum): len(datum.items) for datum in group}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise BadInputError(f"Lists of one group must be of one length: {listed}.", code="bad_batch")


def _check_field(graph: Graph, datum: BatchDatum) -> None:
    node = graph.nodes.get(datum.node_path)
    if node is None:
        raise BadInputError(f"{_name(datum)}: the graph has no such node.", code="bad_batch")
    cls = find(node.type)
    known = datum.field_name in node.fields() or (
        cls is not None and (datum.field_name in cls.inputs() or cls.takes_extra())
    )
    if not known:
        raise BadInputError(f"{_name(datum)}: the node has no such field.", code="bad_batch")


def _check_types(datum: BatchDatum) -> None:
    kinds = {float if isinstance(value, int | float) else type(value) for value in datum.items}
    if len(kinds) > 1:
        raise BadInputError(f"{_name(datum)}: all values of a list must be of one type.", code="bad_batch")


def _zipped(group: list[BatchDatum]) -> list[list[FieldValue]]:
    columns = [
        [FieldValue(node_path=d.node_path, field_name=d.field_name, value=value) for value in _values(d)]
        for d in group
    ]
    return [list(row) for row in zip(*columns, strict=True)]


def _values(datum: BatchDatum) -> list[Any]:
    """The values; where yes and no stand among numbers they are 1 and 0, as for InvokeAI."""
    flags = [isinstance(value, bool) for value in datum.items]
    if any(flags) and not all(flags):
        return [float(value) if isinstance(value, bool) else value for value in datum.items]
    return datum.items


def _name(datum: BatchDatum) -> str:
    return f"{datum.node_path}.{datum.field_name}"


class GraphTemplate:
    """A graph, serialized once, into which values are put many times."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = {key: node.model_dump(mode="json") for key, node in graph.nodes.items()}
        self._texts = {key: _json(node) for key, node in self._nodes.items()}
        rest = graph.model_dump(mode="json", exclude={"nodes"})
        self._head = (
            "{" + "".join(f"{_json(key)}:{_json(value)}," for key, value in rest.items()) + '"nodes":{'
        )

    def json_with(self, values: list[FieldValue]) -> str:
        """The graph's JSON with some fields set."""
        changed: dict[str, dict[str, Any]] = {}
        for value in values:
            node = changed.setdefault(value.node_path, dict(self._nodes[value.node_path]))
            node[value.field_name] = value.value
        texts = {**self._texts, **{key: _json(node) for key, node in changed.items()}}
        return self._head + ",".join(f"{_json(key)}:{text}" for key, text in texts.items()) + "}}"


def substitute(graph: Graph, values: list[FieldValue]) -> Graph:
    """A copy of a graph with some fields set."""
    nodes = dict(graph.nodes)
    for value in values:
        fields = nodes[value.node_path].model_dump() | {value.field_name: value.value}
        nodes[value.node_path] = Node.model_validate(fields)
    return graph.model_copy(update={"nodes": nodes})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
