"""A problem names node and field, in words a person can act on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError, ExitCode
from invoke_tui.domain.graph.graph import Graph, Node
from invoke_tui.nodes.validate import Problem, require_valid, validate
from tests.support.requests import model_record, text_to_image

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "graph_execution.json").read_text())
KINDS = {
    "CyclicalGraphError": "cycle",
    "NodeNotFoundError": "node_not_found",
    "NodeFieldNotFoundError": "node_field_not_found",
    "InvalidEdgeError": "invalid_edge",
    "DuplicateNodeIdError": "duplicate_node_id",
    "ValidationError": "invalid_value",
}
STRICTER = {"duplicate edge": "duplicate_edge", "unknown extra field": "unknown_input"}
"""What InvokeAI's backend lets pass, though its editor prevents it."""


@pytest.mark.parametrize("case", RECORDED["validation"], ids=lambda case: case["name"])
def test_recorded_verdicts(case: dict[str, Any]) -> None:
    kinds = {problem.kind for problem in validate(Graph.model_validate(case["graph"]))}
    if case["name"] in STRICTER:
        assert case["valid"]
        assert kinds == {STRICTER[case["name"]]}
    elif case["valid"]:
        assert kinds == set()
    else:
        assert KINDS[case["error"]] in kinds


def only(graph: Graph, **options: Any) -> Problem:
    problems = validate(graph, **options)
    assert len(problems) == 1, problems
    return problems[0]


class TestMessages:
    def test_a_missing_connection(self) -> None:
        graph = text_to_image()
        graph.edges = [
            e for e in graph.edges if e.destination.node_id != "l2i" or e.destination.field != "vae"
        ]
        problem = only(graph)
        assert (problem.kind, problem.node, problem.field) == ("missing_input", "l2i", "vae")
        assert problem.message == "l2i.vae: must be connected"

    def test_a_missing_value(self) -> None:
        graph = Graph()
        graph.add("main_model_loader", "loader")
        assert only(graph).message == "loader.model: needs a value"

    def test_null_is_no_value(self) -> None:
        graph = Graph()
        graph.add("main_model_loader", "loader", model=None)
        assert only(graph).kind == "missing_input"

    def test_null_where_an_edge_comes_is_fine(self) -> None:
        graph = text_to_image()
        graph.nodes["l2i"] = Node.model_validate(
            graph.nodes["l2i"].model_dump() | {"latents": None, "vae": None}
        )
        assert validate(graph) == []

    def test_a_value_out_of_bounds(self) -> None:
        graph = Graph()
        graph.add("noise", "noise", width=100)
        assert only(graph).message == "noise.width: Input should be a multiple of 8"

    def test_a_value_that_fits_none_of_several_types_is_one_problem(self) -> None:
        graph = text_to_image()
        fields = graph.nodes["denoise_latents"].model_dump() | {"cfg_scale": 0.5}
        graph.nodes["denoise_latents"] = Node.model_validate(fields)
        assert only(graph).message.startswith(
            "denoise_latents.cfg_scale: Input should be greater than or equal to 1"
        )

    def test_a_number_that_is_none(self) -> None:
        graph = Graph()
        graph.add("float", "f", value=float("nan"))
        assert only(graph).message == "f.value: Input should be a finite number"

    def test_a_rule_across_inputs(self) -> None:
        graph = Graph()
        graph.add("integer_math", "m", operation="DIV", a=1, b=0)
        assert only(graph).message == "m: Cannot divide by zero"

    def test_a_rule_across_inputs_waits_for_what_an_edge_brings(self) -> None:
        graph = Graph()
        graph.add("integer", "three", value=3)
        graph.add("integer_math", "m", operation="DIV", a=1, b=0)
        graph.connect("three", "value", "m", "b")
        assert validate(graph) == []

    def test_types_that_do_not_fit(self) -> None:
        graph = Graph()
        graph.add("string", "text", value="7")
        graph.add("noise", "noise")
        graph.connect("text", "value", "noise", "seed")
        assert only(graph).message == "noise.seed: takes integer, but text.value gives text"

    def test_a_circle_is_shown(self) -> None:
        graph = Graph()
        for name in ("a", "b", "c"):
            graph.add("add", name)
        for source, target in (("a", "b"), ("b", "c"), ("c", "a")):
            graph.connect(source, "value", target, "a")
        problem = only(graph)
        assert problem.kind == "cycle"
        assert problem.message.count("→") == 3

    def test_an_unknown_node_type(self) -> None:
        graph = Graph()
        graph.add("frobnicate", "x", anything=1)
        assert only(graph).message == "x: there is no node type 'frobnicate' here"

    def test_an_id_that_is_not_the_key(self) -> None:
        graph = Graph(nodes={"a": Node(id="b", type="integer")})
        assert only(graph).kind == "node_id_mismatch"

    def test_an_input_that_is_not_available_yet(self) -> None:
        graph = text_to_image()
        fields = graph.nodes["denoise_latents"].model_dump()
        graph.nodes["denoise_latents"] = Node.model_validate(fields | {"hidiffusion": True})
        problem = only(graph)
        assert (problem.kind, problem.field) == ("unavailable_input", "hidiffusion")

    def test_an_input_that_is_not_available_yet_may_have_its_default(self) -> None:
        graph = text_to_image()
        fields = graph.nodes["denoise_latents"].model_dump()
        graph.nodes["denoise_latents"] = Node.model_validate(fields | {"hidiffusion": False, "control": None})
        assert validate(graph) == []


