"""Walks a graph: which node runs next, with which inputs, and what it gave.

A graph node becomes one *run* per combination of the iterations it stands in. ``iterate`` makes a run per item;
a node behind several independent iterators runs for their product; ``collect`` runs once, with everything. Runs of
one type of node go together, so that models are swapped as rarely as possible, and the order is InvokeAI's.

Where InvokeAI's order hangs on random ids (values of one iteration in a collector), ours is that of the edges.
``if`` is lazy: what only serves the other branch never runs, whether or not it was reached before the condition.
"""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from pydantic import ValidationError

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Edge, Graph
from invoke_tui.nodes.base import Invocation, Output
from invoke_tui.nodes.connections import input_shapes
from invoke_tui.nodes.plan import Branch, Plan
from invoke_tui.nodes.registry import find

RunState = Literal["waiting", "ready", "handed_out", "executed", "skipped"]
Context = dict[str, int]
"""Index per iterator around a run, outermost first."""


@dataclass
class Run:
    """One run of a node. ``sources`` are the runs its edges come from, per edge of the graph."""

    id: str
    node: str
    context: Context
    sources: list[tuple[Edge, Run]]
    state: RunState = "waiting"
    index: int | None = None
    output: Output | None = None
    path: tuple[int, ...] = ()
    children: list[Run] = field(default_factory=list, repr=False)

    @property
    def finished(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in ("executed", "skipped")


@dataclass(frozen=True)
class ReadyNode:
    """A run that may start now. ``id`` is unique in the execution and the same whenever the graph is run."""

    id: str
    node: str
    invocation: Invocation


class GraphExecution:
    """The state of one execution of a valid graph: ``next`` hands out runs, ``complete`` takes their outputs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.plan = Plan(graph)
        self.prepared: dict[str, list[Run]] = {}
        self.executed_history: list[str] = []
        self._runs: dict[str, Run] = {}
        self._left: dict[str, int] = {}
        self._deciders = {
            b.condition.source.node_id for bs in self.plan.branches.values() for b in bs if b.condition
        }
        self._ready: defaultdict[str, list[Run]] = defaultdict(list)
        self._active = ""

    # -- what people ask ----------------------------------------------------------------------------------------------

    def next(self) -> ReadyNode | None:
        """The next run, or ``None`` when nothing is ready: the graph is complete or a run is still out."""
        run = self._pick()
        if run is None:
            prepared = self._prepare_one()
            while (
                prepared
            ):  # as InvokeAI: the choice falls when two nodes are prepared, then the rest is prepared
                prepared = self._prepare_one()
                run = run or self._pick()
        if run is None:
            return None
        run.state = "handed_out"
        return ReadyNode(id=run.id, node=run.node, invocation=self._invocation(run))

    def complete(self, run_id: str, output: Output) -> None:
        """Record what a run gave."""
        run = self._runs[run_id]
        if run.state != "handed_out":
            raise ValueError(f"the run {run_id!r} is {run.state}, it cannot complete")
        run.output = output
        self._finish(run, "executed")
        if not self._left[run.node]:
            self.executed_history.append(run.node)
        self._settle(self._waiting() if run.node in self._deciders else run.children)

    def is_complete(self) -> bool:
        """Every node ran, in every iteration, or was skipped."""
        return all(
            node in self.prepared and all(run.finished for run in self.prepared[node])
            for node in self.graph.nodes
        )

    def results(self) -> dict[str, list[Output]]:
        """The outputs by node, in the order of iteration; a skipped node has none."""
        return {
            node: [run.output for run in runs if run.output is not None]
            for node, runs in self.prepared.items()
            if any(run.output is not None for run in runs)
        }

    def source_of(self, run_id: str) -> str:
        """The node of the graph that a run belongs to."""
        return self._runs[run_id].node

    @cached_property
    def _classes(self) -> dict[str, type[Invocation]]:
        classes: dict[str, type[Invocation]] = {}
        for key, node in self.graph.nodes.items():
            cls = find(node.type)
            if cls is None:
                raise BadInputError(f"{key}: there is no node type {node.type!r} here", code="invalid_graph")
            classes[key] = cls
        return classes

    # -- preparing runs -----------------------------------------------------------------------------------------------

    def _prepare_one(self) -> bool:
        """Make the runs of the next node whose number of runs is known."""
        for node in self.plan.order:
            if node not in self.prepared and self._can_prepare(node):
                self.prepared[node] = []
                self._make_runs(node)
                self._left[node] = len(self.prepared[node])
                self._settle(self.prepared[node])
                return True
        return False

    def _can_prepare(self, node: str) -> bool:
        """Its parents are prepared, no iterator above is unfinished, and an iterator's collection is there."""
        if any(parent not in self.prepared for parent in self.plan.parents[node]):
            return False
        if any(not self._node_finished(above) for above in self.plan.iterators_above[node]):
            return False
        if self.plan.is_iterator(node):
            return all(self._node_finished(parent) for parent in self.plan.parents[node])
        return True

    def _node_finished(self, node: str) -> bool:
        return self._left.get(node) == 0

    def _finish(self, run: Run, state: Literal["executed", "skipped"]) -> None:
        run.state = state
        self._left[run.node] -= 1

    def _make_runs(self, node: str) -> None:
        if self.graph.nodes[node].type == "collect":
            everything = [
                (edge, run) for edge in self.plan.inputs[node] for run in self.prepared[edge.source.node_id]
            ]
            self._add_run(node, {}, everything)
            return
        for context, sources in self._joined(node):
            if not self.plan.is_iterator(node):
                self._add_run(node, context, sources)
                continue
            for index in range(self._item_count(sources)):
                self._add_run(node, {**context, node: index}, sources, index)

    def _joined(self, node: str) -> list[tuple[Context, list[tuple[Edge, Run]]]]:
        """Every combination of the parents' runs that agrees on the iterations they share."""
        rows: list[tuple[Context, dict[str, Run]]] = [({}, {})]
        met: set[str] = set()
        for parent in self.plan.parents[node]:
            shared = sorted(met & self.plan.contexts[parent])
            met |= self.plan.contexts[parent]
            partners: defaultdict[tuple[int | None, ...], list[Run]] = defaultdict(list)
            for run in self.prepared[parent]:
                partners[tuple(run.context.get(iterator) for iterator in shared)].append(run)
            rows = [
                ({**context, **run.context}, {**chosen, parent: run})
                for context, chosen in rows
                for run in partners[tuple(context.get(iterator) for iterator in shared)]
            ]
        rows.sort(key=lambda row: self._path(row[0]))
        return [
            (context, [(edge, chosen[edge.source.node_id]) for edge in self.plan.inputs[node]])
            for context, chosen in rows
        ]

    def _item_count(self, sources: list[tuple[Edge, Run]]) -> int:
        """How often an iterator runs; once, to be skipped, behind a collection that was itself skipped."""
        edge, run = next((e, r) for e, r in sources if e.destination.field == "collection")
        if run.output is None:
            return 1
        collection = getattr(run.output, edge.source.field)
        if not isinstance(collection, list):
            raise BadInputError(f"{edge.destination}: takes a collection, which {edge.source} did not give")
        return len(collection)

    def _add_run(
        self, node: str, context: Context, sources: list[tuple[Edge, Run]], index: int | None = None
    ) -> None:
        path = self._path(context)
        name = f"{node}[{','.join(map(str, path))}]" if path else node
        while name in self._runs or (path and name in self.graph.nodes):
            name += "'"
        run = Run(id=name, node=node, context=context, sources=sources, index=index, path=path)
        self._runs[name] = run
        self.prepared[node].append(run)
        for _edge, source in sources:
            source.children.append(run)

    def _path(self, context: Context) -> tuple[int, ...]:
        return tuple(context[iterator] for iterator in self.plan.iterators if iterator in context)

    # -- getting ready ------------------------------------------------------------------------------------------------

    def _settle(self, candidates: Iterable[Run]) -> None:
        """Skip what no open branch needs and queue what has all its inputs."""
        pending = deque(candidates)
        while pending:
            run = pending.popleft()
            if run.state != "waiting":
                continue
            gate = self._gate(run)
            if gate == "closed":
                self._finish(run, "skipped")
                pending.extend(run.children)
            elif gate == "open" and self._fed(run):
                run.state = "ready"
                self._enqueue(run)

    def _waiting(self) -> list[Run]:
        return [run for runs in self.prepared.values() for run in runs if run.state == "waiting"]

    def _gate(self, run: Run) -> Literal["open", "closed", "unknown"]:
        """Whether every ``if`` that this run serves alone has chosen its branch."""
        verdict: Literal["open", "unknown"] = "open"
        for branch in self.plan.branches[run.node]:
            chosen = self._condition(branch, run.context)
            if chosen is None:
                verdict = "unknown"
            elif chosen != (branch.field == "true_input"):
                return "closed"
        return verdict

    def _condition(self, branch: Branch, context: Context) -> bool | None:
        """What the ``if`` of a branch decided in an iteration; ``None`` while it has not."""
        if branch.condition is None:
            return branch.constant
        for run in self.prepared.get(branch.condition.source.node_id, ()):
            if run.output is not None and all(context.get(k) == v for k, v in run.context.items()):
                return bool(getattr(run.output, branch.condition.source.field))
        return None

    def _fed(self, run: Run) -> bool:
        return all(source.finished for edge, source in run.sources if self._wanted(run, edge))

    def _wanted(self, run: Run, edge: Edge) -> bool:
        """An ``if`` waits for its condition, then for the chosen input only."""
        if self.graph.nodes[run.node].type != "if" or edge.destination.field == "condition":
            return True
        chosen = self._chosen_field(run)
        return chosen is None or edge.destination.field == chosen

    def _chosen_field(self, run: Run) -> str | None:
        for edge, source in run.sources:
            if edge.destination.field == "condition":
                if source.output is None:
                    return None
                return "true_input" if getattr(source.output, edge.source.field) else "false_input"
        return "true_input" if self.graph.nodes[run.node].fields().get("condition") else "false_input"

    def _enqueue(self, run: Run) -> None:
        """In the order of iteration within the type; first come, first served within an iteration."""
        queue = self._ready[self._classes[run.node].__name__]
        place = next((i for i, other in enumerate(queue) if other.path > run.path), len(queue))
        queue.insert(place, run)

    def _pick(self) -> Run | None:
        """The next ready run of the type that is being worked on, else of the first type by name."""
        if not self._ready.get(self._active):
            self._active = next((name for name in sorted(self._ready) if self._ready[name]), "")
        return self._ready[self._active].pop(0) if self._active else None

    # -- inputs -------------------------------------------------------------------------------------------------------

    def _invocation(self, run: Run) -> Invocation:
        """The node with all its inputs; each gets its own copy, so that no node can change another's."""
        cls, node = self._classes[run.node], self.graph.nodes[run.node]
        values = {
            name: value
            for name, value in node.fields().items()
            if name not in cls.dormant and not (value is None and _required(cls, name))
        }
        if node.type == "collect":
            values = {"collection": self._gathered(run)}
        else:
            for edge, source in run.sources:
                if source.output is not None and self._wanted(run, edge):
                    value = getattr(source.output, edge.source.field)
                    if run.index is None:  # an iterator takes one item out of it, which is copied then
                        value = copy.deepcopy(value)
                    values[edge.destination.field] = _adapted(cls, edge.destination.field, value)
        if run.index is not None:
            values["index"] = run.index
        common = {"id": run.id, "is_intermediate": node.is_intermediate, "use_cache": node.use_cache}
        try:
            return cls.model_validate({**values, **common})
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            where = ".".join(map(str, (run.node, *detail["loc"][:1])))
            message = detail["msg"].removeprefix("Value error, ")
            raise BadInputError(f"{where}: {message}", code="invalid_input") from error

    def _gathered(self, run: Run) -> list[Any]:
        """What a collector gets: the items of its collections, then its single items, in the order of iteration."""
        values: list[Any] = []
        for wanted in ("collection", "item"):
            sources = [
                (e, s) for e, s in run.sources if e.destination.field == wanted and s.output is not None
            ]
            for edge, source in sorted(sources, key=lambda pair: pair[1].path):
                value = copy.deepcopy(getattr(source.output, edge.source.field))
                values += value if wanted == "collection" and isinstance(value, list) else [value]
        return values


def _required(cls: type[Invocation], name: str) -> bool:
    info = cls.model_fields.get(name)
    return info is not None and info.is_required()


def _adapted(cls: type[Invocation], name: str, value: Any) -> Any:
    """A single value for an input that takes only collections becomes a collection of one."""
    if isinstance(value, list) or value is None:
        return value
    return [value] if all(shape.many for shape in input_shapes(cls, name)) else value
