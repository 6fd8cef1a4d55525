"""Whether long prompts are cut: said to the encoders and in the metadata only where it is not InvokeAI's way."""

from __future__ import annotations

import pytest

from invoke_tui.domain.models.records import BaseModelType
from invoke_tui.nodes.recall import request_from_metadata
from invoke_tui.nodes.recipes import Cast, build_graph
from invoke_tui.nodes.validate import validate
from tests.support.requests import model_record, resolved


@pytest.mark.parametrize("base", [BaseModelType.SD1, BaseModelType.SDXL])
def test_cutting_is_said_where_it_is_wanted(base: BaseModelType) -> None:
    cast = Cast(model_record().model_copy(update={"base": base}))
    graph = build_graph(resolved(long_prompts="truncate"), cast)
    assert validate(graph) == []
    for name in ("pos_cond", "neg_cond", "core_metadata"):
        assert graph.nodes[name].fields()["long_prompts"] == "truncate", name
    assert not any("long_prompts" in node.fields() for node in build_graph(resolved(), cast).nodes.values())


def test_it_is_recalled() -> None:
    request, problems = request_from_metadata({"long_prompts": "truncate"})
    assert (request.long_prompts, problems) == ("truncate", [])