def primitive(kind: str) -> tuple[str, str]:
    """Node type and output field for a word: integer, float, string, boolean, or a collection of one of them."""
    return (kind, "collection") if kind.endswith("_collection") else (kind, "value")


@pytest.mark.parametrize(
    ("source", "target", "fits"),
    [
        ("integer", "float", True),
        ("integer", "string", True),
        ("float", "string", True),
        ("boolean", "integer", True),
        ("float", "integer", False),
        ("boolean", "float", False),
        ("boolean", "string", False),
        ("string", "boolean", False),
        ("integer", "boolean", False),
        ("integer", "integer_collection", True),
        ("integer", "float_collection", False),
        ("integer_collection", "integer_collection", True),
        ("integer_collection", "float_collection", False),
        ("integer_collection", "string", False),
    ],
)
def test_what_flows_into_what(source: str, target: str, fits: bool) -> None:
    graph = Graph()
    graph.add(source, "source")
    graph.add(target, "target")
    graph.connect("source", primitive(source)[1], "target", primitive(target)[1])
    assert [problem.kind for problem in validate(graph)] == ([] if fits else ["invalid_edge"])


class TestStricterThanInvokeAI:
    def test_a_collection_into_a_single_value(self) -> None:
        graph = Graph()
        graph.add("range", "r")
        graph.add("add", "a")
        graph.connect("r", "collection", "a", "a")
        assert only(graph).message == "a.a: takes integer, but r.collection gives collection of integer"

    def test_two_edges_into_one_input(self) -> None:
        graph = Graph()
        graph.add("integer", "x")
        graph.add("integer", "y")
        graph.add("add", "a")
        graph.connect("x", "value", "a", "a")
        graph.connect("y", "value", "a", "a")
        assert only(graph).message == "a.a: takes one edge, but has 2"

    def test_an_edge_into_an_input_that_is_set_on_the_node(self) -> None:
        graph = text_to_image()
        graph.connect("positive_prompt", "value", "l2i", "board")
        assert only(graph).message == "l2i.board: is set on the node itself and takes no edge"


class TestLoops:
    def loop(self) -> Graph:
        graph = Graph()
        graph.add("range", "r")
        graph.add("iterate", "each")
        graph.connect("r", "collection", "each")
        return graph

    def test_an_iterator_without_a_collection(self) -> None:
        graph = Graph()
        graph.add("iterate", "each")
        assert only(graph).field == "collection"

    def test_a_collector_without_anything(self) -> None:
        graph = Graph()
        graph.add("collect", "all")
        assert (
            only(graph).message == "all.item: a collect node needs at least one connected item or collection"
        )

    def test_items_that_do_not_fit(self) -> None:
        graph = self.loop()
        graph.add("boolean", "flag")
        graph.connect("each", "item", "flag", "value")
        assert only(graph).node == "flag"

    def test_items_of_a_collector_that_do_not_fit(self) -> None:
        graph = Graph()
        graph.add("string", "text")
        graph.add("collect", "all")
        graph.connect("text", "value", "all", "item")
        graph.add("iterate", "each")
        graph.connect("all", "collection", "each")
        graph.add("add", "sum")
        graph.connect("each", "item", "sum", "a")
        assert only(graph).message == "sum.a: the items of all.collection do not fit"

    def test_a_collector_into_a_single_value(self) -> None:
        graph = Graph()
        graph.add("integer", "one")
        graph.add("collect", "all")
        graph.connect("one", "value", "all", "item")
        graph.add("add", "sum")
        graph.connect("all", "collection", "sum", "a")
        assert "sum.a: takes no collection, which all.collection is" in [p.message for p in validate(graph)]

    def test_prompts_collected_for_the_denoise_loop(self) -> None:
        """InvokeAI's own graphs gather conditioning, one or many, in front of the denoise node."""
        graph = text_to_image()
        for side in ("positive", "negative"):
            short = side[:3]
            graph.edges = [e for e in graph.edges if e.destination.field != f"{side}_conditioning"]
            graph.add("collect", f"{short}_cond_collect")
            graph.connect(f"{short}_cond", "conditioning", f"{short}_cond_collect", "item")
            graph.connect(f"{short}_cond_collect", "collection", "denoise_latents", f"{side}_conditioning")
        assert validate(graph) == []


