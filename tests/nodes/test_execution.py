"""The executor gives what InvokeAI gave for recorded graphs, and what plain Python gives for others."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.nodes.execution import GraphExecution
from invoke_tui.nodes.validate import validate

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "graph_execution.json").read_text())
DRAWN_BY_LOT = {"collect of direct items", "collect two iterators"}
"""Values of one iteration in a collector are ordered by random ids there; here by the order of the edges."""


class NoContext:
    """For nodes that only compute."""


def run(graph: Graph) -> tuple[list[str], GraphExecution]:
    execution = GraphExecution(graph)
    order: list[str] = []
    while (ready := execution.next()) is not None:
        order.append(ready.node)
        execution.complete(ready.id, ready.invocation.invoke(NoContext()))  # type: ignore[arg-type]
    return order, execution


def outputs(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    _, execution = run(graph)
    assert execution.is_complete()
    return {node: [output.as_json() for output in given] for node, given in execution.results().items()}


def values(graph: Graph, node: str, field: str = "value") -> list[Any]:
    return [output[field] for output in outputs(graph).get(node, [])]


@pytest.mark.parametrize("case", RECORDED["executions"], ids=lambda case: case["name"])
class TestRecorded:
    def test_results(self, case: dict[str, Any]) -> None:
        graph = Graph.model_validate(case["graph"])
        assert validate(graph) == []
        _, execution = run(graph)
        results = {n: [o.as_json() for o in given] for n, given in execution.results().items()}
        expected = case["results"]
        if case["name"] in DRAWN_BY_LOT:
            ours, theirs = (Counter(side.pop("col")[0]["collection"]) for side in (results, expected))
            assert ours == theirs
        assert results == expected
        assert execution.is_complete() == case["complete"]

    def test_order_of_types(self, case: dict[str, Any]) -> None:
        graph = Graph.model_validate(case["graph"])
        order, _ = run(graph)
        assert Counter(order) == Counter(case["order"])
        if not case["name"].startswith("random dag"):
            assert order == case["order"]
        assert [graph.nodes[n].type for n in order] == [graph.nodes[n].type for n in case["order"]]


def numbers(graph: Graph, node: str, items: list[int]) -> str:
    """A loop over items; gives the iterate node's id."""
    graph.add("integer_collection", f"{node}_items", collection=items)
    graph.add("iterate", node)
    graph.connect(f"{node}_items", "collection", node)
    return node


