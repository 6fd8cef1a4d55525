"""The graph of creative upscaling is InvokeAI's: its formulas, its nodes, its metadata."""

from __future__ import annotations

from typing import Any

import pytest

from invoke_tui.domain.errors import BadInputError
from invoke_tui.domain.graph.graph import Graph
from invoke_tui.domain.models.records import BaseModelType, ModelRecord, ModelType
from invoke_tui.domain.request.creative import (
    ResolvedCreative,
    denoising_start,
    holds,
    tile_controlnet,
    tile_count,
)
from invoke_tui.nodes.recipes import Cast
from invoke_tui.nodes.recipes.creative import creative_graph
from invoke_tui.nodes.validate import require_valid
from tests.support.requests import model_record, resolved
from tests.tui.fake_pictures import a_picture

UPSCALER = model_record(key="up", name="up", base=BaseModelType.ANY, type=ModelType.SPANDREL)


def controlnet(name: str, base: BaseModelType = BaseModelType.SD1, **changes: Any) -> ModelRecord:
    return model_record(
        key=name, name=name, base=base, type=ModelType.CONTROLNET, path=f"/m/{name}", **changes
    )


def graph_of(main: ModelRecord, *controls: ModelRecord, **changes: Any) -> Graph:
    fields = {"scale": 2, "upscaler_tile_size": 512, "creativity": 0, "structure": 0}
    fields |= {"tile_size": 1024, "tile_overlap": 128}
    creative = ResolvedCreative.model_validate(fields | changes)
    request = resolved(positive_prompt="a fox", width=1024, height=1024, seed=7, cfg_scale=2.0)
    return creative_graph(
        request, creative, Cast(main, upscaler=UPSCALER, controls=controls), a_picture("fox.png", 512, 384)
    )


def test_invokeais_formulas() -> None:
    assert [denoising_start(creativity) for creativity in (-10, 0, 10)] == [0.998, 0.499, 0]
    first, second = holds(0)
    assert (first.weight, first.begin, first.end) == (0.625, 0, 0.55)
    assert (second.weight, second.begin, second.end) == (0.21375, 0.55, 0.85)
    assert [one.weight for one in holds(10)] == [0.95, 0.36]
    assert [one.end for one in holds(-10)] == [0.3, 0.85]
    assert [tile_count(*size, 1024, 128) for size in ((1024, 1024), (2048, 1536), (8192, 8192))] == [1, 6, 81]


@pytest.mark.parametrize("base", [BaseModelType.SD1, BaseModelType.SD2, BaseModelType.SDXL])
def test_the_graph(base: BaseModelType) -> None:
    graph = graph_of(model_record(base=base), controlnet("tile", base), creativity=5, structure=-2)
    require_valid(graph)
    fields = {name: node.fields() for name, node in graph.nodes.items()}
    draws = fields["denoise_latents"]
    assert graph.nodes["denoise_latents"].type == "tiled_multi_diffusion_denoise_latents"
    assert (draws["tile_width"], draws["tile_height"], draws["tile_overlap"]) == (1024, 1024, 128)
    assert draws["denoising_start"] == 0.2495
    assert fields["upscale"]["fit_to_multiple_of_8"]
    assert (fields["unsharp_mask"]["radius"], fields["unsharp_mask"]["strength"]) == (2, 60)
    assert fields["i2l"]["tiled"]
    assert fields["l2i"]["tiled"]
    assert [fields[f"controlnet_{number}"]["control_weight"] for number in (1, 2)] == [0.56, 0.1845]
    known = fields["core_metadata"]
    assert (known["creativity"], known["structure"], known["tile_size"], known["tile_overlap"]) == (
        5, -2, 1024, 128
    )  # fmt: skip
    assert known["upscale_initial_image"] == {"image_name": "fox.png", "width": 512, "height": 384}
    assert (known["upscale_scale"], known["upscale_model"]["name"]) == (2, "up")
    assert known["upscale_control_model"]["name"] == "tile"
    without = graph_of(model_record(base=base))
    require_valid(without)
    assert "upscale_control_model" not in without.nodes["core_metadata"].fields()


@pytest.mark.parametrize("base", [BaseModelType.SD3, BaseModelType.FLUX, BaseModelType.SDXL_REFINER])
def test_families_that_draw_no_tiles_are_refused_with_the_reason(base: BaseModelType) -> None:
    with pytest.raises(BadInputError, match="cannot draw a picture in tiles") as refused:
        graph_of(model_record(base=base))
    assert "Stable Diffusion 1, 2 or XL" in refused.value.hint


def test_a_controlnet_of_another_family_is_refused() -> None:
    with pytest.raises(BadInputError, match="is for sdxl models"):
        graph_of(model_record(), controlnet("tile", BaseModelType.SDXL))


def test_the_tile_controlnet_is_found_by_its_name() -> None:
    models = [controlnet("a"), controlnet("Union Pro"), controlnet("gone-tile", missing=True)]
    models.append(controlnet("tile-xl", BaseModelType.SDXL))
    found = tile_controlnet(models, BaseModelType.SD1)
    assert found is not None
    assert found.name == "Union Pro", "one that knows several kinds of picture will do"
    assert tile_controlnet([*models, controlnet("z-Tile")], BaseModelType.SD1) == controlnet("z-Tile")
    assert tile_controlnet(models, BaseModelType.SD2) is None