class TestPolicy:
    def test_denied_nodes(self) -> None:
        graph = Graph()
        graph.add("integer", "x")
        assert (
            only(graph, deny=["integer"]).message == "x: the settings do not permit the node type 'integer'"
        )

    def test_only_allowed_nodes(self) -> None:
        graph = Graph()
        graph.add("integer", "x")
        graph.add("float", "y")
        assert only(graph, allow=["integer"]).node == "y"

    def test_the_error_lists_the_first_problems(self) -> None:
        graph = Graph()
        for number in range(5):
            graph.add("main_model_loader", f"n{number}")
        with pytest.raises(BadInputError) as caught:
            require_valid(graph)
        assert caught.value.exit_code == ExitCode.BAD_INPUT
        assert "n0.model: needs a value" in caught.value.message
        assert caught.value.message.endswith("; and 2 more.")

    def test_a_model_identifier_must_be_one(self) -> None:
        graph = Graph()
        graph.add("main_model_loader", "loader", model={"name": model_record().name})
        problem = only(graph)
        assert (problem.field, problem.message) == ("model", "loader.model.key: Field required")


def test_a_graph_in_the_shape_of_invokeais_own() -> None:
    """Node ids with a random tail, collectors before the denoise node, common keys spelled out, a foreign extra."""
    nodes: dict[str, dict[str, Any]] = {
        "seed:ab12": {"type": "integer", "value": 5},
        "positive_prompt:x": {"type": "string", "value": "a cat"},
        "sd1_model_loader:x": {
            "type": "main_model_loader",
            "model": model_record().identifier().model_dump(),
        },
        "clip_skip:x": {"type": "clip_skip", "skipped_layers": 0},
        "pos_cond:x": {"type": "compel"},
        "pos_cond_collect:x": {"type": "collect"},
        "neg_cond:x": {"type": "compel", "prompt": ""},
        "neg_cond_collect:x": {"type": "collect"},
        "noise:x": {"type": "noise", "use_cpu": True, "width": 512, "height": 512},
        "denoise_latents:x": {
            "type": "denoise_latents",
            "cfg_scale": 7.5,
            "cfg_rescale_multiplier": 0,
            "scheduler": "dpmpp_3m_k",
            "steps": 30,
            "denoising_start": 0,
            "denoising_end": 1,
            "hidiffusion": False,
            "control": None,
        },
        "canvas_output:x": {"type": "l2i", "fp32": True, "board": None, "use_cache": False},
        "core_metadata:x": {"type": "core_metadata", "generation_mode": "txt2img", "ref_images": []},
    }
    wires = """
        seed:ab12.value > noise:x.seed, seed:ab12.value > core_metadata:x.seed
        sd1_model_loader:x.unet > denoise_latents:x.unet, sd1_model_loader:x.clip > clip_skip:x.clip
        positive_prompt:x.value > pos_cond:x.prompt, positive_prompt:x.value > core_metadata:x.positive_prompt
        clip_skip:x.clip > pos_cond:x.clip, clip_skip:x.clip > neg_cond:x.clip
        pos_cond:x.conditioning > pos_cond_collect:x.item, neg_cond:x.conditioning > neg_cond_collect:x.item
        pos_cond_collect:x.collection > denoise_latents:x.positive_conditioning
        neg_cond_collect:x.collection > denoise_latents:x.negative_conditioning
        noise:x.noise > denoise_latents:x.noise, denoise_latents:x.latents > canvas_output:x.latents
        sd1_model_loader:x.vae > canvas_output:x.vae, core_metadata:x.metadata > canvas_output:x.metadata
    """
    graph = Graph.model_validate({"nodes": {key: {"id": key, **node} for key, node in nodes.items()}})
    for wire in wires.replace("\n", ",").split(","):
        if wire.strip():
            source, target = (end.strip().split(".") for end in wire.split(">"))
            graph.connect(*source, *target)
    assert validate(graph) == []