class TestLoops:
    def test_a_collector_gathers_in_the_order_of_iteration(self) -> None:
        graph = Graph()
        numbers(graph, "each", [5, 3, 4])
        graph.add("mul", "double", b=2)
        graph.add("collect", "all")
        graph.connect("each", "item", "double", "a")
        graph.connect("double", "value", "all", "item")
        assert values(graph, "all", "collection") == [[10, 6, 8]]

    def test_a_loop_in_a_loop_follows_its_outer_item(self) -> None:
        graph = Graph()
        numbers(graph, "outer", [1, 2, 3])
        graph.add("range_of_size", "inner_items")
        graph.connect("outer", "item", "inner_items", "size")
        graph.add("iterate", "inner")
        graph.connect("inner_items", "collection", "inner")
        graph.add("integer_math", "pair", operation="ADD")
        graph.add("mul", "ten", b=10)
        graph.connect("outer", "item", "ten", "a")
        graph.connect("ten", "value", "pair", "a")
        graph.connect("inner", "item", "pair", "b")
        graph.add("collect", "all")
        graph.connect("pair", "value", "all", "item")
        assert values(graph, "all", "collection") == [[10, 20, 21, 30, 31, 32]]

    def test_three_independent_loops_multiply(self) -> None:
        graph = Graph()
        for name, items in (("x", [100, 200]), ("y", [10, 20]), ("z", [1, 2])):
            numbers(graph, name, items)
        graph.add("add", "xy")
        graph.connect("x", "item", "xy", "a")
        graph.connect("y", "item", "xy", "b")
        graph.add("add", "xyz")
        graph.connect("xy", "value", "xyz", "a")
        graph.connect("z", "item", "xyz", "b")
        assert values(graph, "xyz") == [111, 112, 121, 122, 211, 212, 221, 222]

    def test_paths_that_part_and_meet_stay_in_their_iteration(self) -> None:
        graph = Graph()
        numbers(graph, "each", list(range(50)))
        graph.add("mul", "left", b=2)
        graph.add("add", "right", b=1)
        graph.add("sub", "both")
        graph.connect("each", "item", "left", "a")
        graph.connect("each", "item", "right", "a")
        graph.connect("left", "value", "both", "a")
        graph.connect("right", "value", "both", "b")
        assert values(graph, "both") == [2 * n - (n + 1) for n in range(50)]

    def test_nothing_to_iterate_skips_what_follows_and_collects_nothing(self) -> None:
        graph = Graph()
        numbers(graph, "each", [])
        graph.add("add", "never")
        graph.add("collect", "all")
        graph.add("integer_collection", "after")
        graph.connect("each", "item", "never", "a")
        graph.connect("never", "value", "all", "item")
        graph.connect("all", "collection", "after")
        order, execution = run(graph)
        assert order == ["each_items", "all", "after"]
        assert execution.is_complete()
        assert values(graph, "after", "collection") == [[]]
        assert "never" not in outputs(graph)

    def test_a_collection_can_be_iterated_again(self) -> None:
        graph = Graph()
        numbers(graph, "each", [1, 2])
        graph.add("collect", "all")
        graph.connect("each", "item", "all", "item")
        graph.add("iterate", "again")
        graph.connect("all", "collection", "again")
        graph.add("add", "sum")
        graph.connect("again", "item", "sum", "a")
        graph.connect("each", "item", "sum", "b")
        assert sorted(values(graph, "sum")) == [2, 3, 3, 4]

    def test_a_collector_extends_a_collection(self) -> None:
        graph = Graph()
        numbers(graph, "each", [7, 8])
        graph.add("integer_collection", "before", collection=[1, 2])
        graph.add("collect", "all")
        graph.connect("each", "item", "all", "item")
        graph.connect("before", "collection", "all", "collection")
        assert values(graph, "all", "collection") == [[1, 2, 7, 8]]

    def test_run_ids_are_the_same_every_time(self) -> None:
        graph = Graph()
        numbers(graph, "each", [1, 2])
        graph.add("add", "n")
        graph.connect("each", "item", "n", "a")

        def ids() -> list[str]:
            execution, seen = GraphExecution(graph), []
            while (ready := execution.next()) is not None:
                seen.append(ready.id)
                execution.complete(ready.id, ready.invocation.invoke(NoContext()))  # type: ignore[arg-type]
            return seen

        assert ids() == ids() == ["each_items", "each[0]", "each[1]", "n[0]", "n[1]"]


