"""Our nodes are InvokeAI's: type ids, versions, fields, defaults, bounds and outputs, as recorded from it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import annotated_types
import pytest
from pydantic_core import PydanticUndefined

from invoke_tui.nodes.base import Invocation, input_kind
from invoke_tui.nodes.registry import find, node, node_types, output_types

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "declarations.json").read_text())
OURS = {"long_prompts", "union", "flux_ip_adapter.mask"}
"""Inputs that InvokeAI's nodes do not have. By default they are what InvokeAI does, and graphs leave them out then."""
OUR_NODES = {
    "semantic_segmentation", "tile_resample", "seed_variance", "flux_seed_variance", "sd3_seed_variance",
}  # fmt: skip
"""Nodes that InvokeAI does not have."""
FOREIGN_METADATA = {"core_metadata"}  # keys of other families pass through undeclared


def inputs_of(cls: type[Invocation]) -> dict[str, Any]:
    ours = OURS | {name.rpartition(".")[2] for name in OURS if name.startswith(f"{cls.spec.type}.")}
    return {name: field for name, field in cls.inputs().items() if name not in ours}


def node_class(type_id: str) -> type[Invocation]:
    cls = find(type_id)
    assert cls is not None
    return cls


@pytest.mark.parametrize("type_id", sorted(RECORDED["nodes"]))
class TestAgainstRecordedDeclarations:
    def test_version_category_and_output(self, type_id: str) -> None:
        cls, recorded = node_class(type_id), RECORDED["nodes"][type_id]
        assert cls.spec.version == recorded["version"]
        assert cls.spec.category == recorded["category"]
        assert cls.spec.classification == recorded["classification"]
        assert cls.output_class.type_id == recorded["output"]

    def test_inputs(self, type_id: str) -> None:
        cls, recorded = node_class(type_id), RECORDED["nodes"][type_id]["inputs"]
        declared = set(inputs_of(cls)) | set(cls.dormant)
        if type_id in FOREIGN_METADATA:
            assert declared <= set(recorded)
        else:
            assert declared == set(recorded)
        for name, field in inputs_of(cls).items():
            assert input_kind(field) == recorded[name].get("input", "any"), name

    def test_defaults(self, type_id: str) -> None:
        cls, recorded = node_class(type_id), RECORDED["nodes"][type_id]["inputs"]
        for name, field in inputs_of(cls).items():
            if field.is_required():
                assert recorded[name].get("required"), name
            else:
                default = field.get_default(call_default_factory=True, validated_data={})
                assert default is not PydanticUndefined
                assert default == recorded[name].get("default"), name

    def test_bounds_are_no_wider(self, type_id: str) -> None:
        cls, recorded = node_class(type_id), RECORDED["nodes"][type_id]["inputs"]
        for name, field in inputs_of(cls).items():
            bounds = {type(bound): bound for bound in field.metadata}
            wanted = recorded[name]
            if "minimum" in wanted:
                assert bounds[annotated_types.Ge] == annotated_types.Ge(wanted["minimum"]), name
            if "maximum" in wanted:
                assert bounds[annotated_types.Le] == annotated_types.Le(wanted["maximum"]), name
            if "exclusiveMinimum" in wanted:
                assert bounds[annotated_types.Gt] == annotated_types.Gt(wanted["exclusiveMinimum"]), name
            if "multipleOf" in wanted:
                assert bounds[annotated_types.MultipleOf] == annotated_types.MultipleOf(
                    wanted["multipleOf"]
                ), name


def test_outputs_have_the_recorded_fields() -> None:
    for type_id, fields in RECORDED["outputs"].items():
        assert sorted(output_types()[type_id].model_fields) == fields, type_id


def test_every_node_is_checked() -> None:
    assert set(node_types()) == set(RECORDED["nodes"]) | OUR_NODES


def test_two_nodes_of_one_type_are_refused() -> None:
    with pytest.raises(ValueError, match="two nodes are called 'add'"):
        node("add", title="Again", version="1.0.0", category="math")(node_class("add"))


def test_nodes_bring_in_no_torch() -> None:
    code = (
        "import sys, invoke_tui.nodes.recipes as r, invoke_tui.nodes.recall, invoke_tui.nodes.batch, "
        "invoke_tui.nodes.validate as v, invoke_tui.nodes.execution, invoke_tui.nodes.registry as n; "
        "n.node_types(); r.supported_bases(); "
        "print([m for m in ('torch', 'numpy', 'PIL', 'diffusers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_guide_lists_every_node() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "nodes.md").read_text()
    assert [type_id for type_id in node_types() if f"`{type_id}`" not in guide] == []
