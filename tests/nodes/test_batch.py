"""Batches expand as InvokeAI expands them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.running.queue import Batch
from invoke_tui.nodes.batch import FieldValue, GraphTemplate, expand, session_count, substitute
from tests.support.requests import text_to_image

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "batch_expansion.json").read_text())


def batch(data: Any, runs: int = 1, graph: Any = None) -> Batch:
    return Batch.model_validate({"graph": graph or RECORDED["graph"], "data": data, "runs": runs})


def datum(node: str, items: list[Any], field: str = "value") -> dict[str, Any]:
    return {"node_path": node, "field_name": field, "items": items}


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["name"])
def test_recorded(case: dict[str, Any]) -> None:
    given = batch(case["data"], case["runs"])
    if "error" in case:
        with pytest.raises(BadInputError):
            expand(given)
        return
    sessions = [[value.model_dump() for value in values] for values in expand(given)]
    assert sessions == case["field_values"]
    assert session_count(given) == len(sessions) == case["session_count"]
    assert len(list(itertools.islice(expand(given), 2))) == case["first_with_maximum_2"]


def test_lists_of_a_group_go_together() -> None:
    given = batch([[datum("s", [1, 2]), datum("p", ["x", "y"])]], runs=2)
    rows = [[value.value for value in values] for values in expand(given)]
    assert rows == [[1, "x"], [2, "y"], [1, "x"], [2, "y"]]
    assert session_count(given) == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([[datum("s", [1, 2]), datum("p", ["x"])]], r"s\.value has 2, p\.value has 1"),
        ([[datum("zz", [1])]], r"^zz\.value: the graph has no such node"),
        ([[datum("s", [1], "zz")]], r"^s\.zz: the node has no such field"),
        ([[datum("s", [1])], [datum("s", [2])]], r"^s\.value: the batch sets this field twice"),
        ([[datum("p", ["x", 1])]], r"^p\.value: all values of a list must be of one type"),
    ],
)
def test_errors_name_node_and_field(data: Any, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        expand(batch(data))


def test_a_field_that_is_not_set_yet_can_be_filled() -> None:
    assert [v[0].value for v in expand(batch([[datum("a", [4, 5], "b")]]))] == [4, 5]


def test_values_are_put_into_the_graph() -> None:
    graph = text_to_image()
    values = [
        FieldValue(node_path="seed", field_name="value", value=7),
        FieldValue(node_path="positive_prompt", field_name="value", value='a "dög"\n'),
    ]
    written = Graph.model_validate_json(GraphTemplate(graph).json_with(values))
    assert written == substitute(graph, values)
    assert written.nodes["seed"].fields() == {"value": 7}
    assert written.nodes["positive_prompt"].fields() == {"value": 'a "dög"\n'}
    assert graph.nodes["seed"].fields() == {"value": 42}
    assert written.edges == graph.edges


@pytest.mark.timeout(60)  # a guard: what is wrong here takes minutes
def test_ten_thousand_sessions_are_quick() -> None:
    given = batch([[datum("seed", list(range(10_000)))]], graph=text_to_image().model_dump(mode="json"))
    template = GraphTemplate(given.graph)
    texts = [template.json_with(values) for values in expand(given)]
    assert len(texts) == 10_000