class TestChoice:
    def choice(self, condition: bool | None) -> Graph:
        graph = Graph()
        graph.add("add", "yes", a=1)
        graph.add("add", "no", a=2)
        graph.add("if", "if")
        if condition is not None:
            graph.add("boolean", "decide", value=condition)
            graph.connect("decide", "value", "if", "condition")
        graph.connect("yes", "value", "if", "true_input")
        graph.connect("no", "value", "if", "false_input")
        return graph

    @pytest.mark.parametrize(
        ("condition", "ran", "value"), [(True, "yes", 1), (False, "no", 2), (None, "no", 2)]
    )
    def test_only_the_chosen_branch_runs(self, condition: bool | None, ran: str, value: int) -> None:
        graph = self.choice(condition)
        order, execution = run(graph)
        assert execution.is_complete()
        assert ({"yes", "no"} - {ran}).isdisjoint(order)
        assert values(graph, "if") == [value]

    def test_a_branch_may_hold_a_loop(self) -> None:
        graph = self.choice(False)
        numbers(graph, "each", [1, 2])
        graph.add("collect", "all")
        graph.connect("each", "item", "all", "item")
        graph.add("if", "outer")
        graph.connect("decide", "value", "outer", "condition")
        graph.connect("all", "collection", "outer", "true_input")
        graph.connect("if", "value", "outer", "false_input")
        order, execution = run(graph)
        assert execution.is_complete()
        assert order == ["decide", "no", "if", "outer"]

    def test_a_choice_is_made_in_every_iteration(self) -> None:
        graph = Graph()
        graph.add("boolean_collection", "flags", collection=[True, False, True])
        graph.add("iterate", "flag")
        graph.connect("flags", "collection", "flag")
        graph.add("add", "yes", a=1)
        graph.add("mul", "no", a=1, b=5)
        graph.connect("flag", "index", "yes", "b")
        graph.connect("flag", "index", "no", "a")
        graph.add("if", "if")
        graph.connect("flag", "item", "if", "condition")
        graph.connect("yes", "value", "if", "true_input")
        graph.connect("no", "value", "if", "false_input")
        order, execution = run(graph)
        assert execution.is_complete()
        assert order.count("yes") == 2
        assert order.count("no") == 1
        assert values(graph, "if") == [1, 5, 3]

    def test_a_branch_inside_a_branch(self) -> None:
        graph = self.choice(True)
        graph.add("boolean", "outer_decides", value=False)
        graph.add("integer", "other", value=9)
        graph.add("if", "outer")
        graph.connect("outer_decides", "value", "outer", "condition")
        graph.connect("if", "value", "outer", "true_input")
        graph.connect("other", "value", "outer", "false_input")
        order, _ = run(graph)
        assert set(order) == {"outer_decides", "other", "outer"}


class TestErrors:
    def test_a_value_that_does_not_fit_names_node_and_field(self) -> None:
        graph = Graph()
        graph.add("integer", "minus", value=-1)
        graph.add("noise", "noise")
        graph.connect("minus", "value", "noise", "seed")
        execution = GraphExecution(graph)
        first = execution.next()
        assert first is not None
        execution.complete(first.id, first.invocation.invoke(NoContext()))  # type: ignore[arg-type]
        with pytest.raises(BadInputError, match=r"^noise\.seed: .*greater than or equal to 0"):
            execution.next()

    def test_completing_twice_is_refused(self) -> None:
        graph = Graph()
        graph.add("integer", "one")
        execution = GraphExecution(graph)
        ready = execution.next()
        assert ready is not None
        output = ready.invocation.invoke(NoContext())  # type: ignore[arg-type]
        execution.complete(ready.id, output)
        with pytest.raises(ValueError, match="executed"):
            execution.complete(ready.id, output)

    def test_a_single_value_becomes_a_collection_of_one(self) -> None:
        graph = Graph()
        graph.add("integer", "one", value=1)
        graph.add("integer_collection", "ones")
        graph.connect("one", "value", "ones", "collection")
        assert values(graph, "ones", "collection") == [[1]]


@st.composite
def arithmetic(draw: st.DrawFn) -> tuple[Graph, dict[str, int]]:
    """A random graph of additions and multiplications, and what it must give."""
    graph = Graph()
    expected: dict[str, int] = {}
    for number in range(draw(st.integers(1, 12))):
        name = f"n{number}"
        a, b = draw(st.integers(-9, 9)), draw(st.integers(-9, 9))
        graph.add(kind := draw(st.sampled_from(["add", "mul", "sub"])), name, a=a, b=b)
        sides = {"a": a, "b": b}
        for side in sides:
            if len(expected) > 0 and draw(st.booleans()):
                source = draw(st.sampled_from(sorted(expected)))
                graph.connect(source, "value", name, side)
                sides[side] = expected[source]
        a, b = sides["a"], sides["b"]
        expected[name] = {"add": a + b, "mul": a * b, "sub": a - b}[kind]
    shuffled = draw(st.permutations(sorted(graph.nodes)))
    graph.nodes = {name: graph.nodes[name] for name in shuffled}
    graph.edges = list(draw(st.permutations(graph.edges)))
    return graph, expected


@given(arithmetic())
def test_any_graph_gives_what_python_gives(case: tuple[Graph, dict[str, int]]) -> None:
    graph, expected = case
    assert {node: given[0]["value"] for node, given in outputs(graph).items()} == expected
